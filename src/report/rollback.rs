//! What became of the playbook's wish to take a run back after a failure: in its lines, and in its last words.

use super::words::{count, printable};
use super::{Screen, names};
use crate::journal::event::{RunResult, StepEvent};
use crate::journal::rollback::Rollback;
use crate::journal::state::RunState;
use crate::plan::conduct::Extent;

/// The line of an event that tells of it.
pub fn line(event: &StepEvent, state: &RunState, screen: Screen) -> Option<String> {
    match event {
        StepEvent::RollbackPlanned { extent, run, nodes } => Some(match (extent, run) {
            (_, None) => "nothing is to be put back: every node is as it was before".into(),
            (Extent::Failed, Some(run)) => {
                format!("{} is put back as it was before, by run {run}", listed(nodes))
            }
            (Extent::Run, Some(run)) => {
                format!("all that the run did is taken back, on {}, by run {run}", count(nodes.len(), "node"))
            }
            (Extent::SincePause, Some(run)) => format!(
                "what the run did since its last pause is taken back, on {}, by run {run}",
                count(nodes.len(), "node")
            ),
        }),
        StepEvent::RollbackRefused { why } => {
            Some(format!("{}: {}", screen.red("cannot be put back"), printable(why)))
        }
        StepEvent::RollbackEnded { result } => Some(match result {
            RunResult::Done => format!("{}: {}", screen.green("put back"), listed(&nodes_of(state))),
            RunResult::StoppedUnchanged
            | RunResult::StoppedMidway
            | RunResult::Restored
            | RunResult::Interrupted
            | RunResult::Waiting => screen.red("not all was put back"),
        }),
        StepEvent::RunStarted { .. }
        | StepEvent::Resumed { .. }
        | StepEvent::StepStarted { .. }
        | StepEvent::StepFinished { .. }
        | StepEvent::Interrupted
        | StepEvent::WindowClosed { .. }
        | StepEvent::WindowOpened
        | StepEvent::RunFinished { .. } => None,
    }
}

/// For the summary; nothing where the playbook wishes nothing.
pub fn last_words(state: &RunState, screen: Screen) -> String {
    let text = match &state.rollback {
        None => return String::new(),
        Some(Rollback::Refused { why }) => format!("not put back: {}", printable(why)),
        Some(Rollback::Planned { run: None, .. }) => "every node is as it was before".into(),
        Some(Rollback::Planned { run: Some(run), nodes, result: Some(RunResult::Done), .. }) => {
            format!("{} by run {run}", listed(nodes))
        }
        Some(Rollback::Planned { run: Some(run), nodes, .. }) => {
            format!("{} by run {run}, which has not come to its end", listed(nodes))
        }
    };
    screen.wrap("\nput back: ", &text)
}

/// What to type next, where it is about that.
pub fn next(state: &RunState) -> Option<String> {
    let run = &state.run;
    match state.rollback.as_ref()? {
        Rollback::Refused { .. } => None,
        Rollback::Planned { result: Some(RunResult::Done), extent, .. } => Some(match extent {
            Extent::Run => "mend the cause, then run `ringwalk plan` again".into(),
            Extent::SincePause => format!(
                "mend the cause, then run `ringwalk plan` again: it goes on from where the pause was; `ringwalk rollback \
                 {run}` takes back what came before it"
            ),
            Extent::Failed if state.changed_something() => format!(
                "mend the cause; then `ringwalk resume {run}` tries what failed once more and goes on, `ringwalk plan` \
                 goes by what is there now, `ringwalk rollback {run}` takes the other nodes back"
            ),
            Extent::Failed => {
                format!(
                    "mend the cause; then `ringwalk resume {run}` tries it once more, or run `ringwalk plan` again"
                )
            }
        }),
        Rollback::Planned { run: back, .. } => Some(match back {
            Some(back) => {
                format!("mend what stopped it, then `ringwalk resume {back}` goes on putting it back")
            }
            None => format!("`ringwalk rollback {run}` takes it back"),
        }),
    }
}

fn nodes_of(state: &RunState) -> Vec<String> {
    match &state.rollback {
        Some(Rollback::Planned { nodes, .. }) => nodes.clone(),
        Some(Rollback::Refused { .. }) | None => Vec::new(),
    }
}

fn listed(nodes: &[String]) -> String {
    match nodes {
        [] => "nothing".into(),
        nodes => names::folded(&nodes.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}
