//! One thing to do on one node, fully decided: plain data, with one sentence for each.

mod pause;

use crate::facts::suites::Protocol;
pub use crate::input::entry::ClientsMust;
use crate::input::playbook::KeepAvailable;
use crate::input::playbook::{OptionKey, Setting};
pub use crate::input::stores::StoreName;
pub use pause::{Asks, Before, ClientsWish, Pause};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Puts a store at its path, atomically; what stood there is kept.
    PushStore(PushStore),
    /// Sets exactly these options in the node's `cassandra.yaml`; the file that stood there is kept.
    EditYaml(EditYaml),
    /// Waits until every gate passes, `looks` times in a row.
    Hold(Hold),
    /// disablebinary, clients leave, drain, stop, start: one job on the node that outlives the connection.
    Restart(Restart),
    /// `nodetool reloadssl`: the process takes up the new contents of these stores; no client is dropped.
    Reload(Reload),
    /// Puts a file back as it stood before a run, out of the copy that the run kept on the node.
    RestoreFile(RestoreFile),
    /// Tells the node that its change was seen to be healthy.
    Confirm,
    /// Waits between two waves, for the cluster as a whole; it stands in a wave of its own and on no node.
    Pause(Pause),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PushStore {
    pub store: StoreName,
    pub path: String,
    /// SHA-256 of what is there when the plan is made. `None`: nothing.
    pub was: Option<String>,
    /// SHA-256 of what is pushed.
    pub becomes: String,
    /// Owner and group of the file, `user:group`.
    pub owner: String,
    pub mode: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EditYaml {
    /// The file behind its links.
    pub path: String,
    pub was: String,
    pub becomes: String,
    #[schemars(with = "Vec<(YamlPath, serde_json::Value)>")]
    pub set: Vec<(YamlPath, Setting)>,
}

/// What in `cassandra.yaml` is set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum YamlPath {
    ClientEncryption(#[schemars(with = "String")] OptionKey),
    NativeTransportPortSsl,
    /// Any other, its keys joined by dots.
    Setting(String),
}

impl YamlPath {
    /// The keys from the top of the file down.
    pub fn keys(&self) -> Vec<String> {
        match self {
            YamlPath::ClientEncryption(key) => vec!["client_encryption_options".into(), key.key().into()],
            YamlPath::NativeTransportPortSsl => vec!["native_transport_port_ssl".into()],
            YamlPath::Setting(path) => path.split('.').map(str::to_owned).collect(),
        }
    }
}

impl fmt::Display for YamlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.keys().join("."))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Restart {
    pub clients_s: u64,
    pub drain_s: u64,
    pub stop_s: u64,
    pub start_s: u64,
    /// The node puts its old files back by itself where Cassandra does not answer and the run gave no sign of life for so
    /// long. `None`: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heal_s: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reload {
    /// What was pushed before it; where the node refuses one, all of them are put back as they were.
    pub stores: Vec<PushStore>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestoreFile {
    /// The store that it is; `None`: `cassandra.yaml`.
    pub store: Option<StoreName>,
    pub path: String,
    /// The copy on the node.
    pub backup: String,
    /// SHA-256 of what stands there before. `None`: nothing.
    pub was: Option<String>,
    /// SHA-256 of the copy. `None`: there was no file, so it is removed.
    pub becomes: Option<String>,
}

/// What a step makes of a file: its SHA-256 before and after; `None` where nothing stands.
pub struct Write<'a> {
    pub path: &'a str,
    pub was: Option<&'a str>,
    pub becomes: Option<&'a str>,
    /// `None`: `cassandra.yaml`.
    pub store: Option<StoreName>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    pub gates: Vec<Gate>,
    /// How many looks in a row must pass.
    pub looks: u32,
    pub deadline_s: u64,
    /// Keep looking at least this long; a canary is watched longer than the nodes after it.
    pub at_least_s: u64,
}

/// A question about the ring or a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    CanBeSpared {
        #[schemars(with = "String")]
        keep: KeepAvailable,
    },
    NodeIsUp,
    CqlAnswers,
    WireIsRight(Wire),
    InternodeIsRight(InternodeWish),
    PeersSeeItUp,
    SchemaAgrees,
    ClientsReady(ClientsWish),
    OfferIsRight(Offer),
}

/// What a port may agree to. What is empty is not asked: it is whatever the node's Java and its libraries have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offer {
    pub port: u16,
    pub protocols: BTreeSet<Protocol>,
    /// Cipher suites of TLS 1.2 and before, by Java's names.
    pub suites: BTreeSet<String>,
}

/// What a node must take from other nodes, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InternodeWish {
    pub port: u16,
    /// For TLS alone, before 4.0; `port` takes both since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_port: Option<u16>,
    pub plaintext: bool,
    pub tls: bool,
    /// SHA-256 of the leaf certificate that TLS must serve.
    pub certificate: Option<String>,
}

/// What the client port must show to whoever connects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wire {
    pub port: u16,
    pub plaintext: bool,
    pub tls: bool,
    /// SHA-256 of the leaf certificate that TLS must serve.
    pub certificate: Option<String>,
    /// SHA-256 of what it must serve behind the leaf.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub issuers: BTreeSet<String>,
    /// TLS clients must show a certificate.
    pub client_certificate: bool,
    /// As in [`Offer`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub protocols: BTreeSet<Protocol>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub suites: BTreeSet<String>,
}

impl Wire {
    /// What is asked of the port after a restart or a reload.
    pub fn gates(self) -> impl Iterator<Item = Gate> {
        let (protocols, suites) = (self.protocols.clone(), self.suites.clone());
        let asks = !protocols.is_empty() || !suites.is_empty();
        let offer = Gate::OfferIsRight(Offer { port: self.port, protocols, suites });
        [Gate::WireIsRight(self)].into_iter().chain(asks.then_some(offer))
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port {}: ", self.port)?;
        if !self.tls {
            return f.write_str("plaintext");
        }
        match &self.certificate {
            Some(sha256) => write!(f, "serves {}", sha256.get(..16).unwrap_or(sha256))?,
            None => f.write_str("serves TLS")?,
        }
        f.write_str(if self.plaintext { ", accepts plaintext" } else { ", refuses plaintext" })?;
        f.write_str(if self.client_certificate { ", demands a client certificate" } else { "" })
    }
}

impl fmt::Display for InternodeWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let served = match &self.certificate {
            Some(sha256) if self.tls => format!("serves {}", sha256.get(..16).unwrap_or(sha256)),
            None if self.tls => "serves TLS".into(),
            Some(_) | None => "no TLS".into(),
        };
        let plaintext = if self.plaintext { "accepts plaintext" } else { "refuses plaintext" };
        match self.tls_port {
            Some(tls_port) => write!(f, "port {tls_port}: {served}, port {}: {plaintext}", self.port),
            None => write!(f, "port {}: {served}, {plaintext}", self.port),
        }
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocols = self.protocols.iter().map(ToString::to_string);
        let accepted: Vec<String> = protocols.chain(self.suites.iter().cloned()).collect();
        write!(f, "port {}: agrees to {} alone", self.port, accepted.join(", "))
    }
}

impl Gate {
    /// What it wants a port to show, if that is its question.
    pub fn wire(&self) -> Option<&Wire> {
        match self {
            Gate::WireIsRight(wire) => Some(wire),
            Gate::CanBeSpared { .. }
            | Gate::NodeIsUp
            | Gate::CqlAnswers
            | Gate::InternodeIsRight(_)
            | Gate::PeersSeeItUp
            | Gate::SchemaAgrees
            | Gate::ClientsReady(_)
            | Gate::OfferIsRight(_) => None,
        }
    }

    /// The question, as it is asked.
    pub fn question(&self) -> &'static str {
        match self {
            Gate::CanBeSpared { .. } => "can the node be spared?",
            Gate::NodeIsUp => "is the new process up?",
            Gate::CqlAnswers => "does CQL answer?",
            Gate::WireIsRight(_) => "does the wire serve what was pushed?",
            Gate::InternodeIsRight(_) => "does the port between nodes take what it should?",
            Gate::PeersSeeItUp => "do its peers see it up?",
            Gate::SchemaAgrees => "is there one schema version?",
            Gate::ClientsReady(_) => "are clients ready?",
            Gate::OfferIsRight(_) => "does the port agree to nothing but what is accepted?",
        }
    }
}

impl Step {
    /// What an operator reads while it runs.
    pub fn sentence(&self) -> String {
        match self {
            Step::PushStore(push) => format!("push the {} to {}", push.store, push.path),
            Step::EditYaml(edit) => format!("edit {}", edit.path),
            Step::Hold(hold) if hold.gates.iter().any(|gate| matches!(gate, Gate::CanBeSpared { .. })) => {
                "wait until the node can be spared".into()
            }
            Step::Hold(_) => "wait until the node is healthy".into(),
            Step::Restart(_) => "restart Cassandra".into(),
            Step::Reload(_) => "have Cassandra reload its stores".into(),
            Step::RestoreFile(restore) if restore.becomes.is_none() => format!("remove {}", restore.path),
            Step::RestoreFile(restore) => format!("put {} back", restore.path),
            Step::Confirm => "confirm the change".into(),
            Step::Pause(pause) => pause.to_string(),
        }
    }

    /// Whether it leaves something different on the node.
    pub fn changes_the_node(&self) -> bool {
        match self {
            Step::PushStore(_)
            | Step::EditYaml(_)
            | Step::Restart(_)
            | Step::Reload(_)
            | Step::RestoreFile(_) => true,
            Step::Hold(_) | Step::Confirm | Step::Pause(_) => false,
        }
    }

    /// The file that it replaces, if it does.
    pub fn writes(&self) -> Option<Write<'_>> {
        match self {
            Step::PushStore(push) => Some(Write {
                path: &push.path,
                was: push.was.as_deref(),
                becomes: Some(&push.becomes),
                store: Some(push.store),
            }),
            Step::EditYaml(edit) => Some(Write {
                path: &edit.path,
                was: Some(&edit.was),
                becomes: Some(&edit.becomes),
                store: None,
            }),
            Step::RestoreFile(restore) => Some(Write {
                path: &restore.path,
                was: restore.was.as_deref(),
                becomes: restore.becomes.as_deref(),
                store: restore.store,
            }),
            Step::Hold(_) | Step::Restart(_) | Step::Reload(_) | Step::Confirm | Step::Pause(_) => None,
        }
    }
}
