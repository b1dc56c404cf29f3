//! The playbook: what the cluster should be, phase by phase, and how carefully it is taken there.

use super::document::Document;
pub use super::entry::{EnterWhen, PauseAfter};
use super::inventory::Node;
pub use super::options::{OptionKey, Setting};
use super::playbook_rules;
use super::reader::Reader;
use super::record::{Field, Record, Value};
use super::window::{self, Window};
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::secret::SecretSource;
use schemars::JsonSchema;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stores {
    pub keystore: Option<StoreSpec>,
    pub truststore: Option<StoreSpec>,
    /// How long before a certificate ends a plan begins to warn of it.
    pub expiry_warning: Duration,
    /// A certificate that has ended is a warning instead of a refusal.
    pub allow_expired: bool,
}

impl Default for Stores {
    fn default() -> Stores {
        Stores {
            keystore: None,
            truststore: None,
            // A month is what most certificate authorities and calendars plan with.
            expiry_warning: Duration::from_secs(30 * 86_400),
            allow_expired: false,
        }
    }
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
    /// Other settings of `cassandra.yaml`, by their dotted paths; as the phase itself has them.
    pub settings: BTreeMap<String, Spanned<Setting>>,
    pub restart: Restart,
    pub enter_when: Option<EnterWhen>,
    /// The phase may let in who was refused before, or turn TLS off.
    pub goes_back: bool,
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
    pub pause_after: PauseAfter,
    /// When nodes may be begun; `None`: at any time.
    pub window: Option<Window>,
    /// How many looks in a row must find a node healthy.
    pub steady_looks: u32,
    /// A node that does not answer after its restart, with nobody there, puts its old files back.
    pub self_heal: bool,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepAvailable {
    /// One replica, in any datacenter.
    One,
    /// In every datacenter, a quorum of its replicas.
    #[default]
    LocalQuorum,
    /// A quorum of all replicas.
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

/// What is done once a node has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    #[default]
    Stop,
    /// The node that failed gets its old files back, under the same gates; then the run stops.
    RestoreNode,
    /// All that the run did is taken back.
    RestoreRun,
}

/// How long each part of a node's restart may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    pub clients: Duration,
    pub drain: Duration,
    pub stop: Duration,
    pub start: Duration,
    pub hold: Duration,
    /// `None`: as long as a start may take, and two minutes.
    pub heal: Option<Duration>,
}

/// A program that is started again at once (by cron, by an operator who was cut off) is back by then.
const HEAL_GRACE: Duration = Duration::from_secs(120);

impl Default for Rollout {
    fn default() -> Rollout {
        Rollout {
            waves: Waves::default(),
            canary: 1,
            canary_look: Duration::from_secs(30),
            at_once: 1,
            keep_available: KeepAvailable::default(),
            on_failure: OnFailure::default(),
            pause_after: PauseAfter::default(),
            window: None,
            steady_looks: 3,
            self_heal: true,
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
            heal: None,
        }
    }
}

impl Timeouts {
    /// How long a node waits for a sign of life before it heals itself.
    pub fn heal(&self) -> Duration {
        self.heal.unwrap_or(self.start + HEAL_GRACE)
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

/// A playbook out of what was read; as in an inventory, a stand-in takes the place of what is wrong.
pub(super) fn build(record: &Record, reader: &mut Reader) -> Playbook {
    let mut playbook = Playbook {
        name: record.text("playbook").unwrap_or_default(),
        stores: record.record("stores").map(Stores::build).unwrap_or_default(),
        phases: record.records("phases").iter().map(Phase::build).collect(),
        rollout: record.record("rollout").map(|rollout| Rollout::build(rollout, reader)).unwrap_or_default(),
        source: reader.document.clone(),
    };
    playbook_rules::check(&playbook, reader);
    playbook.source = std::mem::take(&mut reader.document);
    playbook
}

impl Stores {
    fn build(record: &Record) -> Stores {
        let default = Stores::default();
        Stores {
            keystore: record.record("keystore").map(StoreSpec::build),
            truststore: record.record("truststore").map(StoreSpec::build),
            expiry_warning: record.duration("expiry_warning").unwrap_or(default.expiry_warning),
            allow_expired: record.bool("allow_expired").unwrap_or(default.allow_expired),
        }
    }
}

impl StoreSpec {
    fn build(record: &Record) -> StoreSpec {
        StoreSpec {
            from: record.text("from").unwrap_or_default(),
            to: record.text("to").unwrap_or_default(),
            password: record.secret("password").unwrap_or(SecretSource::Prompt),
            owner: record.text("owner"),
            mode: record.mode("mode"),
        }
    }
}

impl Phase {
    fn build(record: &Record) -> Phase {
        let options = record.record("client_encryption_options");
        Phase {
            name: record.text("name").unwrap_or_default(),
            client_encryption_options: options.map(settings).unwrap_or_default(),
            native_transport_port_ssl: record.port("native_transport_port_ssl"),
            settings: record.settings("settings"),
            restart: match record.choice("restart") {
                Some("always") => Restart::Always,
                _ => Restart::IfNeeded,
            },
            goes_back: record.bool("goes_back").unwrap_or(false),
            enter_when: record.record("enter_when").map(EnterWhen::build),
        }
    }
}

fn settings(options: &Record) -> BTreeMap<OptionKey, Spanned<Setting>> {
    let setting = |(key, field): (&str, &Field)| {
        let key = OptionKey::from_key(key).expect("the table of options has the keys of `OptionKey`");
        let value = Setting::build(field.value.as_ref()?);
        Some((key, Spanned { value, span: field.key }))
    };
    options.fields().filter_map(setting).collect()
}

impl Setting {
    fn build(value: &Value) -> Setting {
        match value {
            Value::Text(text) => Setting::Text(text.clone()),
            Value::Bool(value) => Setting::Bool(*value),
            Value::Whole(number) | Value::Mode(number) => Setting::Number(i64::from(*number)),
            Value::Duration(duration) => Setting::Text(format!("{}s", duration.as_secs())),
            Value::Secret(source) => Setting::Secret(source.clone()),
            Value::Choice(word) => Setting::Text((*word).to_owned()),
            Value::Texts(texts) => Setting::List(texts.clone()),
            Value::Record(record) => Setting::Map(
                record
                    .fields()
                    .filter_map(|(key, field)| Some((key.to_owned(), Setting::build(field.value.as_ref()?))))
                    .collect(),
            ),
            Value::Parameters(parameters) => Setting::Map(parameters.clone()),
            Value::Records(_) | Value::Settings(_) => {
                unreachable!("no option holds a list of mappings or paths")
            }
        }
    }
}

impl Rollout {
    fn build(record: &Record, reader: &mut Reader) -> Rollout {
        let default = Rollout::default();
        Rollout {
            waves: Waves::Node,
            canary: record.whole("canary").unwrap_or(default.canary),
            canary_look: record.duration("canary_look").unwrap_or(default.canary_look),
            at_once: record.whole("at_once").unwrap_or(default.at_once),
            keep_available: match record.choice("keep_available") {
                Some("quorum") => KeepAvailable::Quorum,
                Some("one") => KeepAvailable::One,
                _ => KeepAvailable::LocalQuorum,
            },
            on_failure: match record.choice("on_failure") {
                Some("restore_node") => OnFailure::RestoreNode,
                Some("restore_run") => OnFailure::RestoreRun,
                _ => OnFailure::Stop,
            },
            pause_after: match record.choice("pause_after") {
                Some("canary") => PauseAfter::Canary,
                Some("wave") => PauseAfter::Wave,
                Some("phase") => PauseAfter::Phase,
                _ => PauseAfter::Never,
            },
            window: window::read(record, reader),
            steady_looks: record.whole("steady_looks").unwrap_or(default.steady_looks),
            self_heal: record.bool("self_heal").unwrap_or(default.self_heal),
            timeouts: record.record("timeouts").map(Timeouts::build).unwrap_or_default(),
        }
    }
}

impl Timeouts {
    fn build(record: &Record) -> Timeouts {
        let default = Timeouts::default();
        Timeouts {
            clients: record.duration("clients").unwrap_or(default.clients),
            drain: record.duration("drain").unwrap_or(default.drain),
            stop: record.duration("stop").unwrap_or(default.stop),
            start: record.duration("start").unwrap_or(default.start),
            hold: record.duration("hold").unwrap_or(default.hold),
            heal: record.duration("heal"),
        }
    }
}
