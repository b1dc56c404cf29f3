//! Changes into ordered waves: canaries first, each alone, then node after node or as many as may be down together; each
//! wave with what makes it safe.

use super::change::RestartReason;
use super::down::{Down, gather};
use super::pauses;
use super::step::{Gate, Hold, Pause, Reload, Restart, Step, Wire};
use super::work::Work;
use super::{Phase, PlannedStep, Wave};
use crate::facts::Facts;
use crate::facts::placement::Member;
use crate::facts::ring::Blocked;
use crate::input::Input;
use crate::input::inventory::Node;
use crate::input::playbook::Waves;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// The nodes that one phase changes, in the order of the inventory.
pub struct PhaseWork<'a> {
    pub name: String,
    pub unchanged: Vec<String>,
    pub works: Vec<(&'a Node, Work)>,
}

/// Phases, steps and warnings; or, by node, why its turn cannot come.
pub struct Ordered {
    pub phases: Vec<Phase>,
    pub steps: Vec<PlannedStep>,
    pub warnings: BTreeSet<String>,
    pub blocked: Vec<(String, Vec<Blocked>)>,
}

pub fn order(input: &Input, facts: &Facts, phases: Vec<PhaseWork<'_>>) -> Ordered {
    let mut line = Line { input, facts, down: Down::of(facts) };
    let mut ordered =
        Ordered { phases: Vec::new(), steps: Vec::new(), warnings: BTreeSet::new(), blocked: Vec::new() };
    for (index, work) in phases.into_iter().enumerate() {
        line.phase(index, work, &mut ordered);
    }
    ordered
}

impl Ordered {
    fn next_wave(&self) -> usize {
        self.steps.last().map_or(0, |step| step.wave + 1)
    }

    /// A pause has a wave of its own, and is on no node.
    fn pause(&mut self, phase: usize, pause: Option<Pause>) {
        let wave = self.next_wave();
        let step = |pause| PlannedStep { phase, wave, node: String::new(), step: Step::Pause(pause) };
        self.steps.extend(pause.map(step));
    }
}

/// Where the plan has got to: who will be down still.
struct Line<'a> {
    input: &'a Input,
    facts: &'a Facts,
    down: Down<'a>,
}

impl Line<'_> {
    fn phase(&mut self, index: usize, phase: PhaseWork<'_>, ordered: &mut Ordered) {
        let mut works = phase.works;
        // A node that does not run is mended first: while it is down, no other that shares its ranges can be spared.
        works.sort_by_key(|(_, work)| !is_mended(work));
        let mut left: VecDeque<(&Node, Work)> = works.into();
        let mut waves: Vec<Wave> = Vec::new();
        let enter = self.enter(index, left.is_empty(), ordered);
        // Every phase has its own: what it changes is new to the cluster. A node that is not restarted shows nothing.
        let mut canaries_left = self.input.playbook.rollout.canary;
        while let Some(first) = left.pop_front() {
            let canary = canaries_left > 0 && takes_it_up(&first.1);
            if let Some(before) = waves.last() {
                let pause_after = self.input.playbook.rollout.pause_after;
                let pause = pauses::after_wave(pause_after, &phase.name, before.canary && !canary);
                ordered.pause(index, pause);
            }
            let number = ordered.next_wave();
            canaries_left -= u32::from(canary);
            let nodes = match canary {
                true => vec![first],
                // A canary that is still to come comes before all others that show anything.
                false if canaries_left > 0 => gather(first, &mut left, |(_, work)| !takes_it_up(work)),
                false => self.together(first, &mut left),
            };
            let proof = self.proof(&nodes, ordered);
            for (node, work) in &nodes {
                let step = |step| PlannedStep { phase: index, wave: number, node: node.name.clone(), step };
                ordered.steps.extend(self.path(work, canary).into_iter().map(step));
            }
            let nodes = nodes.into_iter().map(|(_, work)| work.change).collect();
            waves.push(Wave { number, canary, proof, nodes });
        }
        ordered.phases.push(Phase { name: phase.name, enter, unchanged: phase.unchanged, waves });
    }

    /// The first node, and of those that are left the ones that may be down at the same time; the others stay in their
    /// order. What does not run is mended alone: it shares its ranges with whoever comes after it.
    fn together<'n>(
        &self,
        first: (&'n Node, Work),
        left: &mut VecDeque<(&'n Node, Work)>,
    ) -> Vec<(&'n Node, Work)> {
        let rollout = &self.input.playbook.rollout;
        let rack_of = |node| member(self.facts, node).map(|member| (&member.datacenter, &member.rack));
        let rack = rack_of(first.0);
        let is_in_reach = |node| match rollout.waves {
            Waves::Node => false,
            Waves::Rack => rack_of(node) == rack,
            Waves::Ring => true,
        };
        let mut company = self.down.company(rollout.keep_available);
        let mut goes = |node: &Node, work: &Work| {
            member(self.facts, node).is_some_and(|member| !goes_down(work) || company.takes(member))
        };
        let is_alone = rollout.waves == Waves::Node || is_mended(&first.1) || !goes(first.0, &first.1);
        if is_alone {
            return vec![first];
        }
        gather(first, left, |(node, work)| is_in_reach(node) && !is_mended(work) && goes(node, work))
    }

    /// Puts the pauses before a phase; says what is waited for. Nothing is, where every node is as wished.
    fn enter(&self, index: usize, is_idle: bool, ordered: &mut Ordered) -> Option<String> {
        let phase = &self.input.playbook.phases[index];
        if is_idle {
            return None;
        }
        let pause_after = self.input.playbook.rollout.pause_after;
        let last = ordered.phases.iter().rev().find_map(|phase| phase.waves.last());
        let had_canaries_alone = last.is_some_and(|wave| wave.canary);
        let another = pauses::after_phase(pause_after, phase, had_canaries_alone);
        let another = another.filter(|_| !ordered.steps.is_empty());
        let own = pauses::before(phase);
        let told = own.as_ref().or(another.as_ref()).map(ToString::to_string);
        ordered.pause(index, own);
        ordered.pause(index, another);
        told
    }

    /// What makes it safe to take these nodes down together; notes in `ordered` what does not.
    fn proof(&mut self, nodes: &[(&Node, Work)], ordered: &mut Ordered) -> String {
        let restarted = nodes.iter().filter(|(_, work)| goes_down(work));
        let restarted: Vec<(&str, Option<&Member>)> =
            restarted.map(|(node, _)| (node.name.as_str(), member(self.facts, node))).collect();
        let reloads = nodes.iter().any(|(_, work)| !work.change.reload.is_empty());
        let keep = self.input.playbook.rollout.keep_available;
        let together = self.down.take_down(&restarted, reloads, keep);
        ordered.warnings.extend(together.unprotected);
        ordered.blocked.extend(together.blocked);
        together.proof
    }

    /// A node's path through its wave.
    fn path(&self, work: &Work, canary: bool) -> Vec<Step> {
        let rollout = &self.input.playbook.rollout;
        // The deadline is for what does not pass; what takes its time by nature is given that time too.
        let hold = |gates, looks, at_least: Duration, by_nature: Duration| {
            let deadline = rollout.timeouts.hold + by_nature;
            Step::Hold(Hold { gates, looks, deadline_s: deadline.as_secs(), at_least_s: at_least.as_secs() })
        };
        let mut path: Vec<Step> = work.pushes.iter().cloned().map(Step::PushStore).collect();
        path.extend(work.edit.clone().map(Step::EditYaml));
        if !work.change.restart.is_empty() {
            let spared = vec![Gate::CanBeSpared { keep: rollout.keep_available }];
            path.push(hold(spared, 1, Duration::ZERO, Duration::ZERO));
            // A restart that changes no file has nothing to put back.
            let heals = rollout.self_heal && (!work.pushes.is_empty() || work.edit.is_some());
            path.push(Step::Restart(Restart {
                clients_s: rollout.timeouts.clients.as_secs(),
                drain_s: rollout.timeouts.drain.as_secs(),
                stop_s: rollout.timeouts.stop.as_secs(),
                start_s: rollout.timeouts.start.as_secs(),
                heal_s: heals.then(|| rollout.timeouts.heal().as_secs()),
            }));
            let mut gates = vec![Gate::NodeIsUp, Gate::CqlAnswers];
            gates.extend(work.wires.iter().cloned().flat_map(Wire::gates));
            gates.extend(work.internode.clone().map(Gate::InternodeIsRight));
            gates.extend([Gate::PeersSeeItUp, Gate::SchemaAgrees]);
            let look = if canary { rollout.canary_look } else { Duration::ZERO };
            // The job ends with the new process; that replays its commit log before it answers.
            path.push(hold(gates, rollout.steady_looks, look, rollout.timeouts.start + look));
        }
        if !work.change.reload.is_empty() {
            path.push(Step::Reload(Reload { stores: work.pushes.clone() }));
            let mut gates = vec![Gate::CqlAnswers];
            gates.extend(work.wires.iter().cloned().flat_map(Wire::gates));
            let look = if canary { rollout.canary_look } else { Duration::ZERO };
            path.push(hold(gates, rollout.steady_looks, look, look));
        }
        path.push(Step::Confirm);
        path
    }
}

fn member<'f>(facts: &'f Facts, node: &Node) -> Option<&'f Member> {
    facts.node(&node.name).and_then(|seen| facts.member_of(seen, &node.address))
}

/// Whether Cassandra comes to use what the phase brings.
fn takes_it_up(work: &Work) -> bool {
    goes_down(work) || !work.change.reload.is_empty()
}

fn goes_down(work: &Work) -> bool {
    !work.change.restart.is_empty()
}

/// Whether Cassandra does not run there and is to be started.
fn is_mended(work: &Work) -> bool {
    work.change.restart.contains(&RestartReason::NotRunning)
}
