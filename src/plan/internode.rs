//! TLS between nodes: nodes of a ring go through phases one by one, and at every moment all of them hear each other.

use super::material::Material;
use super::options::some;
use super::ports::{DEFAULT_KEYSTORE, DEFAULT_TRUSTSTORE};
use super::settled::first_phase;
use super::step::{InternodeWish, StoreName};
use crate::diagnostic::Diagnostic;
use crate::facts::internode::{Encrypts, Internode, Ports, Unheard};
use crate::facts::version::Flavour;
use crate::facts::{Facts, NodeFacts};
use crate::formats::yaml;
use crate::input::Input;
use crate::input::internode::SECTION;
use crate::input::inventory::Node;
use crate::input::options::Setting;
use crate::input::settings::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that speaks against the phases of a playbook that have `internode`.
pub fn problems(input: &Input, facts: &Facts) -> Vec<Diagnostic> {
    let phases = &input.playbook.phases;
    let Some(first) = phases.iter().position(|phase| !phase.internode.is_empty()) else { return Vec::new() };
    let unfit = unfit(input, facts, first);
    if !unfit.is_empty() {
        return unfit;
    }
    let roads: Vec<Road<'_>> =
        input.inventory.nodes.iter().filter_map(|node| road(input, facts, node)).collect();
    let of_phase = |phase| {
        let backwards = roads.iter().find_map(|road| goes_back(input, phase, road));
        backwards.or_else(|| unheard(input, phase, &roads))
    };
    (first..phases.len()).find_map(of_phase).into_iter().collect()
}

/// What nodes of these builds cannot be asked for, whatever they are now.
fn unfit(input: &Input, facts: &Facts, first: usize) -> Vec<Diagnostic> {
    let at = |path: &str, message: String, help: &str| {
        input.playbook.source.diagnostic_of(&format!("phases[{first}].internode{path}"), message, help)
    };
    let of = |wanted: &dyn Fn(&NodeFacts) -> bool| facts.nodes.iter().filter(|node| wanted(node)).collect();
    let dse: Vec<&NodeFacts> = of(&|node| node.flavour == Flavour::Dse);
    let on_two: Vec<&NodeFacts> = of(&|node| matches!(node.internode_ports(), Ports::Two { .. }));
    let on_one: Vec<&NodeFacts> = of(&|node| node.internode_ports() == Ports::One);
    if !dse.is_empty() {
        let message = format!("which ports DSE opens between nodes was not measured: {}", some(&dse));
        return vec![at("", message, "leave `internode` out, and follow DSE's own instructions for it")];
    }
    match (on_two.is_empty(), on_one.is_empty()) {
        (false, false) => {
            let message = format!(
                "{} listen on two ports for other nodes, {} on one: TLS between them waits for one version",
                some(&on_two),
                some(&on_one)
            );
            vec![at("", message, "bring every node to 4.0 or later first")]
        }
        (false, true) => unknown_on_two_ports(input, &on_two),
        (true, _)
            if input.playbook.source.place(&format!("phases[{first}].internode.optional")).is_none() =>
        {
            // Else whether plaintext is taken would hang on which files stand where.
            let message = "the first phase with `internode` does not say `optional`".into();
            vec![at("", message, "begin with `internode: { internode_encryption: none, optional: true }`")]
        }
        (true, _) => Vec::new(),
    }
}

/// 3.x does not start with them.
fn unknown_on_two_ports(input: &Input, nodes: &[&NodeFacts]) -> Vec<Diagnostic> {
    let phases = 0..input.playbook.phases.len();
    let said = phases.flat_map(|phase| ["optional", "accepted_protocols"].map(|key| (phase, key)));
    let refuse = |(phase, key): (usize, &str)| {
        let place = format!("phases[{phase}].internode.{key}");
        input.playbook.source.place(&place)?;
        let message = format!("{} would not start with `{SECTION}.{key}`, which 4.0 brought", some(nodes));
        let help = "leave it out; docs/internode.md has the steps before 4.0";
        Some(input.playbook.source.diagnostic_of(&place, message, help))
    };
    said.filter_map(refuse).collect()
}

/// A node, as it is before the first phase and after each.
struct Road<'a> {
    node: &'a str,
    stages: Vec<Internode>,
}

impl Road<'_> {
    fn before(&self, phase: usize) -> &Internode {
        &self.stages[phase]
    }

    fn after(&self, phase: usize) -> &Internode {
        &self.stages[phase + 1]
    }
}

fn road<'a>(input: &Input, facts: &Facts, node: &'a Node) -> Option<Road<'a>> {
    let seen = facts.node(&node.name)?;
    let root = yaml::document(seen.yaml.text.expose()).ok()?;
    let first = first_phase(&input.playbook, node, seen, root.as_ref());
    let mut stages = vec![now(facts, node, seen, root.as_ref())];
    for phase in 0..input.playbook.phases.len() {
        let before = stages.last()?.clone();
        let wish = if phase < first { Settings::new() } else { input.playbook.internode(phase) };
        stages.push(with(before, &wish));
    }
    Some(Road { node: &node.name, stages })
}

/// What the node's file says, and where the node is.
fn now(facts: &Facts, node: &Node, seen: &NodeFacts, root: Option<&yaml::Node>) -> Internode {
    let member = facts.member_of(seen, &node.address);
    Internode {
        datacenter: member.map(|member| member.datacenter.clone()).unwrap_or_default(),
        rack: member.map(|member| member.rack.clone()).unwrap_or_default(),
        ..of_file(seen, root)
    }
}

/// What a node's file says, wherever the node is.
pub fn of_file(seen: &NodeFacts, root: Option<&yaml::Node>) -> Internode {
    let option = |key: &str| root?.get(SECTION)?.get(key);
    let encrypts = option("internode_encryption").and_then(yaml::Node::as_str).and_then(Encrypts::of);
    let [keystore, _] = stores(root);
    Internode {
        encrypts: encrypts.unwrap_or_default(),
        ports: seen.internode_ports(),
        optional: option("optional").and_then(yaml::as_bool_1_1),
        keystore_stands: seen.files.get(&keystore).is_some_and(Option::is_some),
        datacenter: String::new(),
        rack: String::new(),
    }
}

fn with(before: Internode, wish: &Settings) -> Internode {
    let said = |key: &str| wish.get(&format!("{SECTION}.{key}")).map(|said| &said.value);
    let encrypts = match said("internode_encryption") {
        Some(Setting::Text(word)) => Encrypts::of(word),
        Some(_) | None => None,
    };
    let optional = match said("optional") {
        Some(Setting::Bool(optional)) => Some(*optional),
        Some(_) | None => before.optional,
    };
    Internode { encrypts: encrypts.unwrap_or(before.encrypts), optional, ..before }
}

/// The keystore and the truststore that a file names for the port between nodes; the defaults are the client port's.
pub fn stores(root: Option<&yaml::Node>) -> [String; 2] {
    [("keystore", DEFAULT_KEYSTORE), ("truststore", DEFAULT_TRUSTSTORE)].map(|(key, default)| {
        let written = root.and_then(|root| root.get(SECTION)?.get(key)?.as_str());
        written.unwrap_or(default).to_owned()
    })
}

fn goes_back(input: &Input, phase: usize, road: &Road<'_>) -> Option<Diagnostic> {
    let (before, after) = (road.before(phase), road.after(phase));
    let what = if before.takes_tls() && !after.takes_tls() {
        "turn TLS between nodes off"
    } else if !before.takes_plaintext() && after.takes_plaintext() {
        "let nodes in again that speak plaintext"
    } else {
        return None;
    };
    let wished = &input.playbook.phases[phase];
    let message = format!("phase `{}` would {what} on `{}`", wished.name, road.node);
    let help = "write `goes_back: true` in the phase if the cluster is meant to go back";
    let refuse = || input.playbook.source.diagnostic_of(&format!("phases[{phase}].name"), message, help);
    (!wished.goes_back).then(refuse)
}

/// Two nodes of which one does not hear the other while the phase is under way: each of them may have had its turn or not.
fn unheard(input: &Input, phase: usize, roads: &[Road<'_>]) -> Option<Diagnostic> {
    let mut alike: BTreeMap<&Internode, BTreeSet<&str>> = BTreeMap::new();
    for road in roads {
        for stage in [road.before(phase), road.after(phase)] {
            alike.entry(stage).or_default().insert(road.node);
        }
    }
    let pairs = alike.iter().flat_map(|receiver| alike.iter().map(move |sender| (receiver, sender)));
    let mut deaf = pairs.filter_map(|((receiver, hearing), (sender, speaking))| {
        let why = receiver.hears(sender).err()?;
        // A node speaks to others, never to itself as it was before.
        let hears = hearing.iter().find(|node| speaking.iter().any(|other| other != *node))?;
        let speaks = speaking.iter().find(|node| *node != hears)?;
        Some((why, *speaks, *sender, *hears, *receiver))
    });
    let (why, speaks, sender, hears, receiver) = deaf.next()?;
    let name = &input.playbook.phases[phase].name;
    let message = format!(
        "in phase `{name}` nodes would not see each other: `{speaks}` {sender}, while `{hears}` {receiver}"
    );
    let help = way_out(why, sender, receiver);
    Some(input.playbook.source.diagnostic_of(&format!("phases[{phase}].internode"), message, help))
}

fn way_out(why: Unheard, sender: &Internode, receiver: &Internode) -> String {
    let is_near = sender.datacenter == receiver.datacenter;
    let step = match (receiver.ports, why) {
        (Ports::One, Unheard::Tls) => "internode_encryption: none, optional: true",
        (Ports::One, Unheard::Plaintext) => "internode_encryption: all, optional: true",
        (Ports::Two { strict: true }, _) => {
            return "since 3.0.24 and 3.11.10 no ring of 3.x comes to TLS between nodes while it serves \
                    (CVE-2020-17516); upgrade to 4.0 first, or stop the whole ring and change it by hand"
                .into();
        }
        (Ports::Two { .. }, Unheard::Tls) if is_near => "internode_encryption: dc",
        (Ports::Two { .. }, Unheard::Plaintext) if is_near && sender.rack != receiver.rack => {
            "internode_encryption: rack"
        }
        (Ports::Two { .. }, Unheard::Tls | Unheard::Plaintext) => {
            return "here only a ring of one datacenter with one node in each rack comes to TLS between nodes \
                    while it serves; upgrade to 4.0 first, or stop the whole ring and change it by hand"
                .into();
        }
    };
    format!("put a phase before it with `internode: {{ {step} }}`, so that no node is two steps from another")
}

/// What the ports must show once the node has been through the phase.
pub fn wish(
    input: &Input,
    material: &Material,
    node: &Node,
    seen: &NodeFacts,
    phase: usize,
) -> Option<InternodeWish> {
    let wish = input.playbook.internode(phase);
    if wish.is_empty() {
        return None;
    }
    let nobody = Internode {
        encrypts: Encrypts::None,
        ports: seen.internode_ports(),
        optional: None,
        keystore_stands: false,
        datacenter: String::new(),
        rack: String::new(),
    };
    let stage = with(nobody, &wish);
    let keystore = material.store(0, &node.name, StoreName::InternodeKeystore);
    let certificate = keystore.and_then(|store| store.certificate.as_ref()).map(|leaf| leaf.sha256.clone());
    Some(InternodeWish {
        port: seen.storage.port,
        tls_port: matches!(stage.ports, Ports::Two { .. }).then_some(seen.storage.port_ssl),
        plaintext: stage.takes_plaintext(),
        tls: stage.takes_tls(),
        certificate: certificate.filter(|_| stage.takes_tls()),
    })
}
