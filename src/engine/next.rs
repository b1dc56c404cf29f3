//! What to do now: a pure function of the run's state, so that a fresh run and a resumed one ask the same question.

use crate::journal::event::RunResult;
use crate::journal::state::{RunState, Status};
use crate::plan::StepId;
use crate::plan::conduct::Extent;
use std::collections::HashSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Every step that may begin now; none of them waits for another.
    Perform(Vec<StepId>),
    /// Nothing may begin before a running step ends.
    Wait,
    /// A node failed, no other is in work, and the playbook wishes so much of the run to be taken back.
    TakeBack(Extent),
    /// A node may be begun once the plan's window is open.
    Closed,
    Finish(RunResult),
}

/// Whether the plan's window lets nodes be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Open,
    Closed,
}

/// Waves run in order; within a wave a node's steps run in order, at most `at_once` nodes in work at a time. After a
/// failure or an interrupt, while the window is closed and while a pause is to be passed anew, no node is begun; nodes in
/// work are brought to their end, since a node left between two steps is worse than either.
pub fn next(state: &RunState, window: Window) -> Next {
    let stopping = state.winding_down || state.not_yet.is_some() || any_failed(state);
    let first = state.status.iter().position(|status| !matches!(status, Status::Done { .. }));
    let in_work = first.and_then(|first| in_work_behind(state, first));
    let wave = in_work.or(first).map(|step| Wave::of(state, step));
    let is_closed = window == Window::Closed;
    let begins_none = stopping || is_closed || in_work.is_some();
    let ready = wave.as_ref().map(|wave| wave.ready(state, begins_none)).unwrap_or_default();
    if !ready.is_empty() {
        Next::Perform(ready)
    } else if state.running().next().is_some() {
        Next::Wait
    } else if let Some(extent) = takes_back(state) {
        Next::TakeBack(extent)
    } else if is_closed && !stopping && wave.is_some() {
        Next::Closed
    } else {
        Next::Finish(result(state, wave.is_none()))
    }
}

/// Who interrupts a run decides for themselves. What failed and left its node as it was leaves nothing to be put back.
fn takes_back(state: &RunState) -> Option<Extent> {
    let wish = state.plan.conduct.takes_back().filter(|_| !state.winding_down && state.rollback.is_none())?;
    let extent = state.unasked(wish);
    if !state.a_node_failed() {
        return None;
    }
    let mut steps = state.steps_within(extent).into_iter();
    steps.any(|step| state.changed_its_node(step)).then_some(extent)
}

fn any_failed(state: &RunState) -> bool {
    state.status.iter().any(|status| matches!(status, Status::Failed { .. }))
}

fn result(state: &RunState, all_done: bool) -> RunResult {
    match (any_failed(state), state.changed_something()) {
        (true, true) => RunResult::StoppedMidway,
        (true, false) if state.rollback.is_some() => RunResult::Restored,
        (true, false) => RunResult::StoppedUnchanged,
        (false, _) if all_done => RunResult::Done,
        (false, _) if state.not_yet.is_some() && !state.winding_down => RunResult::Waiting,
        (false, _) => RunResult::Interrupted,
    }
}

/// The steps of one wave, by node, in the order of the plan.
struct Wave {
    nodes: Vec<Vec<StepId>>,
}

impl Wave {
    /// The one that a step stands in. A plan's steps stand wave by wave.
    fn of(state: &RunState, step: StepId) -> Wave {
        let steps = &state.plan.steps;
        let is_in_it = |id: &StepId| steps[*id].wave == steps[step].wave;
        let begins = (0..step).rev().take_while(is_in_it).last().unwrap_or(step);
        let mut nodes: Vec<Vec<StepId>> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for id in (begins..steps.len()).take_while(is_in_it) {
            let step = &steps[id];
            match names.iter().position(|name| *name == step.node) {
                Some(at) => nodes[at].push(id),
                None => {
                    names.push(&step.node);
                    nodes.push(vec![id]);
                }
            }
        }
        Wave { nodes }
    }

    fn ready(&self, state: &RunState, stopping: bool) -> Vec<StepId> {
        let in_work = self.nodes.iter().filter(|steps| is_in_work(state, steps)).count();
        let mut places = if stopping { 0 } else { state.plan.at_once.max(1).saturating_sub(in_work) };
        let mut ready = Vec::new();
        for steps in &self.nodes {
            let Some(step) = first_open(state, steps) else { continue };
            if is_in_work(state, steps) {
                ready.push(step);
            } else if places > 0 {
                places -= 1;
                ready.push(step);
            }
        }
        ready
    }
}

/// The first step of a node that was begun behind a pause which is open again: it is brought to its end before clients are
/// looked at.
fn in_work_behind(state: &RunState, pause: StepId) -> Option<StepId> {
    if !state.passed.contains(&pause) {
        return None;
    }
    let walk = |id: StepId| (state.plan.steps[id].wave, state.plan.steps[id].node.as_str());
    let behind = pause + 1..state.status.len();
    let begun: HashSet<_> = behind.clone().filter(|id| state.is_begun(*id)).map(walk).collect();
    let is_open =
        |id: &StepId| !matches!(state.status[*id], Status::Done { .. }) && begun.contains(&walk(*id));
    behind.into_iter().find(is_open)
}

/// Begun and not over: some step has started, some is not done, none has failed.
fn is_in_work(state: &RunState, steps: &[StepId]) -> bool {
    let begun = steps.iter().any(|step| state.is_begun(*step));
    let over = steps.iter().all(|step| matches!(state.status[*step], Status::Done { .. }));
    let failed = steps.iter().any(|step| matches!(state.status[*step], Status::Failed { .. }));
    begun && !over && !failed
}

/// The node's next step, if it is not running and nothing before it failed.
fn first_open(state: &RunState, steps: &[StepId]) -> Option<StepId> {
    let step = steps.iter().copied().find(|step| !matches!(state.status[*step], Status::Done { .. }))?;
    matches!(state.status[step], Status::Waiting).then_some(step)
}
