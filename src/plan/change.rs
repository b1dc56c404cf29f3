//! Wish against fact: what differs on one node, and why that takes a restart.

use super::material::Material;
use super::step::{StoreName, YamlPath};
use crate::formats::yaml;
use crate::input::options::Setting;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// All that differs on one node in one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeChange {
    pub node: String,
    pub changes: Vec<Change>,
    /// Why Cassandra must be restarted; empty if it need not be.
    pub restart: Vec<RestartReason>,
    /// Stores whose new contents the running process takes up by `nodetool reloadssl`; empty if it is restarted.
    #[serde(default)]
    pub reload: Vec<StoreName>,
    /// What the client ports take before and after, each with the row of the truth table; `None` if it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<(String, String)>,
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
    /// A file put back as it was before a run: SHA-256 of what stands there and of the copy, `None` for no file.
    Restored { path: String, was: Option<String>, becomes: Option<String> },
}

/// What identifies the certificate that a store serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateSummary {
    pub subject: String,
    /// SHA-256 of the certificate, lowercase hex.
    pub sha256: String,
    /// RFC 3339.
    pub not_after: String,
    /// SHA-256 of those that come behind it in its store, but for a root, which clients have or trust in vain.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub issuers: BTreeSet<String>,
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
    /// Cassandra does not run there.
    NotRunning,
    /// An earlier run changed the node and did not see it healthy.
    Owed { run: String },
    /// The files are as wished, the port is not: the process runs with older ones.
    WireDiffers { shows: String },
}

/// Settings as edits, secrets resolved.
pub fn edits(set: &[(YamlPath, Setting)], material: &Material) -> Result<Vec<yaml::Edit>, String> {
    let edit = |(path, setting): &(YamlPath, Setting)| {
        Ok(yaml::Edit { path: path.keys(), value: value(setting, material)? })
    };
    set.iter().map(edit).collect()
}

pub(super) fn value(setting: &Setting, material: &Material) -> Result<yaml::EditValue, String> {
    Ok(match setting {
        Setting::Bool(value) => yaml::EditValue::Bool(*value),
        Setting::Number(value) => yaml::EditValue::Number(*value),
        Setting::Decimal(value) => yaml::EditValue::Decimal(value.clone()),
        Setting::Text(value) => yaml::EditValue::Text(value.clone()),
        Setting::List(items) => yaml::EditValue::List(items.clone()),
        Setting::Map(entries) => {
            let entry = |(key, setting): &(String, Setting)| Ok((key.clone(), value(setting, material)?));
            yaml::EditValue::Map(entries.iter().map(entry).collect::<Result<_, String>>()?)
        }
        Setting::Secret(source) => {
            let secret =
                material.secret(source).ok_or_else(|| format!("the secret `{source}` was not read"))?;
            yaml::EditValue::Secret(secret.clone())
        }
        Setting::Absent => yaml::EditValue::Absent,
    })
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
