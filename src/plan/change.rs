//! Wish against fact: the differences on one node, each with its reason.

use super::step::{StoreName, YamlPath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All that differs on one node in one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeChange {
    pub node: String,
    pub changes: Vec<Change>,
    /// Why Cassandra must be restarted; empty if it need not be.
    pub restart: Vec<RestartReason>,
    /// Unified diff of `cassandra.yaml`, secrets masked; empty if the file stays as it is.
    pub diff: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Store {
        store: StoreName,
        path: String,
        was: Option<String>,
        becomes: String,
        certificate: Option<CertificateSummary>,
    },
    /// `was` and `becomes` as they are written in the file; a secret shows as where it comes from.
    Setting { path: YamlPath, was: Option<String>, becomes: String },
}

/// What identifies the certificate that a store serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateSummary {
    pub subject: String,
    /// SHA-256 of the certificate, lowercase hex.
    pub sha256: String,
    /// RFC 3339.
    pub not_after: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartReason {
    /// cassandra.yaml is read once, at start.
    SettingsChange,
    /// The process keeps the old contents of this store.
    StoreChanges { store: StoreName },
    /// The playbook says `restart: always`.
    Asked,
    /// An earlier run changed the node and did not see it healthy.
    Owed { run: String },
    /// The files are as wished, the port is not: the process runs with older ones.
    WireDiffers { shows: String },
}
