//! The plan that takes a run back: for each node that it touched the files as they were, under the same gates.
//!
//! Phases are undone in reverse, each on all of its nodes before the one before it, so that a client that speaks both
//! plaintext and TLS is served all the while. Limits and gates are those of the run itself.

mod expected;
mod gates;

use self::expected::Projected;
use self::gates::{Gates, showing};
use super::backwards::shuts_out;
use super::change::{Change, NodeChange, RestartReason};
use super::conduct::Conduct;
use super::down::{Down, gather};
use super::healed::has_healed;
use super::ports::{Served, wires};
use super::stand::{self, Progress};
use super::step::{Reload, RestoreFile, Step, StoreName, Wire};
use super::{PLAN_FORMAT, Phase, Plan, PlannedStep, Seen, StepId, Wave, bounded};
use super::{cut_off, diff};
use crate::diagnostic::Diagnostic;
use crate::facts::placement::Member;
use crate::facts::{Facts, NodeFacts};
use crate::input::inventory::Inventory;
use crate::input::playbook::KeepAvailable;
use crate::secret::Secret;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A run that is to be taken back, as far as it came.
pub struct Undone<'a> {
    pub run: &'a str,
    pub plan: &'a Plan,
    /// What of it is taken back; what is not is left as it is.
    pub steps: BTreeSet<StepId>,
    /// Of each step.
    pub progress: &'a [Progress],
    /// By step that replaces a file: the copy that was kept on the node, and its SHA-256; `None`: there was no file.
    pub kept: BTreeMap<StepId, (String, Option<String>)>,
    /// By copy's node and path: the text of a `cassandra.yaml` that was replaced.
    pub texts: BTreeMap<(String, String), Secret>,
}

/// The way back, or everything that speaks against it: nodes that something else has changed since, a node that cannot
/// be spared.
pub fn plan(undone: &Undone<'_>, inventory: &Inventory, facts: &Facts) -> Result<Plan, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut nodes = BTreeMap::new();
    for name in undone.plan.nodes().into_iter().filter(|node| was_touched(undone, node)) {
        match facts.node(name) {
            Some(seen) => {
                problems.extend(stand::problems(undone.plan, undone.progress, seen));
                nodes.insert(name, Projected::of(seen));
            }
            None => problems.push(
                Diagnostic::new(name, "the run has changed this node, and the inventory lacks it")
                    .help("name an inventory that has every node of the run with -i"),
            ),
        }
    }
    if !problems.is_empty() {
        return Err(bounded(problems));
    }
    let mut way = Way {
        undone,
        inventory,
        facts,
        down: Down::of(facts),
        keep: gates::keep_available(undone.plan),
        nodes,
        phases: Vec::new(),
        steps: Vec::new(),
        warnings: cut_off::waited_for(undone).collect(),
        problems: Vec::new(),
    };
    (0..undone.plan.phases.len()).rev().for_each(|phase| way.phase(phase));
    match way.problems.is_empty() {
        true => Ok(way.plan()),
        false => Err(bounded(way.problems)),
    }
}

fn was_touched(undone: &Undone<'_>, node: &str) -> bool {
    let mut begun = (0..undone.plan.steps.len()).filter(|id| is_begun(undone, *id, node));
    begun.any(|id| undone.plan.steps[id].step.changes_the_node())
}

fn is_begun(undone: &Undone<'_>, id: StepId, node: &str) -> bool {
    let is_there = undone.plan.steps[id].node == node && undone.steps.contains(&id);
    is_there && undone.progress[id] != Progress::NotBegun
}

/// The way so far.
struct Way<'a> {
    undone: &'a Undone<'a>,
    inventory: &'a Inventory,
    facts: &'a Facts,
    down: Down<'a>,
    keep: KeepAvailable,
    nodes: BTreeMap<&'a str, Projected>,
    phases: Vec<Phase>,
    steps: Vec<PlannedStep>,
    warnings: BTreeSet<String>,
    problems: Vec<Diagnostic>,
}

/// What undoes a phase on one node.
struct Work {
    restores: Vec<RestoreFile>,
    taken_up: TakenUp,
    wires: Vec<Wire>,
    diff: String,
}

impl Work {
    fn restarts(&self) -> bool {
        matches!(self.taken_up, TakenUp::Restarted(_))
    }
}

/// How the run had the process take up what it brought; it comes back the same way.
enum TakenUp {
    Not,
    Reloaded,
    Restarted(super::step::Restart),
}

impl<'a> Way<'a> {
    fn phase(&mut self, phase: usize) {
        let mut nodes: Vec<&'a str> = self.nodes.keys().copied().collect();
        // The node that the run came to last first: it may be the one that is not well.
        let last = |node: &str| self.undone.plan.steps.iter().rposition(|step| step.node == node);
        nodes.sort_by_key(|node| std::cmp::Reverse(last(node)));
        // While a node is down, no other that shares its ranges can be spared.
        nodes.sort_by_key(|node| self.is_well(node));
        let (mut left, mut unchanged) = (VecDeque::new(), Vec::new());
        for node in nodes {
            match self.work(phase, node) {
                Some(work) => left.push_back((node, work)),
                None => unchanged.push(node.to_owned()),
            }
        }
        let mut waves = Vec::new();
        while let Some(first) = left.pop_front() {
            let together = self.together(phase, first, &mut left);
            waves.push(self.wave(phase, together));
        }
        if !waves.is_empty() {
            let name = format!("undo {}", self.undone.plan.phases[phase].name);
            self.phases.push(Phase { name, enter: None, unchanged, waves });
        }
    }

    /// The first node, and of those that the run took down with it the ones that may be down together now. What is not
    /// well is mended alone.
    fn together(
        &self,
        phase: usize,
        first: (&'a str, Work),
        left: &mut VecDeque<(&'a str, Work)>,
    ) -> Vec<(&'a str, Work)> {
        let plan = self.undone.plan;
        let wave_of = |node: &str| {
            plan.steps.iter().find(|step| step.phase == phase && step.node == node).map(|step| step.wave)
        };
        let mut company = self.down.company(self.keep);
        let mut goes = |node: &str, work: &Work| {
            self.is_well(node) && self.member(node).is_some_and(|it| !work.restarts() || company.takes(it))
        };
        if !goes(first.0, &first.1) {
            return vec![first];
        }
        let wave = wave_of(first.0);
        gather(first, left, |(node, work)| wave_of(node) == wave && goes(node, work))
    }

    /// It runs, and no peer calls it down.
    fn is_well(&self, node: &str) -> bool {
        let runs = self.facts.node(node).is_some_and(|seen| seen.process.is_some());
        runs && !self.member(node).is_some_and(|member| self.down.has(member))
    }

    fn member(&self, node: &str) -> Option<&'a Member> {
        let address = self.inventory.nodes.iter().find(|known| known.name == node).map(|node| &node.address);
        self.facts.member_of(self.facts.node(node)?, address.map_or("", String::as_str))
    }

    fn begun(&self, phase: usize, node: &str) -> Vec<StepId> {
        let of_phase = |id: &StepId| self.undone.plan.steps[*id].phase == phase;
        let steps = (0..self.undone.plan.steps.len()).filter(of_phase);
        steps.filter(|id| is_begun(self.undone, *id, node)).collect()
    }

    fn work(&mut self, phase: usize, node: &str) -> Option<Work> {
        let begun = self.begun(phase, node);
        // A mark is taken away by whoever puts something back after which the node was seen healthy.
        if begun.is_empty() {
            return None;
        }
        let projected = self.nodes.get_mut(node)?;
        let (before, text_before) = (projected.options(), projected.text.clone());
        let policy_before = before.policy(&projected.facts);
        let served = projected.facts.shows.values().find_map(|shows| {
            Some(Served { leaf: shows.certificate.clone()?, issuers: shows.issuers.clone() })
        });
        let (mut restores, mut taken_up) = (Vec::new(), TakenUp::Not);
        // The last that was written first: a run that stops in between leaves a yaml that names no store that is gone.
        for id in begun.into_iter().rev() {
            let step = &self.undone.plan.steps[id].step;
            let is_first = matches!(taken_up, TakenUp::Not);
            match step {
                Step::Restart(restart) if is_first => taken_up = TakenUp::Restarted(restart.clone()),
                Step::Reload(_) if is_first => taken_up = TakenUp::Reloaded,
                Step::Restart(_) | Step::Reload(_) => {}
                Step::PushStore(_) | Step::EditYaml(_) | Step::RestoreFile(_) => {
                    restores.extend(restore(self.undone, id, projected));
                }
                Step::Hold(_) | Step::Confirm | Step::Pause(_) => {}
            }
        }
        for file in &restores {
            if let Some(text) = self.undone.texts.get(&(node.to_owned(), file.backup.clone())) {
                projected.text = text.clone();
            }
            projected.restore(file);
        }
        if restores.is_empty() && has_healed(&projected.facts, self.undone.run) {
            taken_up = TakenUp::Not;
        }
        // The mark of a run that is taken back is taken away.
        let owed = projected.facts.owed.take();
        let is_owed = owed.as_deref() == Some(self.undone.run);
        if restores.is_empty() && matches!(taken_up, TakenUp::Not) && !is_owed {
            return None;
        }
        let after = projected.options();
        let policy = after.policy(&projected.facts);
        let keystore_changes = after.keystore != before.keystore
            || restores.iter().any(|file| file.path == after.keystore || file.path == before.keystore);
        // What an unfinished run left loaded need not be what stands on disk.
        let is_known = !keystore_changes && owed.is_none();
        let wires = wires(&after, &projected.facts, served.filter(|_| is_known));
        if !is_known {
            // From here on it shows what was put back, which nobody has read.
            projected.facts.shows.clear();
        }
        self.warnings.extend(shuts_out(policy_before, policy).map(Into::into));
        let path = projected.facts.yaml.path.clone();
        let diff = diff::masked(&path, text_before.expose(), projected.text.expose());
        Some(Work { restores, taken_up, wires, diff })
    }

    fn wave(&mut self, phase: usize, works: Vec<(&'a str, Work)>) -> Wave {
        let number = self.steps.last().map_or(0, |step| step.wave + 1);
        let index = self.phases.len();
        let proof = self.proof(&works);
        let mut nodes = Vec::new();
        for (node, work) in works {
            let (restart, reload) = reasons(&work, self.facts.node(node));
            let changes = work.restores.iter().map(|file| Change::Restored {
                path: file.path.clone(),
                was: file.was.clone(),
                becomes: file.becomes.clone(),
            });
            nodes.push(NodeChange {
                node: node.to_owned(),
                changes: changes.collect(),
                restart,
                reload,
                ports: None,
                diff: work.diff.clone(),
            });
            let step = |step| PlannedStep { phase: index, wave: number, node: node.to_owned(), step };
            let gates = Gates::of(self.undone.plan, phase, node);
            self.steps.extend(path(work, gates).into_iter().map(step));
        }
        Wave { number, canary: false, proof, nodes }
    }

    fn proof(&mut self, works: &[(&'a str, Work)]) -> String {
        let restarted = works.iter().filter(|(_, work)| work.restarts());
        let restarted: Vec<_> = restarted.map(|(node, _)| (*node, self.member(node))).collect();
        let reloads = works.iter().any(|(_, work)| matches!(work.taken_up, TakenUp::Reloaded));
        let together = self.down.take_down(&restarted, reloads, self.keep);
        for (node, blocked) in together.blocked {
            let why: Vec<String> = blocked.iter().take(3).map(ToString::to_string).collect();
            let message = format!("`{node}` cannot be spared: {}", why.join("; "));
            let help = "bring the nodes that are down back first, then roll back again";
            self.problems.push(Diagnostic::new(&node, message).help(help));
        }
        together.proof
    }

    fn plan(self) -> Plan {
        Plan {
            format: PLAN_FORMAT,
            cluster: self.undone.plan.cluster.clone(),
            playbook: format!("rollback of {}", self.undone.run),
            at_once: self.undone.plan.at_once,
            // What fails on the way back is the operator's to mend.
            conduct: Conduct::default(),
            warnings: self.warnings.into_iter().collect(),
            // Stores that stood there before are not judged: they were good enough for the process that runs with them.
            findings: Vec::new(),
            seen: self.facts.nodes.iter().map(Seen::of).collect(),
            phases: self.phases,
            steps: self.steps,
        }
    }
}

/// What puts back the file that a step replaced; `None` if it stands as it did. Of a step that set owner and mode alone the
/// contents do not tell.
fn restore(undone: &Undone<'_>, id: StepId, projected: &Projected) -> Option<RestoreFile> {
    let write = undone.plan.steps[id].step.writes()?;
    let (backup, becomes) = undone.kept.get(&id)?.clone();
    let was = projected.sha256(write.path);
    (was != becomes || write.was == write.becomes).then(|| RestoreFile {
        store: write.store,
        path: write.path.to_owned(),
        backup,
        was,
        becomes,
    })
}

fn reasons(work: &Work, seen: Option<&NodeFacts>) -> (Vec<RestartReason>, Vec<StoreName>) {
    let stores: Vec<StoreName> = work.restores.iter().filter_map(|file| file.store).collect();
    match &work.taken_up {
        TakenUp::Not => (Vec::new(), Vec::new()),
        TakenUp::Reloaded => (Vec::new(), stores),
        TakenUp::Restarted(_) => {
            let mut reasons = Vec::new();
            let runs = seen.is_some_and(|seen| seen.process.is_some());
            reasons.extend((!runs).then_some(RestartReason::NotRunning));
            let of_yaml = work.restores.iter().any(|file| file.store.is_none());
            reasons.extend(of_yaml.then_some(RestartReason::SettingsChange));
            reasons.extend(stores.into_iter().map(|store| RestartReason::StoreChanges { store }));
            if reasons.is_empty() {
                reasons.push(RestartReason::Asked);
            }
            (reasons, Vec::new())
        }
    }
}

/// A node's path through its wave.
fn path(work: Work, gates: Gates) -> Vec<Step> {
    let mut path: Vec<Step> = work.restores.into_iter().map(Step::RestoreFile).collect();
    match work.taken_up {
        TakenUp::Not => {}
        TakenUp::Reloaded => {
            path.push(Step::Reload(Reload { stores: Vec::new() }));
            path.extend(gates.healthy.map(|hold| Step::Hold(showing(hold, &work.wires))));
        }
        TakenUp::Restarted(restart) => {
            path.extend(gates.spare.map(Step::Hold));
            path.push(Step::Restart(restart));
            path.extend(gates.healthy.map(|hold| Step::Hold(showing(hold, &work.wires))));
        }
    }
    path.push(Step::Confirm);
    path
}
