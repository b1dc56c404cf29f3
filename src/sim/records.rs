//! The journal of a simulated run, in memory: it ends where the controller is killed.

use super::judge::Mutation;
use crate::engine::Record;
use crate::journal::event::StepEvent;
use crate::journal::file::JournalError;
use crate::journal::state::{OutOfOrder, RunState};
use crate::plan::step::Step;
use jiff::Timestamp;

/// The events of a run, with their times.
pub type Events = Vec<(Timestamp, StepEvent)>;

/// When the controller dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// After so many records, the last of them on disk or not.
    After { records: usize, recorded: bool },
    /// As this node, by its place in the inventory, has been restarted, and before that is on record.
    AfterRestartOf { node: usize },
}

/// Before a record is on disk, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    Before,
    After,
}

pub struct Records {
    pub events: Events,
    kill: Option<Kill>,
    mutation: Mutation,
    /// How many of the events the run knows to be on disk.
    acknowledged: usize,
}

impl Records {
    /// `kill` counts from what the journal holds now.
    pub fn new(events: Events, kill: Option<Kill>, mutation: Mutation) -> Records {
        let acknowledged = events.len();
        let kill = kill.map(|kill| match kill {
            Kill::After { records, recorded } => {
                Kill::After { records: records + acknowledged.saturating_sub(1), recorded }
            }
            Kill::AfterRestartOf { .. } => kill,
        });
        Records { kill, events, mutation, acknowledged }
    }

    /// Whether the controller dies of this record.
    fn dies(&self, event: &StepEvent) -> Option<Dies> {
        match self.kill? {
            Kill::After { records, recorded } => {
                let dies = if recorded { Dies::After } else { Dies::Before };
                (self.events.len() == records).then_some(dies)
            }
            Kill::AfterRestartOf { node } => {
                let StepEvent::StepFinished { step, .. } = event else { return None };
                let Some((_, StepEvent::RunStarted { plan, .. })) = self.events.first() else { return None };
                let planned = &plan.steps[*step];
                let is_it = plan.seen.get(node).is_some_and(|seen| seen.node == planned.node);
                (is_it && matches!(planned.step, Step::Restart(_))).then_some(Dies::Before)
            }
        }
    }

    /// Whether what the run knows to be on disk makes the state that it holds.
    pub fn fold_into(&self, live: &RunState) -> bool {
        fold(&self.events[..self.acknowledged]).is_ok_and(|folded| folded.as_ref() == Some(live))
    }
}

/// The state that events make; `None` for none.
pub fn fold(events: &[(Timestamp, StepEvent)]) -> Result<Option<RunState>, OutOfOrder> {
    let mut state = None;
    events.iter().try_for_each(|(at, event)| RunState::fold(&mut state, *at, event))?;
    Ok(state)
}

impl Record for Records {
    fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError> {
        let dies = self.dies(event);
        let is_forgotten = self.mutation == Mutation::ForgetsARecord
            && matches!(event, StepEvent::StepFinished { step: 3, .. });
        if dies != Some(Dies::Before) && !is_forgotten {
            self.events.push((at, event.clone()));
        }
        match dies {
            Some(Dies::Before | Dies::After) => Err(JournalError::Closed { path: "/killed".into() }),
            None => {
                self.acknowledged = self.events.len();
                Ok(())
            }
        }
    }
}
