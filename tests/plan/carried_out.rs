//! A plan carried out on facts alone: what a probe would see of each node afterwards.

use super::case::{Case, file_facts, host_id};
use ringwalk::facts::{FileFacts, NodeFacts, PortShows, Process};
use ringwalk::formats::yaml;
use ringwalk::plan::change::{edits, sha256_hex};
use ringwalk::plan::step::{EditYaml, Gate, PushStore, RestoreFile, Step, Wire};
use ringwalk::plan::{Plan, PlannedStep};
use ringwalk::secret::Secret;
use std::collections::BTreeMap;

/// The cluster after the first `count` steps; a restart shows at once what the gates after it wait for.
pub fn carried_out(case: &Case, plan: &Plan, count: usize) -> Case {
    carried_out_with(case, plan, count, &Copies::new())
}

/// By node and path: the copies of its `cassandra.yaml` that a run kept there.
pub type Copies = BTreeMap<(String, String), Secret>;

pub fn carried_out_with(case: &Case, plan: &Plan, count: usize, copies: &Copies) -> Case {
    let mut case = case.clone();
    for (id, step) in plan.steps.iter().enumerate().take(count) {
        carry_out(&mut case, plan, id, step, copies);
    }
    case
}

fn carry_out(case: &mut Case, plan: &Plan, id: usize, step: &PlannedStep, copies: &Copies) {
    let Case { facts, material, .. } = case;
    if matches!(step.step, Step::Pause(_)) {
        return;
    }
    let node = facts.nodes.iter_mut().find(|node| node.node == step.node).expect("a node of the inventory");
    match &step.step {
        Step::PushStore(push) => pushed(node, push),
        Step::EditYaml(edit) => {
            let edits = edits(&edit.set, material).expect("every secret is there");
            let text =
                yaml::edit(node.yaml.text.expose().as_bytes(), &edits).expect("it was edited once already");
            edited(node, edit, String::from_utf8(text).unwrap());
        }
        Step::Restart(_) => {
            let started_ticks = node.process.as_ref().map_or(1, |process| process.started_ticks + 1);
            node.process =
                Some(Process { pid: 4712, started_ticks, user: "cassandra".into(), cwd: "/".into() });
            node.native.listening = true;
            facts.down.remove(&host_id(&step.node));
            let all = facts.ring.members.iter().map(|member| member.address.clone()).collect();
            facts.ring.schema_versions = BTreeMap::from([("one".into(), all)]);
            node.shows = after(plan, id).collect();
        }
        Step::Reload(_) => node.shows = after(plan, id).collect(),
        Step::Hold(_) | Step::Pause(_) => {}
        Step::RestoreFile(restore) => restored(node, restore, copies),
        Step::Confirm => node.owed = None,
    }
    if step.step.writes().is_some() {
        node.owed = Some("a-run".into());
    }
}

fn pushed(node: &mut NodeFacts, push: &PushStore) {
    let was = node.files.get(&push.path).cloned().flatten().map(|file| file.sha256);
    assert_eq!(was, push.was, "{}: {} is what the step says it replaces", node.node, push.path);
    let mut file = file_facts(b"");
    file.sha256 = push.becomes.clone();
    file.mode = push.mode;
    node.files.insert(push.path.clone(), Some(file));
}

fn restored(node: &mut NodeFacts, restore: &RestoreFile, copies: &Copies) {
    if restore.store.is_none() {
        assert_eq!(Some(&node.yaml.file.sha256), restore.was.as_ref(), "{}: the text before", node.node);
        let text = copies[&(node.node.clone(), restore.backup.clone())].clone();
        node.yaml.file = file_facts(text.expose().as_bytes());
        assert_eq!(Some(&node.yaml.file.sha256), restore.becomes.as_ref(), "{}: the text after", node.node);
        node.yaml.text = text;
        return;
    }
    let was = node.files.get(&restore.path).cloned().flatten().map(|file| file.sha256);
    assert_eq!(was, restore.was, "{}: {} is what the step says it replaces", node.node, restore.path);
    let file = restore.becomes.clone().map(|sha256| FileFacts { sha256, ..file_facts(b"") });
    node.files.insert(restore.path.clone(), file);
}

fn edited(node: &mut NodeFacts, edit: &EditYaml, text: String) {
    assert_eq!(sha256_hex(node.yaml.text.expose().as_bytes()), edit.was, "{}: the text before", node.node);
    assert_eq!(sha256_hex(text.as_bytes()), edit.becomes, "{}: the text after", node.node);
    node.yaml.file = file_facts(text.as_bytes());
    node.yaml.text = Secret::new(text);
}

/// What the hold after a restart asks of the ports.
fn after(plan: &Plan, restart: usize) -> impl Iterator<Item = (u16, PortShows)> {
    let Step::Hold(hold) = &plan.steps[restart + 1].step else {
        panic!("a hold follows every restart and reload")
    };
    hold.gates.iter().filter_map(Gate::wire).map(|wire| {
        let Wire { port, plaintext, tls, certificate, issuers, .. } = wire.clone();
        (port, PortShows { plaintext, tls, certificate, issuers, issuer: None, is_whole: false })
    })
}
