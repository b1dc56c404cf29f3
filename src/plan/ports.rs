//! What the client ports of a node show, by its `cassandra.yaml`.

use super::step::Wire;
use crate::facts::NodeFacts;
use crate::facts::policy::{Policy, Row};
use crate::facts::suites::Protocol;
use crate::facts::version::Version;
use crate::formats::yaml;
use crate::input::options::OptionKey;
use std::collections::BTreeSet;

/// What a keystore serves, by SHA-256 in lowercase hex.
#[derive(Clone, Debug)]
pub struct Served {
    pub leaf: String,
    /// Those behind it that are looked for.
    pub issuers: BTreeSet<String>,
}

/// Each client port once the node runs with these options. `served`: what its keystore serves, if known.
pub fn wires(options: &ClientOptions, facts: &NodeFacts, served: Option<Served>) -> Vec<Wire> {
    // Before 4.0 nothing in the file limits them.
    let is_limited = facts.flavour.apache_base(facts.version) >= Version::new(4, 0, 0);
    let served = |policy: Policy| served.clone().filter(|_| policy.accepts_tls());
    let wire = |(port, policy): (u16, Policy)| Wire {
        port,
        plaintext: policy.accepts_plaintext(),
        tls: policy.accepts_tls(),
        certificate: served(policy).map(|served| served.leaf),
        issuers: served(policy).map(|served| served.issuers).unwrap_or_default(),
        client_certificate: policy.accepts_tls() && options.require_client_auth,
        protocols: if policy.accepts_tls() && is_limited {
            options.protocols.clone()
        } else {
            BTreeSet::new()
        },
        suites: if policy.accepts_tls() { options.suites.clone() } else { BTreeSet::new() },
    };
    options.row(facts).ports().into_iter().map(wire).collect()
}

/// What of a `cassandra.yaml` decides what its client ports show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    pub enabled: bool,
    pub optional: Option<bool>,
    pub require_client_auth: bool,
    pub keystore: String,
    pub truststore: String,
    pub port_ssl: Option<u16>,
    /// `accepted_protocols`, and `protocol` if it names a version, which counts beside them or alone
    /// (`AbstractSslContextFactory.getAcceptedProtocols`; measured). Empty where one has a name that is not known here.
    pub protocols: BTreeSet<Protocol>,
    /// `cipher_suites`. Empty: whatever the node's Java and its libraries have.
    pub suites: BTreeSet<String>,
}

/// `EncryptionOptions.java`: relative to where Cassandra was started.
pub(super) const DEFAULT_KEYSTORE: &str = "conf/.keystore";
pub(super) const DEFAULT_TRUSTSTORE: &str = "conf/.truststore";

/// A flag; in 6.0 also a word, of which `optional` asks for a certificate and does without.
fn demands_certificates(written: &yaml::Node) -> bool {
    let is_word = written.as_str().is_some_and(|word| word.eq_ignore_ascii_case("required"));
    is_word || yaml::as_bool_1_1(written) == Some(true)
}

impl ClientOptions {
    /// Reads them out of a file, with Cassandra's defaults for what it does not say.
    pub fn of(root: Option<&yaml::Node>) -> ClientOptions {
        let option = |key: OptionKey| root?.get("client_encryption_options")?.get(key.key());
        let flag = |key| option(key).and_then(yaml::as_bool_1_1);
        let path =
            |key, default: &str| option(key).and_then(yaml::Node::as_str).unwrap_or(default).to_owned();
        let port = root.and_then(|root| root.get("native_transport_port_ssl"));
        ClientOptions {
            enabled: flag(OptionKey::Enabled).unwrap_or(false),
            optional: flag(OptionKey::Optional),
            require_client_auth: option(OptionKey::RequireClientAuth).is_some_and(demands_certificates),
            keystore: path(OptionKey::Keystore, DEFAULT_KEYSTORE),
            truststore: path(OptionKey::Truststore, DEFAULT_TRUSTSTORE),
            protocols: accepted(option(OptionKey::AcceptedProtocols), option(OptionKey::Protocol)),
            suites: names(option(OptionKey::CipherSuites)),
            port_ssl: port.and_then(yaml::as_integer_1_1).and_then(|port| u16::try_from(port).ok()),
        }
    }

    /// What the TLS port accepts.
    pub fn policy(&self, facts: &NodeFacts) -> Policy {
        let Row { version, enabled, optional, keystore_stands, .. } = self.row(facts);
        Policy::of_file(version, enabled, optional, keystore_stands)
    }

    /// What decides it on this node.
    pub fn row(&self, facts: &NodeFacts) -> Row {
        Row {
            version: facts.flavour.apache_base(facts.version),
            enabled: self.enabled,
            optional: self.optional,
            keystore_stands: facts.files.get(&self.keystore).is_some_and(Option::is_some),
            port: facts.native.port,
            port_ssl: self.port_ssl,
        }
    }

    /// What the ports take, and the row of the truth table that says so.
    pub fn told(&self, facts: &NodeFacts) -> String {
        let Row { version, enabled, optional, keystore_stands, .. } = self.row(facts);
        let row = Policy::row(version, enabled, optional, keystore_stands);
        let policy = self.policy(facts);
        let certificate = match policy {
            Policy::Tls if self.require_client_auth => ", with a client certificate",
            Policy::Either if self.require_client_auth => ", a client certificate in TLS",
            Policy::Tls | Policy::Either | Policy::Plaintext => "",
        };
        let port = facts.native.port;
        match self.port_ssl.filter(|ssl| *ssl != port) {
            Some(ssl) => format!("plaintext on {port}, {policy} on {ssl}{certificate} ({row})"),
            None => format!("{policy}{certificate} ({row})"),
        }
    }
}

fn accepted(list: Option<&yaml::Node>, protocol: Option<&yaml::Node>) -> BTreeSet<Protocol> {
    let items: &[yaml::Node] = match list.map(|list| &list.value) {
        Some(yaml::Value::Sequence(items)) => items,
        Some(yaml::Value::Scalar { .. } | yaml::Value::Mapping(_) | yaml::Value::Alias(_)) | None => &[],
    };
    let own = protocol.filter(|protocol| !yaml::is_null(protocol)).and_then(yaml::Node::as_str);
    let own = own.filter(|name| !name.eq_ignore_ascii_case("TLS"));
    let names = items.iter().map(yaml::Node::as_str).chain(own.map(Some));
    names.map(|name| name.and_then(Protocol::of_java)).collect::<Option<_>>().unwrap_or_default()
}

fn names(list: Option<&yaml::Node>) -> BTreeSet<String> {
    let Some(yaml::Value::Sequence(items)) = list.map(|list| &list.value) else { return BTreeSet::new() };
    items.iter().filter_map(yaml::Node::as_str).map(str::to_owned).collect()
}
