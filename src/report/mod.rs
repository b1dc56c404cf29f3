//! Events to people and machines; reads events and state, never a host.
//!
//! A run that goes on and a journal from last year are shown by the same reporters.

pub mod clients; // who is connected, and how
pub mod audit; // what is right and wrong with the TLS of every node
pub mod inspect; // what a store holds, or a port serves
pub mod json; // one event a line, for programs
mod lines; // what an event is to a reader
pub mod lock; // who holds each node
mod names; // many node names in few words
pub mod plain; // lines, where there is no terminal
pub mod plan; // a plan, for the one who has to say yes
pub mod rehearsal; // what came of a plan that was played on a copy
mod rollback; // what became of the wish to take a run back
pub mod runs; // the runs that were made here
pub mod screen; // width and colour
pub mod summary; // how a run left the cluster
mod table; // columns
pub mod terminal; // live bars
pub mod stores; // what was made for nodes and clients
mod track; // where each node of a run stands
mod words; // hashes, times and reasons as a person says them

use crate::journal::event::{Event, StepEvent};
use crate::journal::state::{OutOfOrder, RunState};
use jiff::Timestamp;
pub use screen::{Color, Screen};

/// Whoever shows a run.
pub trait Reporter: Send {
    /// One event, and the state it led to.
    fn event(&mut self, event: &Event, state: &RunState);

    /// No event follows: the run is over, or was left.
    fn finish(&mut self, state: &RunState);
}

/// Shows a journal as if it happened now; gives the state it ends in, `None` for a journal without events.
pub fn replay(
    events: &[(Timestamp, StepEvent)],
    reporter: &mut dyn Reporter,
) -> Result<Option<RunState>, OutOfOrder> {
    let Some(((at, first), rest)) = events.split_first() else {
        return Ok(None);
    };
    let mut state = RunState::begin(*at, first)?;
    reporter.event(&Event::Step { at: *at, event: first.clone() }, &state);
    for (at, event) in rest {
        state.apply(*at, event)?;
        reporter.event(&Event::Step { at: *at, event: event.clone() }, &state);
    }
    reporter.finish(&state);
    Ok(Some(state))
}

/// The reporter for `--output text`: live bars where standard output is a terminal, plain lines elsewhere.
pub fn text(color: Color) -> Box<dyn Reporter> {
    let term = console::Term::stdout();
    let screen = Screen::of_stdout(color);
    match term.is_term() && !screen::is_dumb() {
        true => Box::new(terminal::Terminal::stdout(screen)),
        false => Box::new(plain::Plain::new(std::io::stdout(), screen)),
    }
}
