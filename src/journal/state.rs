//! Everything there is to know about a run: the fold of its step events.

use super::event::{Kept, Outcome, RunResult, StepEvent};
use crate::plan::{Plan, StepId};
use jiff::Timestamp;

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
    pub kept: Kept,
}

/// A run as its events made it. `apply` is the only place where it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    pub run: String,
    pub operator: String,
    pub started: Timestamp,
    pub plan: Plan,
    /// One for each step of the plan.
    pub status: Vec<Status>,
    pub touched: Vec<Touched>,
    /// The operator asked to stop.
    pub winding_down: bool,
    pub finished: Option<(Timestamp, RunResult)>,
}

/// An event that cannot follow the ones before it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct OutOfOrder(pub String);

impl RunState {
    /// The state that a run's first event makes.
    pub fn begin(at: Timestamp, event: &StepEvent) -> Result<RunState, OutOfOrder> {
        match event {
            StepEvent::RunStarted { run, operator, plan } => Ok(RunState {
                run: run.clone(),
                operator: operator.clone(),
                started: at,
                status: vec![Status::Waiting; plan.steps.len()],
                plan: (**plan).clone(),
                touched: Vec::new(),
                winding_down: false,
                finished: None,
            }),
            _ => Err(OutOfOrder("a run begins with `run_started`".into())),
        }
    }

    /// Folds one more event in; refuses one that cannot follow.
    pub fn apply(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), OutOfOrder> {
        if self.finished.is_some() {
            return Err(OutOfOrder("nothing happens after `run_finished`".into()));
        }
        match event {
            StepEvent::RunStarted { .. } => Err(OutOfOrder("a run starts once".into())),
            StepEvent::StepStarted { step, kept } => self.start(at, *step, kept.as_ref()),
            StepEvent::StepFinished { step, outcome } => self.finish(at, *step, outcome),
            StepEvent::Interrupted => {
                self.winding_down = true;
                Ok(())
            }
            StepEvent::RunFinished { result } => {
                self.finished = Some((at, *result));
                Ok(())
            }
        }
    }

    fn start(&mut self, at: Timestamp, step: StepId, kept: Option<&Kept>) -> Result<(), OutOfOrder> {
        // Started twice: a run that was killed in the step and resumed. The first backup is the true one.
        match self.status.get(step) {
            Some(Status::Waiting) => {
                let node = self.plan.steps[step].node.clone();
                self.touched.extend(kept.map(|kept| Touched { node, kept: kept.clone() }));
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
        self.status[step] = match outcome.clone() {
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

    /// Whether any step that changes a node was begun, but for those that are known to have left it as it was.
    pub fn changed_something(&self) -> bool {
        let may_have_acted = |step: StepId| match &self.status[step] {
            Status::Waiting => false,
            Status::Started { .. } | Status::Done { .. } => true,
            Status::Failed { unchanged, .. } => !unchanged,
        };
        (0..self.status.len())
            .any(|step| may_have_acted(step) && self.plan.steps[step].step.changes_the_node())
    }

    /// The whole plan was carried out on this node.
    pub fn node_is_done(&self, node: &str) -> bool {
        let mut steps =
            self.plan.steps.iter().zip(&self.status).filter(|(step, _)| step.node == node).peekable();
        steps.peek().is_some() && steps.all(|(_, status)| matches!(status, Status::Done { .. }))
    }
}
