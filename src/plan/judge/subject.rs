//! What a rule looks at: a store by itself, or a store on its way to a node.

use super::super::generation::Generation;
use super::super::material::{ClientTruststore, Standing, StoreKey};
use super::super::ports::ClientOptions;
use super::super::step::StoreName;
use super::trusted::{Anchors, Seen, Shown};
use crate::facts::NodeFacts;
use crate::facts::placement::Member;
use crate::formats::certificate::Certificate;
use crate::formats::store::Store;
use crate::formats::yaml;
use crate::input::internode;
use crate::input::inventory::Node;
use crate::input::options::{OptionKey, Setting};
use crate::input::settings::Settings;
use crate::secret::Secret;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

/// A store, whoever gets it.
pub struct Lone<'a> {
    pub store: &'a Store,
    pub role: StoreName,
    /// By the clock of the node that will use it.
    pub now: Timestamp,
    pub expiry_warning: Duration,
    pub allow_expired: bool,
    /// That a root has ended is known, and nodes may be given what it signed.
    pub accept_expired_ca: bool,
    /// Whether clients have to show a certificate; unknown for a store that is looked at by itself.
    pub asks_clients: Option<bool>,
}

impl Lone<'_> {
    /// The certificates that a server shows with this store: of every key, its own first.
    pub fn shown(&self) -> impl Iterator<Item = &Certificate> {
        let is_keystore = self.role.is_keystore();
        self.store.keys.iter().filter(move |_| is_keystore).flat_map(|key| &key.chain)
    }

    /// The certificate of the only key.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.store.leaf().filter(|_| self.role.is_keystore())
    }
}

/// A store that the playbook brings to a node, or makes its Cassandra use as it stands there.
pub struct OnNode<'a> {
    pub lone: Lone<'a>,
    pub node: &'a Node,
    pub seen: &'a NodeFacts,
    pub member: Option<&'a Member>,
    pub phase_index: usize,
    /// Those in which the node has it.
    pub phases: Range<usize>,
    /// The phase that brings it; none for what `stores` has from the beginning.
    pub phase: Option<&'a str>,
    /// Where it was read.
    pub file: &'a str,
    pub is_brought: bool,
    pub sha256: &'a str,
    /// Where it goes, or stands.
    pub path: String,
    pub password: Option<&'a Secret>,
    /// Whom clients are known to trust.
    pub client_truststores: &'a [ClientTruststore],
    /// The truststore that comes with a keystore.
    pub truststore: Option<&'a Store>,
    pub before: Before<'a>,
    /// Of a keystore: whom other nodes that speak TLS to nodes trust between nodes today, subjects by fingerprint.
    pub others_trust: Vec<&'a BTreeMap<String, String>>,
    /// Whether any node of the playbook gets another keystore between nodes than it has.
    pub internode_leaves_change: bool,
    /// What the node shows once the phase is done.
    pub shows_with_it: Option<Shown<'a>>,
    pub on: &'a Target<'a>,
}

/// What a node has until a phase comes, as far as it is known.
pub struct Before<'a> {
    pub trusts: Option<Anchors<'a>>,
    pub shows: Option<Shown<'a>>,
}

/// A node and what its `cassandra.yaml` says now and is to say.
pub struct Target<'a> {
    pub node: &'a Node,
    pub seen: &'a NodeFacts,
    pub root: Option<yaml::Node>,
    pub now: ClientOptions,
    pub generation: Generation,
    /// What its client ports show today.
    pub shows: Seen,
    /// Of each phase, the options once it is done.
    pub wishes: &'a [Wish],
    /// The same of the port between nodes, by dotted path; empty before the first phase that has `internode`.
    pub internode: &'a [Settings],
    /// The stores that `stores` has in each phase.
    pub brought: &'a BTreeSet<(usize, StoreName)>,
    /// Those that phases name without bringing them.
    pub standing: &'a BTreeMap<StoreKey, Standing>,
    /// The first phase that is not past.
    pub first: usize,
}

/// What a playbook says of `client_encryption_options`.
pub type Wish = BTreeMap<OptionKey, Setting>;

impl Target<'_> {
    /// Whether TLS is on once the phase is done.
    pub fn is_on(&self, phase: usize) -> bool {
        self.flag(phase, OptionKey::Enabled, self.now.enabled)
            || self.flag(phase, OptionKey::Optional, self.now.optional == Some(true))
    }

    /// Whether clients have to show a certificate once the phase is done.
    pub fn asks_clients(&self, phase: usize) -> bool {
        self.flag(phase, OptionKey::RequireClientAuth, self.now.require_client_auth)
    }

    fn flag(&self, phase: usize, key: OptionKey, now: bool) -> bool {
        self.wishes[phase].get(&key).map_or(now, |setting| *setting == Setting::Bool(true))
    }

    /// An option as it stands in the file once the phase is done: what the playbook says, or else what is there.
    pub fn option(&self, phase: usize, key: OptionKey) -> Option<String> {
        match self.wishes[phase].get(&key) {
            Some(Setting::Map(entries)) => entries.iter().find_map(|(name, value)| match value {
                Setting::Text(class) if name == "class_name" => Some(class.clone()),
                _ => None,
            }),
            Some(setting) => Some(setting.to_string()),
            None => self.written("client_encryption_options", key),
        }
    }

    /// The same of the port between nodes.
    fn internode_option(&self, phase: usize, key: OptionKey) -> Option<String> {
        let said = self.internode[phase].get(&format!("{}.{}", internode::SECTION, key.key()));
        said.map(|said| said.value.to_string()).or_else(|| self.written(internode::SECTION, key))
    }

    fn written(&self, section: &str, key: OptionKey) -> Option<String> {
        let written = self.root.as_ref()?.get(section)?.get(key.key())?;
        written.as_str().or_else(|| written.get("class_name")?.as_str()).map(Into::into)
    }
}

impl<'a> OnNode<'a> {
    /// Whether it stands on the node already.
    pub fn stands(&self) -> bool {
        let stands = self.seen.files.get(&self.path).and_then(Option::as_ref);
        stands.is_some_and(|file| file.sha256 == self.sha256)
    }

    /// An option of the section that names the store, in every phase that uses it, each value once.
    pub fn option(&self, key: OptionKey) -> BTreeSet<Option<String>> {
        self.used_in().map(|phase| self.option_in(phase, key)).collect()
    }

    /// The phases in which the node's Cassandra opens the store.
    pub fn used_in(&self) -> impl Iterator<Item = usize> + '_ {
        let is_used = |phase: &usize| match self.lone.role.is_internode() {
            true => !self.on.internode[*phase].is_empty(),
            false => self.on.is_on(*phase),
        };
        self.phases.clone().filter(is_used)
    }

    pub fn option_in(&self, phase: usize, key: OptionKey) -> Option<String> {
        match self.lone.role.is_internode() {
            true => self.on.internode_option(phase, key),
            false => self.on.option(phase, key),
        }
    }

    /// What a node with this keystore shows, leaf first.
    pub fn chain(&self) -> Option<&'a [Certificate]> {
        self.lone.store.only_chain().filter(|_| self.lone.role.is_keystore())
    }

    /// Where clients reach the node: what the ring tells them (`broadcast_rpc_address`, or else `rpc_address`).
    pub fn client_address(&self) -> Option<IpAddr> {
        let told = self.member.map(|member| member.rpc_address.as_str());
        let parsed = [told, Some(&self.seen.native.address)]
            .into_iter()
            .flatten()
            .filter_map(|text| text.parse().ok());
        parsed.into_iter().find(|address: &IpAddr| !address.is_unspecified())
    }

    /// That one, and those that its file has for clients, but for one that stands for any and those of the node alone.
    pub fn client_addresses(&self) -> BTreeSet<IpAddr> {
        let written = self.written_for_clients().into_iter().filter_map(|text| text.parse().ok());
        let written = written.filter(|address: &IpAddr| !address.is_unspecified() && !address.is_loopback());
        self.client_address().into_iter().chain(written).collect()
    }

    /// The names of hosts by which the inventory and its file reach it.
    pub fn client_hosts(&self) -> BTreeSet<&str> {
        let named = self.written_for_clients().into_iter().chain([self.node.address.as_str()]);
        named.filter(|host| host.parse::<IpAddr>().is_err() && *host != "localhost").collect()
    }

    fn written_for_clients(&self) -> Vec<&str> {
        let written = |key| self.on.root.as_ref()?.get(key)?.as_str();
        ["rpc_address", "broadcast_rpc_address"].into_iter().filter_map(written).collect()
    }
}
