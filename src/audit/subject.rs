//! What a rule looks at: one node, its file read, its stores opened.

use super::mode::Mode;
use super::opened::{Opened, open};
use super::{Look, Policy, PortLook, Seen, ServedLook};
use crate::facts::internode::Internode;
use crate::formats::certificate::Certificate;
use crate::formats::yaml;
use crate::plan::internode;
use crate::plan::ports::ClientOptions;
use crate::plan::step::StoreName;
use jiff::Timestamp;
use std::time::Duration;

pub struct Subject<'a> {
    pub look: &'a Look,
    pub seen: &'a Seen,
    /// By the clock of the node.
    pub now: Timestamp,
    pub expiry_warning: Duration,
    pub root: Option<yaml::Node>,
    pub options: ClientOptions,
    pub keystore: Option<Opened>,
    pub truststore: Option<Opened>,
    /// By the file, wherever the node is.
    pub internode: Internode,
    /// Of a node that takes TLS from others.
    pub internode_keystore: Option<Opened>,
    pub internode_truststore: Option<Opened>,
}

impl<'a> Subject<'a> {
    pub fn of(look: &'a Look, seen: &'a Seen, policy: Policy) -> Subject<'a> {
        let root = yaml::parse(seen.facts.yaml.text.expose()).ok().flatten();
        let options = ClientOptions::of(root.as_ref());
        let section = root.as_ref().and_then(|root| root.get("client_encryption_options"));
        let opened = |role, path: &str| open(section, role, path, seen);
        let of_nodes = root.as_ref().and_then(|root| root.get("server_encryption_options"));
        let internode_options = internode::of_file(&seen.facts, root.as_ref());
        let of_nodes = of_nodes.filter(|_| internode_options.takes_tls());
        let opened_of_nodes = |role, path: &str| open(Some(of_nodes?), role, path, seen);
        let [keystore_of_nodes, truststore_of_nodes] = internode::stores(root.as_ref());
        let now_s = policy.now.as_second() + seen.facts.clock_offset_s;
        Subject {
            look,
            seen,
            now: Timestamp::from_second(now_s).unwrap_or(policy.now),
            expiry_warning: policy.expiry_warning,
            keystore: opened(StoreName::Keystore, &options.keystore),
            truststore: opened(StoreName::Truststore, &options.truststore),
            options,
            internode_keystore: opened_of_nodes(StoreName::Keystore, &keystore_of_nodes),
            internode: internode_options,
            internode_truststore: opened_of_nodes(StoreName::Truststore, &truststore_of_nodes),
            root,
        }
    }

    /// The port that serves TLS where any does: `native_transport_port_ssl` if there is one.
    pub fn tls_port(&self) -> u16 {
        self.seen.facts.native.port_ssl.unwrap_or(self.seen.facts.native.port)
    }

    pub fn wire(&self) -> Option<&PortLook> {
        self.seen.ports.get(&self.tls_port()).filter(|port| port.open)
    }

    /// What its file makes of the TLS port, once it is read.
    pub fn mode_by_file(&self) -> Mode {
        Mode::of_file(self.options.policy(&self.seen.facts), self.options.require_client_auth)
    }

    /// What clients meet; none where nothing is served.
    pub fn mode_on_wire(&self) -> Option<Mode> {
        self.wire().and_then(Mode::of_wire)
    }

    pub fn served(&self) -> Option<&ServedLook> {
        self.wire()?.served.as_ref()
    }

    pub fn served_leaf(&self) -> Option<&Certificate> {
        self.served()?.chain.first()
    }

    pub fn leaf_on_disk(&self) -> Option<&Certificate> {
        self.keystore.as_ref()?.store()?.leaf()
    }

    /// Whether the file takes TLS, so that its keystore counts.
    pub fn wants_tls(&self) -> bool {
        self.options.policy(&self.seen.facts).accepts_tls()
    }

    /// Whether the command line goes before this section or setting of the file.
    pub fn is_overruled(&self, setting: &str) -> bool {
        let is_it = |property: &String| {
            property.strip_prefix("cassandra.settings.").is_some_and(|path| path.starts_with(setting))
        };
        self.seen.overruled.iter().any(is_it)
    }

    /// Whole days until then; negative once it is past.
    pub fn days_until(&self, end: Timestamp) -> i64 {
        const DAY_S: i64 = 86_400;
        (end.as_second() - self.now.as_second()).div_euclid(DAY_S)
    }

    pub fn internode_port(&self) -> u16 {
        self.seen.facts.internode_tls_port()
    }

    pub fn internode_wire(&self) -> Option<&PortLook> {
        self.seen.ports.get(&self.internode_port())
    }

    /// Where other nodes meet plaintext: the same port since 4.0.
    pub fn internode_plain_wire(&self) -> Option<&PortLook> {
        self.seen.ports.get(&self.seen.facts.storage.port)
    }
}
