//! Everything there is to know about a run: the fold of its step events.

use super::event::{Kept, Origin, Outcome, RunResult, StepEvent};
use super::rollback::Rollback;
use crate::plan::stand::Progress;
use crate::plan::step::Step;
use crate::plan::{Plan, StepId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    Waiting,
    Started { at: Timestamp },
    Done { started: Timestamp, at: Timestamp, seen: String },
    Failed { started: Timestamp, at: Timestamp, why: String, help: String, log: Vec<String>, unchanged: bool },
}

/// What a step changed on a node, and where the old file is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    pub node: String,
    pub step: StepId,
    pub kept: Kept,
}

/// A run as its events made it. `apply` is the only place where it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    pub run: String,
    pub operator: String,
    pub started: Timestamp,
    pub origin: Origin,
    pub plan: Plan,
    /// One for each step of the plan.
    pub status: Vec<Status>,
    /// One for each step of the plan: how often it was begun in vain, since it or a later step of its walk failed.
    pub tries: Vec<u32>,
    pub touched: Vec<Touched>,
    /// Steps of walks that failed and are open again, where their nodes bear what they did: such a node is in work.
    pub half_done: BTreeSet<StepId>,
    /// Pauses that were passed. One that is open again looks at clients once more, and needs no second yes.
    pub passed: BTreeSet<StepId>,
    /// The operator asked to stop.
    pub winding_down: bool,
    /// The pause that the run ended at, or the step that its window keeps from being begun, until it is resumed.
    pub not_yet: Option<NotYet>,
    /// Once a node failed, where the playbook wishes it.
    pub rollback: Option<Rollback>,
    pub finished: Option<(Timestamp, RunResult)>,
}

/// Why a pause did not let the run go on, or a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotYet {
    pub step: StepId,
    pub why: String,
    pub help: String,
    /// The plan's window is closed: the step was not begun.
    pub closed: bool,
}

/// An event that cannot follow the ones before it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct OutOfOrder(pub String);

impl RunState {
    /// Takes up an event; the first one makes the state.
    pub fn fold(state: &mut Option<RunState>, at: Timestamp, event: &StepEvent) -> Result<(), OutOfOrder> {
        match state {
            Some(state) => state.apply(at, event),
            None => {
                *state = Some(RunState::begin(at, event)?);
                Ok(())
            }
        }
    }

    /// The state that a run's first event makes.
    pub fn begin(at: Timestamp, event: &StepEvent) -> Result<RunState, OutOfOrder> {
        match event {
            StepEvent::RunStarted { run, operator, origin, plan } => Ok(RunState {
                run: run.clone(),
                operator: operator.clone(),
                started: at,
                origin: origin.clone(),
                status: vec![Status::Waiting; plan.steps.len()],
                tries: vec![0; plan.steps.len()],
                plan: (**plan).clone(),
                touched: Vec::new(),
                half_done: BTreeSet::new(),
                passed: BTreeSet::new(),
                winding_down: false,
                not_yet: None,
                rollback: None,
                finished: None,
            }),
            StepEvent::Resumed { .. }
            | StepEvent::StepStarted { .. }
            | StepEvent::StepFinished { .. }
            | StepEvent::Interrupted
            | StepEvent::WindowClosed { .. }
            | StepEvent::WindowOpened
            | StepEvent::RollbackPlanned { .. }
            | StepEvent::RollbackRefused { .. }
            | StepEvent::RollbackEnded { .. }
            | StepEvent::RunFinished { .. } => Err(OutOfOrder("a run begins with `run_started`".into())),
        }
    }

    /// Folds one more event in; refuses one that cannot follow.
    pub fn apply(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), OutOfOrder> {
        if self.finished.is_some() && !matches!(event, StepEvent::Resumed { .. }) {
            return Err(OutOfOrder("nothing happens after `run_finished` but `resumed`".into()));
        }
        match event {
            StepEvent::RunStarted { .. } => Err(OutOfOrder("a run starts once".into())),
            StepEvent::Resumed { .. } => self.resume(),
            StepEvent::StepStarted { step, kept } => self.start(at, *step, kept.as_ref()),
            StepEvent::StepFinished { step, outcome } => self.finish(at, *step, outcome),
            StepEvent::Interrupted => {
                self.winding_down = true;
                Ok(())
            }
            StepEvent::WindowClosed { opens } => self.close(*opens),
            StepEvent::WindowOpened => {
                self.look_at_clients_again();
                Ok(())
            }
            StepEvent::RollbackPlanned { extent, run, nodes } => {
                let (extent, run, nodes) = (*extent, run.clone(), nodes.clone());
                let steps = self.steps_within(extent);
                self.plan_rollback(Rollback::Planned { extent, run, nodes, steps, result: None })
            }
            StepEvent::RollbackRefused { why } => self.plan_rollback(Rollback::Refused { why: why.clone() }),
            StepEvent::RollbackEnded { result } => self.end_rollback(*result),
            StepEvent::RunFinished { result } => {
                self.finished = Some((at, *result));
                Ok(())
            }
        }
    }

    /// A node whose walk failed walks it again from its beginning: what is done is found done, and what a later step
    /// showed to be wrong (a process that did not come up, a store that was refused) is done anew.
    fn resume(&mut self) -> Result<(), OutOfOrder> {
        if matches!(self.finished, Some((_, RunResult::Done))) {
            return Err(OutOfOrder("a run that is done cannot be resumed".into()));
        }
        if self.was_taken_back() {
            return Err(OutOfOrder("a run that was taken back cannot be resumed".into()));
        }
        self.finished = None;
        self.winding_down = false;
        self.not_yet = None;
        let rollback = self.rollback.take();
        let is_put_back =
            |step: StepId| rollback.as_ref().is_some_and(|rollback| rollback.has_put_back(step));
        let walks = self.failed_walks();
        for (id, step) in self.plan.steps.iter().enumerate() {
            let is_open_again = !matches!(self.status[id], Status::Waiting)
                && walks.contains(&(step.wave, step.node.clone()));
            if is_open_again {
                let acted = match &self.status[id] {
                    Status::Waiting => false,
                    Status::Started { .. } | Status::Done { .. } => true,
                    Status::Failed { unchanged, .. } => !unchanged,
                };
                self.tries[id] += u32::from(acted);
                self.status[id] = Status::Waiting;
                match acted && !is_put_back(id) {
                    true => self.half_done.insert(id),
                    false => self.half_done.remove(&id),
                };
            }
        }
        self.look_at_clients_again();
        Ok(())
    }

    /// Time has passed since clients were looked at: a pause that waited for them is to be passed anew, as long as its phase
    /// has nodes that are not begun.
    fn look_at_clients_again(&mut self) {
        let is_stale = |id: &StepId| {
            let waits = matches!(&self.plan.steps[*id].step, Step::Pause(pause) if pause.clients.is_some());
            waits && matches!(self.status[*id], Status::Done { .. }) && self.has_more_to_begin(*id)
        };
        let stale: Vec<StepId> = self.passed.iter().copied().filter(is_stale).collect();
        stale.into_iter().for_each(|id| self.status[id] = Status::Waiting);
    }

    /// Whether nodes are left in the phase of this pause that are not begun.
    fn has_more_to_begin(&self, pause: StepId) -> bool {
        let phase = self.plan.steps[pause].phase;
        let behind = self.plan.steps.iter().enumerate().skip(pause + 1);
        let of_phase = behind.filter(|(_, step)| step.phase == phase && step.on_node().is_some());
        let walks = of_phase.map(|(id, step)| ((step.wave, step.node.as_str()), self.is_begun(id)));
        let mut begun: BTreeMap<(usize, &str), bool> = BTreeMap::new();
        walks.for_each(|(walk, is_begun)| *begun.entry(walk).or_default() |= is_begun);
        begun.values().any(|is_begun| !is_begun)
    }

    /// Whether its node bears, or may bear, what it did.
    pub fn is_begun(&self, step: StepId) -> bool {
        !matches!(self.status[step], Status::Waiting) || self.half_done.contains(&step)
    }

    fn close(&mut self, opens: Timestamp) -> Result<(), OutOfOrder> {
        let is_open = |status: &Status| matches!(status, Status::Waiting);
        let (Some(window), Some(step)) = (&self.plan.conduct.window, self.status.iter().position(is_open))
        else {
            return Err(OutOfOrder("a window is closed that the plan does not have, or need".into()));
        };
        let why = format!(
            "nodes are begun within {window} only, next {}",
            opens.strftime("on %a %Y-%m-%d at %H:%M UTC")
        );
        let help = format!("`ringwalk resume {}` goes on then", self.run);
        self.not_yet = Some(NotYet { step, why, help, closed: true });
        Ok(())
    }

    fn start(&mut self, at: Timestamp, step: StepId, kept: Option<&Kept>) -> Result<(), OutOfOrder> {
        // Started twice: a run that was killed in the step and resumed. The first backup is the true one.
        match self.status.get(step) {
            Some(Status::Waiting) => {
                let node = self.plan.steps[step].node.clone();
                let is_new = !self.touched.iter().any(|touched| touched.step == step);
                let kept = kept.filter(|_| is_new);
                self.touched.extend(kept.map(|kept| Touched { node, step, kept: kept.clone() }));
            }
            Some(Status::Started { .. }) => {}
            _ => return Err(OutOfOrder(format!("step {step} cannot start: it is over, or not in the plan"))),
        }
        self.status[step] = Status::Started { at };
        Ok(())
    }

    fn finish(&mut self, at: Timestamp, step: StepId, outcome: &Outcome) -> Result<(), OutOfOrder> {
        let Some(Status::Started { at: started }) = self.status.get(step).cloned() else {
            return Err(OutOfOrder(format!("step {step} cannot end: it did not start")));
        };
        let is_passed =
            matches!((outcome, &self.plan.steps[step].step), (Outcome::Done { .. }, Step::Pause(_)));
        self.passed.extend(is_passed.then_some(step));
        self.status[step] = match outcome.clone() {
            Outcome::NotYet { why, help } => {
                self.not_yet = Some(NotYet { step, why, help, closed: false });
                Status::Waiting
            }
            Outcome::Done { seen } => Status::Done { started, at, seen },
            Outcome::Failed { why, help, log, unchanged } => {
                Status::Failed { started, at, why, help, log, unchanged }
            }
        };
        Ok(())
    }

    /// Steps whose intent is on record and whose end is not.
    pub fn running(&self) -> impl Iterator<Item = StepId> + '_ {
        self.status
            .iter()
            .enumerate()
            .filter(|(_, s)| matches!(s, Status::Started { .. }))
            .map(|(step, _)| step)
    }

    /// Whether any step that changes a node was begun, but for those that are known to have left it as it was, or to be
    /// taken back.
    pub fn changed_something(&self) -> bool {
        (0..self.status.len()).any(|step| self.changed_its_node(step) && !self.is_put_back(step))
    }

    /// Whether the step may have left something different on its node.
    pub fn changed_its_node(&self, step: StepId) -> bool {
        self.may_have_acted(step) && self.plan.steps[step].step.changes_the_node()
    }

    fn may_have_acted(&self, step: StepId) -> bool {
        match &self.status[step] {
            Status::Waiting => self.tries[step] > 0,
            Status::Started { .. } | Status::Done { .. } => true,
            Status::Failed { unchanged, .. } => !unchanged,
        }
    }

    /// How far a step got, as far as its node may show it.
    pub fn progress(&self, step: StepId) -> Progress {
        match self.status[step] {
            Status::Waiting if self.tries[step] == 0 => Progress::NotBegun,
            _ if self.is_put_back(step) => Progress::NotBegun,
            Status::Waiting | Status::Started { .. } | Status::Failed { .. } => Progress::Perhaps,
            Status::Done { .. } if self.is_being_put_back(step) => Progress::Perhaps,
            Status::Done { .. } => Progress::Done,
        }
    }

    /// How far each step got.
    pub fn progresses(&self) -> Vec<Progress> {
        (0..self.status.len()).map(|step| self.progress(step)).collect()
    }

    /// The whole plan was carried out on this node.
    pub fn node_is_done(&self, node: &str) -> bool {
        let mut steps =
            self.plan.steps.iter().zip(&self.status).filter(|(step, _)| step.node == node).peekable();
        steps.peek().is_some() && steps.all(|(_, status)| matches!(status, Status::Done { .. }))
    }
}
