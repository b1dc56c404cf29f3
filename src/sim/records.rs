//! The journal of a simulated run, in memory: it ends where the controller is killed.

use super::judge::Mutation;
use crate::engine::Record;
use crate::journal::event::StepEvent;
use crate::journal::file::JournalError;
use crate::journal::state::{OutOfOrder, RunState};
use jiff::Timestamp;

/// The events of a run, with their times.
pub type Events = Vec<(Timestamp, StepEvent)>;

/// When the controller dies: after so many records, the last of them on disk or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    pub after_records: usize,
    pub recorded: bool,
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
        let after =
            |kill: Kill| Kill { after_records: kill.after_records + acknowledged.saturating_sub(1), ..kill };
        Records { kill: kill.map(after), events, mutation, acknowledged }
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
        let dies = self.kill.filter(|kill| self.events.len() == kill.after_records);
        let is_forgotten = self.mutation == Mutation::ForgetsARecord
            && matches!(event, StepEvent::StepFinished { step: 3, .. });
        if dies.is_none_or(|kill| kill.recorded) && !is_forgotten {
            self.events.push((at, event.clone()));
        }
        match dies {
            Some(_) => Err(JournalError::Closed { path: "/killed".into() }),
            None => {
                self.acknowledged = self.events.len();
                Ok(())
            }
        }
    }
}
