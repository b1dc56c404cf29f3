//! The playbook: what the cluster should be, phase by phase, and how carefully it is taken there.

use super::document::Document;
pub use super::entry::{EnterWhen, PauseAfter};
use super::internode;
use super::inventory::Node;
pub use super::options::{OptionKey, Setting};
use super::playbook_rules;
use super::reader::Reader;
use super::record::{Field, Record};
use super::stores::by_phase;
pub use super::stores::{PhaseStores, StoreName, StoreSpec, Stores};
use super::window::{self, Window};
use crate::diagnostic::{Diagnostic, Span, Spanned};
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

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    pub name: String,
    /// What it changes of the stores; the others stay as the phase before had them.
    pub stores: PhaseStores,
    pub client_encryption_options: BTreeMap<OptionKey, Spanned<Setting>>,
    /// A number, or absent: out of the file.
    pub native_transport_port_ssl: Option<Setting>,
    /// Other settings of `cassandra.yaml`, by their dotted paths; as the phase itself has them.
    pub settings: BTreeMap<String, Spanned<Setting>>,
    /// Of `server_encryption_options`, by key.
    pub internode: BTreeMap<String, Spanned<Setting>>,
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
    /// Nodes of one rack, as many as the replica sets allow.
    Rack,
    /// As many nodes as the replica sets allow, wherever they are.
    Ring,
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
    /// from the stores of the phase unless they are written out, and `optional` is false where only `enabled` is said.
    /// Empty until a phase sets an option: a playbook that only restarts wishes for nothing.
    pub fn wish(&self, phase_index: usize) -> BTreeMap<OptionKey, Spanned<Setting>> {
        self.wish_with(phase_index, |store| self.store(phase_index, store))
    }

    /// The same with other stores than those of the phase: a node may have those of a later one already.
    pub fn wish_with<'a>(
        &self,
        phase_index: usize,
        stores: impl Fn(StoreName) -> Option<&'a StoreSpec>,
    ) -> BTreeMap<OptionKey, Spanned<Setting>> {
        let mut wish = BTreeMap::new();
        for phase in self.phases.iter().take(phase_index + 1) {
            wish.extend(phase.client_encryption_options.clone());
        }
        if wish.is_empty() {
            return wish;
        }
        for (key, setting) in
            StoreName::BOTH.into_iter().filter_map(|name| Some((name, stores(name)?))).flat_map(implied)
        {
            wish.entry(key).or_insert(setting);
        }
        if let Some(enabled) = wish.get(&OptionKey::Enabled) {
            let unsaid = Spanned { value: Setting::Bool(false), span: enabled.span };
            wish.entry(OptionKey::Optional).or_insert(unsaid);
        }
        wish
    }

    /// What `native_transport_port_ssl` should be once this phase is done; `None` where no phase has said it.
    pub fn port_ssl(&self, phase_index: usize) -> Option<&Setting> {
        let upto = self.phases.iter().take(phase_index + 1).rev();
        upto.filter_map(|phase| phase.native_transport_port_ssl.as_ref()).next()
    }

    /// The store that nodes have once this phase is done.
    pub fn store(&self, phase_index: usize, store: StoreName) -> Option<&StoreSpec> {
        let upto = self.phases.iter().take(phase_index + 1).rev();
        upto.filter_map(|phase| phase.stores.spec(store)).next().or_else(|| self.stores.spec(store))
    }

    /// The phases that bring a store that the phase before did not; the first brings what `stores` has.
    pub fn brings(&self, store: StoreName) -> impl Iterator<Item = (usize, &StoreSpec)> {
        let is_new = move |index: &usize| *index == 0 || self.phases[*index].stores.spec(store).is_some();
        let phases = (0..self.phases.len()).filter(is_new);
        phases.filter_map(move |index| Some((index, self.store(index, store)?)))
    }

    /// Every store of every phase, each as it is first brought.
    pub fn every_store(&self) -> impl Iterator<Item = (usize, StoreName, &StoreSpec)> {
        let of_name = |name| self.brings(name).map(move |(phase, spec)| (phase, name, spec));
        StoreName::ALL.into_iter().flat_map(of_name)
    }

    /// Where the playbook speaks of a store that a phase brings: its own words, or those of `stores`.
    pub fn place_of_store(&self, phase_index: usize, store: StoreName) -> String {
        match self.phases.get(phase_index).is_some_and(|phase| phase.stores.spec(store).is_some()) {
            true => format!("phases[{phase_index}].stores.{}", store.key()),
            false => format!("stores.{}", store.key()),
        }
    }

    /// A problem that shows only against a cluster, at the line of the playbook that asks for it.
    pub fn diagnostic(&self, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(span, message, help)
    }
}

/// The options that a store stands for.
fn implied((name, spec): (StoreName, &StoreSpec)) -> [(OptionKey, Spanned<Setting>); 2] {
    let (path, password) = name.options().expect("a store of the client port");
    let to = Spanned { value: Setting::Text(spec.to.clone()), span: spec.places.to };
    let secret = Spanned { value: Setting::Secret(spec.password.clone()), span: spec.places.password };
    [(path, to), (password, secret)]
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
        phases: phases(record),
        rollout: record.record("rollout").map(|rollout| Rollout::build(rollout, reader)).unwrap_or_default(),
        source: reader.document.clone(),
    };
    playbook_rules::check(&playbook, reader);
    playbook.source = std::mem::take(&mut reader.document);
    playbook
}

fn phases(record: &Record) -> Vec<Phase> {
    let written = record.records("phases");
    let stores = by_phase(record.record("stores"), written);
    written.iter().zip(stores).map(|(record, stores)| Phase::build(record, stores)).collect()
}

impl Phase {
    fn build(record: &Record, stores: PhaseStores) -> Phase {
        let options = record.record("client_encryption_options");
        Phase {
            name: record.text("name").unwrap_or_default(),
            stores,
            client_encryption_options: options.map(settings).unwrap_or_default(),
            native_transport_port_ssl: record.setting("native_transport_port_ssl"),
            settings: record.settings("settings"),
            internode: record.record("internode").map(internode::said).unwrap_or_default(),
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

impl Rollout {
    fn build(record: &Record, reader: &mut Reader) -> Rollout {
        let default = Rollout::default();
        Rollout {
            waves: match record.choice("waves") {
                Some("rack") => Waves::Rack,
                Some("ring") => Waves::Ring,
                _ => Waves::Node,
            },
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
