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
mod named;
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
mod view;

pub use finding::{Finding, Rule, Severity};
pub use named::{Named, named};
pub use served::{certificates, served};
pub use told::{refusals, warnings};

use super::material::Material;
use super::on_every_core;
use super::step::StoreName;
use crate::facts::{Facts, NodeFacts};
use crate::formats::store::{Store, StoreError};
use crate::input::Input;
use crate::input::inventory::Node;
use crate::input::playbook::Stores;
use finding::Remark;
use jiff::Timestamp;
use std::time::Duration;
use subject::{Lone, OnNode, Target};
use view::View;

/// Everything that the rules have against the stores that the playbook brings to these nodes, or names on them.
pub fn judge(input: &Input, material: &Material, facts: &Facts) -> Vec<Finding> {
    let nodes: Vec<(&Node, &NodeFacts)> =
        input.inventory.nodes.iter().filter_map(|node| Some((node, facts.node(&node.name)?))).collect();
    let view = View::of(input, material, facts);
    let targets: Vec<Target<'_>> = on_every_core(&nodes, |(node, seen)| view.target(node, seen));
    // The nodes' stores of a phase are looked at together.
    let of_phases = |role| -> Vec<Vec<OnNode<'_>>> {
        let of_phase =
            |phase| targets.iter().filter_map(|target| view.on_node(target, phase, role)).collect();
        let standing = |phase: usize| -> Vec<OnNode<'_>> {
            targets.iter().filter_map(|target| view.standing(target, phase, role)).collect()
        };
        let brought = input.playbook.brings(role).map(|(phase, _)| of_phase(phase));
        brought.chain((0..input.playbook.phases.len()).map(standing)).collect()
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
    let (rule, remark) = of_failure(failure);
    Finding { store: Some(role), ..finding(rule, remark) }
}

fn of_failure(failure: &StoreError) -> (Rule, Remark) {
    match key_password::of_failure(failure) {
        Some(remark) => (Rule::KeyPassword, remark),
        None => (Rule::Opens, opens::of_failure(failure)),
    }
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
    let rules: [(Rule, OfOne); 12] = [
        (Rule::ServerUse, server_use::between_nodes),
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
    let of_clients =
        |rule: &Rule| matches!(rule, Rule::ClientTrust | Rule::Names | Rule::SharedPath | Rule::KnownClients);
    let rules = rules.iter().filter(|(rule, _)| !subject.lone.role.is_internode() || !of_clients(rule));
    // What stands at its path already changes nothing for others that read it there.
    let rules = rules.filter(|(rule, _)| subject.is_brought || *rule != Rule::SharedPath);
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
    let named = named::remarks(target).into_iter().map(|(store, path, rule, remark)| Finding {
        node: Some(target.node.name.clone()),
        store: Some(store),
        file: path,
        ..finding(rule, remark)
    });
    relative.chain(readable).map(about).chain(named).collect()
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
