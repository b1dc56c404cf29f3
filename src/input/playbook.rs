//! The playbook: what the cluster should be, phase by phase, and how carefully it is taken there.

use super::document::Document;
use super::inventory::Node;
pub use super::options::{OptionKey, Setting};
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::secret::SecretSource;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playbook {
    pub name: String,
    pub stores: Stores,
    pub phases: Vec<Phase>,
    pub rollout: Rollout,
    pub source: Document,
}

/// The stores that are pushed to every node before the first phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stores {
    pub keystore: Option<StoreSpec>,
    pub truststore: Option<StoreSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSpec {
    /// A path beside the operator, relative to the playbook; may hold `{node}` and `{address}`.
    pub from: String,
    /// An absolute path on the node; may hold `{node}` and `{address}`.
    pub to: String,
    pub password: SecretSource,
    /// `user` or `user:group`; without it, the user that runs Cassandra.
    pub owner: Option<String>,
    pub mode: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    pub name: String,
    pub client_encryption_options: BTreeMap<OptionKey, Spanned<Setting>>,
    pub native_transport_port_ssl: Option<u16>,
    pub restart: Restart,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Only a node whose change takes effect by nothing less.
    #[default]
    IfNeeded,
    Always,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    pub waves: Waves,
    /// How many nodes go first, each alone and watched for `canary_look`.
    pub canary: u32,
    pub canary_look: Duration,
    /// Nodes of one wave in work at the same time.
    pub at_once: u32,
    pub keep_available: KeepAvailable,
    pub on_failure: OnFailure,
    /// How many looks in a row must find a node healthy.
    pub steady_looks: u32,
    pub timeouts: Timeouts,
}

/// Which nodes may be down together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waves {
    #[default]
    Node,
}

/// What every range must still offer while nodes are down: the one rule of waves and gates.
///
/// In a cluster of several datacenters `LocalQuorum` is the stricter rule: a quorum in every datacenter is also a
/// quorum of all replicas, but not the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepAvailable {
    /// One replica, in any datacenter.
    One,
    /// In every datacenter, a quorum of its replicas.
    LocalQuorum,
    /// A quorum of all replicas.
    #[default]
    Quorum,
}

impl fmt::Display for KeepAvailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeepAvailable::One => "one",
            KeepAvailable::LocalQuorum => "local quorum",
            KeepAvailable::Quorum => "quorum",
        })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    #[default]
    Stop,
}

/// How long each part of a node's restart may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    pub clients: Duration,
    pub drain: Duration,
    pub stop: Duration,
    pub start: Duration,
    pub hold: Duration,
}

impl Default for Rollout {
    fn default() -> Rollout {
        Rollout {
            waves: Waves::default(),
            canary: 1,
            canary_look: Duration::from_secs(30),
            at_once: 1,
            keep_available: KeepAvailable::default(),
            on_failure: OnFailure::default(),
            steady_looks: 3,
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            clients: Duration::from_secs(5),
            drain: Duration::from_secs(60),
            stop: Duration::from_secs(60),
            start: Duration::from_secs(600),
            hold: Duration::from_secs(1800),
        }
    }
}

impl Playbook {
    /// What `client_encryption_options` should hold once this phase is done; `{node}` and `{address}` are not yet
    /// expanded. A phase inherits what it does not say from the phase before. The stores' paths and passwords come
    /// from `stores` unless they are written out, and `optional` is false where only `enabled` is said. Empty until a
    /// phase sets an option: a playbook that only restarts wishes for nothing.
    pub fn wish(&self, phase_index: usize) -> BTreeMap<OptionKey, Spanned<Setting>> {
        let mut wish = BTreeMap::new();
        for phase in self.phases.iter().take(phase_index + 1) {
            wish.extend(phase.client_encryption_options.clone());
        }
        if wish.is_empty() {
            return wish;
        }
        for (key, setting) in self.store_settings() {
            wish.entry(key).or_insert(setting);
        }
        if let Some(enabled) = wish.get(&OptionKey::Enabled) {
            let unsaid = Spanned { value: Setting::Bool(false), span: enabled.span };
            wish.entry(OptionKey::Optional).or_insert(unsaid);
        }
        wish
    }

    /// The options that `stores` stands for.
    fn store_settings(&self) -> Vec<(OptionKey, Spanned<Setting>)> {
        let stores = [
            ("keystore", &self.stores.keystore, OptionKey::Keystore, OptionKey::KeystorePassword),
            ("truststore", &self.stores.truststore, OptionKey::Truststore, OptionKey::TruststorePassword),
        ];
        let mut settings = Vec::new();
        for (name, store, path, password) in stores {
            if let Some(store) = store {
                let place =
                    |key: &str| self.source.place(&format!("stores.{name}.{key}")).unwrap_or_default();
                let value = Setting::Text(store.to.clone());
                settings.push((path, Spanned { value, span: place("to") }));
                let value = Setting::Secret(store.password.clone());
                settings.push((password, Spanned { value, span: place("password") }));
            }
        }
        settings
    }

    /// A problem that shows only against a cluster, at the line of the playbook that asks for it.
    pub fn diagnostic(&self, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(span, message, help)
    }
}

/// Puts a node's name and address where a path says `{node}` and `{address}`.
pub fn expand(template: &str, node: &Node) -> String {
    template.replace("{node}", &node.name).replace("{address}", &node.address)
}
