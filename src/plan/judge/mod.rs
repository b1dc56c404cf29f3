//! Are the stores good? Rules look at every store of every node; each says what is wrong, why it matters, a way out.
//!
//! A rule is a file here, a case in `tests/judge.rs` and a line in `docs/store-rules.md`.

mod ca_overlap;
mod chain;
mod client_trust;
pub mod finding;
mod issuer;
mod key_fits;
mod key_password;
mod key_size;
mod known_clients;
mod names;
mod old_java;
mod one_key;
mod opens;
mod own_key;
mod own_store;
mod password;
mod pem_factory;
mod pem_key;
mod readable_yaml;
mod relative_path;
mod served;
mod server_use;
mod shared_path;
mod signature;
mod store_type;
mod subject;
mod told;
mod trust;
mod trusted;
mod validity;

pub use finding::{Finding, Rule, Severity};
pub use served::{certificates, served};
pub use told::{refusals, warnings};

use super::generation::Generation;
use super::material::{LocalStore, Material};
use super::on_every_core;
use super::ports::ClientOptions;
use super::step::StoreName;
use crate::facts::{Facts, NodeFacts};
use crate::formats::store::{Store, StoreError};
use crate::formats::yaml;
use crate::input::Input;
use crate::input::inventory::Node;
use crate::input::options::{OptionKey, Setting};
use crate::input::playbook::{Playbook, Stores, expand};
use finding::Remark;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use subject::{Before, Lone, OnNode, Target};
use trusted::{Anchors, Shown};

/// Everything that the rules have against the stores that the playbook brings to these nodes.
pub fn judge(input: &Input, material: &Material, facts: &Facts) -> Vec<Finding> {
    let nodes: Vec<(&Node, &NodeFacts)> =
        input.inventory.nodes.iter().filter_map(|node| Some((node, facts.node(&node.name)?))).collect();
    let targets: Vec<Target<'_>> = on_every_core(&nodes, |(node, seen)| target(input, material, node, seen));
    let view = View { input, material, facts };
    // The nodes' stores of a phase are looked at together.
    let of_phases = |role| -> Vec<Vec<OnNode<'_>>> {
        let of_phase =
            |phase| targets.iter().filter_map(|target| view.on_node(target, phase, role)).collect();
        input.playbook.brings(role).map(|(phase, _)| of_phase(phase)).collect()
    };
    let stores = StoreName::ALL.map(|role| (role, of_phases(role)));
    let mut findings = Vec::new();
    for subjects in stores.iter().flat_map(|(_, subjects)| subjects) {
        findings.extend(on_every_core(subjects, of_one).into_iter().flatten());
    }
    let keystores = stores.iter().filter(|(role, _)| role.is_keystore()).flat_map(|(_, subjects)| subjects);
    let among: Vec<Finding> = keystores.flat_map(|keystores| among(keystores)).collect();
    // The store of another node does not name this one; that it is the wrong store says it all.
    let is_anothers = |finding: &Finding| {
        finding.rule == Rule::Names
            && among.iter().any(|other| {
                other.rule == Rule::OwnStore && other.node == finding.node && other.phase == finding.phase
            })
    };
    findings.retain(|finding| !is_anothers(finding));
    findings.extend(among);
    findings.extend(targets.iter().flat_map(of_target));
    findings
}

/// What is wrong with a store by itself, whoever would use it; `now`: by the clock of whoever looks.
pub fn store(store: &Store, now: Timestamp) -> Vec<Finding> {
    let role = if store.keys.is_empty() { StoreName::Truststore } else { StoreName::Keystore };
    of_no_playbook(store, role, now, Stores::default().expiry_warning, None)
}

/// What a store that a node uses goes by.
pub struct InUse {
    /// By the clock of the node.
    pub now: Timestamp,
    pub expiry_warning: Duration,
    /// Whether whoever connects has to show a certificate.
    pub asks_clients: bool,
}

/// What is wrong by itself with a store that a node uses.
pub fn in_use(store: &Store, role: StoreName, used: InUse) -> Vec<Finding> {
    of_no_playbook(store, role, used.now, used.expiry_warning, Some(used.asks_clients))
}

/// Nothing is rolled out, so an end that is past is told: a leaf's as an error, a CA's as a warning.
fn of_no_playbook(
    store: &Store,
    role: StoreName,
    now: Timestamp,
    expiry_warning: Duration,
    asks_clients: Option<bool>,
) -> Vec<Finding> {
    alone(&Lone {
        store,
        role,
        now,
        expiry_warning,
        allow_expired: false,
        accept_expired_ca: true,
        asks_clients,
    })
}

fn alone(lone: &Lone<'_>) -> Vec<Finding> {
    let role = lone.role;
    let finding = |(rule, remark)| Finding { store: Some(role), ..finding(rule, remark) };
    by_itself(lone).into_iter().map(finding).collect()
}

/// What is wrong with a store that could not be opened.
pub fn unopened(role: StoreName, failure: &StoreError) -> Finding {
    let (rule, remark) = match key_password::of_failure(failure) {
        Some(remark) => (Rule::KeyPassword, remark),
        None => (Rule::Opens, opens::of_failure(failure)),
    };
    Finding { store: Some(role), ..finding(rule, remark) }
}

fn finding(rule: Rule, Remark { severity, reason, help }: Remark) -> Finding {
    Finding { node: None, store: None, phase: None, file: String::new(), rule, severity, reason, help }
}

type OfLone = fn(&Lone<'_>) -> Vec<Remark>;
type OfOne = fn(&OnNode<'_>) -> Vec<Remark>;
/// Each remark with the index of the store that it is about.
type Among = fn(&[OnNode<'_>]) -> Vec<(usize, Remark)>;

/// The rules that need to know nothing but the store.
fn by_itself(lone: &Lone<'_>) -> Vec<(Rule, Remark)> {
    let rules: [(Rule, OfLone); 8] = [
        (Rule::OneKey, one_key::remarks),
        (Rule::KeyFits, key_fits::remarks),
        (Rule::Chain, chain::remarks),
        (Rule::Validity, validity::remarks),
        (Rule::ServerUse, server_use::remarks),
        (Rule::Signature, signature::remarks),
        (Rule::KeySize, key_size::remarks),
        (Rule::Trust, trust::remarks),
    ];
    rules.iter().flat_map(|(rule, remarks)| remarks(lone).into_iter().map(|remark| (*rule, remark))).collect()
}

/// Those, and the ones that need to know where the store goes.
fn of_one(subject: &OnNode<'_>) -> Vec<Finding> {
    let rules: [(Rule, OfOne); 11] = [
        (Rule::Issuer, issuer::remarks),
        (Rule::CaOverlap, ca_overlap::remarks),
        (Rule::ClientTrust, client_trust::remarks),
        (Rule::Names, names::remarks),
        (Rule::StoreType, store_type::remarks),
        (Rule::OldJava, old_java::remarks),
        (Rule::PemFactory, pem_factory::remarks),
        (Rule::PemKey, pem_key::remarks),
        (Rule::SharedPath, shared_path::remarks),
        (Rule::Password, password::remarks),
        (Rule::KnownClients, known_clients::remarks),
    ];
    // What nodes show each other is none of the client port's matter.
    let of_both = |rule: &Rule| matches!(rule, Rule::Issuer | Rule::Password);
    let rules = rules.iter().filter(|(rule, _)| !subject.lone.role.is_internode() || of_both(rule));
    let on_node =
        rules.flat_map(|(rule, remarks)| remarks(subject).into_iter().map(|remark| (*rule, remark)));
    by_itself(&subject.lone)
        .into_iter()
        .chain(on_node)
        .map(|(rule, remark)| about(subject, rule, remark))
        .collect()
}

/// The rules that need to see the keystores of all nodes.
fn among(keystores: &[OnNode<'_>]) -> Vec<Finding> {
    let rules: [(Rule, Among); 2] = [(Rule::OwnKey, own_key::remarks), (Rule::OwnStore, own_store::remarks)];
    let of_rule = |(rule, remarks): &(Rule, Among)| {
        let about = |(index, remark): (usize, Remark)| about(&keystores[index], *rule, remark);
        remarks(keystores).into_iter().map(about).collect::<Vec<_>>()
    };
    rules.iter().flat_map(of_rule).collect()
}

/// The rules about the node's `cassandra.yaml`.
fn of_target(target: &Target<'_>) -> Vec<Finding> {
    let relative = relative_path::remarks(target).into_iter().map(|remark| (Rule::RelativePath, remark));
    let readable = readable_yaml::remarks(target).into_iter().map(|remark| (Rule::ReadableYaml, remark));
    let about = |(rule, remark)| Finding {
        node: Some(target.node.name.clone()),
        file: target.seen.yaml.path.clone(),
        ..finding(rule, remark)
    };
    relative.chain(readable).map(about).collect()
}

fn about(subject: &OnNode<'_>, rule: Rule, remark: Remark) -> Finding {
    Finding {
        node: Some(subject.node.name.clone()),
        store: Some(subject.lone.role),
        phase: subject.phase.map(str::to_owned),
        file: subject.file.to_owned(),
        ..finding(rule, remark)
    }
}

fn target<'a>(input: &Input, material: &Material, node: &'a Node, seen: &'a NodeFacts) -> Target<'a> {
    let playbook = &input.playbook;
    let root = yaml::parse(seen.yaml.text.expose()).ok().flatten();
    let now = ClientOptions::of(root.as_ref());
    let last = playbook.phases.len().saturating_sub(1);
    let wish: BTreeMap<OptionKey, Setting> =
        playbook.wish(last).into_iter().map(|(key, setting)| (key, setting.value)).collect();
    let asks_clients = match wish.get(&OptionKey::RequireClientAuth) {
        Some(setting) => *setting == Setting::Bool(true),
        None => now.require_client_auth,
    };
    let generation = Generation::of(input, material, node, seen, &now);
    let issuers = seen.shows.values().flat_map(|shows| shows.issuers.iter().cloned()).collect();
    Target { node, seen, root, now, generation, issuers, wish, asks_clients }
}

struct View<'a> {
    input: &'a Input,
    material: &'a Material,
    facts: &'a Facts,
}

impl<'a> View<'a> {
    /// The store of this role that a phase brings to the node; none if it was not opened, or if the node has that of a
    /// later phase already.
    fn on_node(&self, target: &'a Target<'a>, phase: usize, role: StoreName) -> Option<OnNode<'a>> {
        let playbook: &'a Playbook = &self.input.playbook;
        let spec = playbook.store(phase, role)?;
        let Target { node, seen, generation, .. } = target;
        let opened = |phase, role| self.opened(phase, node, role);
        let local: &LocalStore = self.material.store(phase, &node.name, role)?;
        let of_phase = &playbook.phases[phase];
        let now_s = self.facts.looked_at_s + seen.clock_offset_s;
        let keystore = opened(generation.at(phase, StoreName::Keystore), StoreName::Keystore);
        let subject = OnNode {
            lone: Lone {
                store: local.content.as_deref()?,
                role,
                now: Timestamp::from_second(now_s).ok()?,
                expiry_warning: playbook.stores.expiry_warning,
                allow_expired: playbook.stores.allow_expired,
                accept_expired_ca: playbook.stores.accept_expired_ca,
                // A node always asks the one that it connects to.
                asks_clients: Some(target.asks_clients || role.is_internode()),
            },
            node,
            seen,
            member: self.facts.member_of(seen, &node.address),
            phase_index: phase,
            phase: of_phase.stores.spec(role).map(|_| of_phase.name.as_str()),
            file: &local.file,
            sha256: &local.sha256,
            path: expand(&spec.to, node),
            password: self.material.secret(&spec.password),
            client_truststores: &self.material.client_truststores,
            truststore: role.truststore().and_then(|role| opened(phase, role)),
            before: self.before(target, phase),
            shows_with_it: keystore.and_then(Store::only_chain).map(Shown::Chain),
            on: target,
        };
        (generation.at(phase, role) == phase).then(|| self.on_its_way_out(subject))
    }

    /// What the phase before leaves; before the first one, what was seen.
    fn before(&self, target: &'a Target<'a>, phase: usize) -> Before<'a> {
        let Target { node, seen, generation, issuers, .. } = target;
        match phase.checked_sub(1) {
            None => Before {
                trusts: seen.trusts.as_ref().map(Anchors::Seen),
                shows: (!issuers.is_empty()).then_some(Shown::Seen(issuers)),
            },
            Some(before) => {
                let opened = |role| self.opened(generation.at(before, role), node, role);
                Before {
                    trusts: opened(StoreName::Truststore).map(Anchors::OfStore),
                    shows: opened(StoreName::Keystore).and_then(Store::only_chain).map(Shown::Chain),
                }
            }
        }
    }

    fn opened(&self, phase: usize, node: &Node, role: StoreName) -> Option<&'a Store> {
        self.material.store(phase, &node.name, role).and_then(|local| local.content.as_deref())
    }

    /// A store that the node has, and that a later phase replaces, is no news: that it has ended does not keep it from
    /// being replaced.
    fn on_its_way_out(&self, mut subject: OnNode<'a>) -> OnNode<'a> {
        let mut brings = self.input.playbook.brings(subject.lone.role);
        let is_replaced = brings.any(|(phase, _)| phase > subject.phase_index);
        subject.lone.allow_expired |= is_replaced && subject.stands();
        subject
    }
}
