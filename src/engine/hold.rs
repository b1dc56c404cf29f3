//! Waiting at gates: looks until all pass several times in a row, or one says no, or time is up.

use super::ProgressSender;
use super::eyes::{Answer, Eyes};
use crate::gates::Verdict;
use crate::journal::event::{Progress, Waiting};
use crate::plan::StepId;
use crate::plan::step::{Gate, Hold};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// While a gate waits: short, because every node's restart ends with such a wait.
const WHILE_WAITING: Duration = Duration::from_millis(200);
/// Between looks that pass: they are to see a node that is steady, not one that answers once.
const WHILE_STEADY: Duration = Duration::from_millis(500);

/// A connection that breaks in the middle of a look shows a fault that is not the node's; one that is the node's is
/// seen again.
const FAILS_IN_A_ROW: u32 = 3;

/// How a hold ended.
pub enum Held {
    Passed,
    /// A gate said that time will not mend it.
    Failed {
        gate: Gate,
        why: String,
    },
    /// The deadline passed, with these gates still waiting.
    TimedOut {
        waiting: Vec<Waiting>,
    },
}

/// Holds until every gate passes `looks` times in a row, and at least `at_least_s`.
pub async fn hold(eyes: &mut Eyes, id: StepId, hold: &Hold, progress: &ProgressSender) -> Held {
    let begun = Instant::now();
    let (mut in_a_row, mut fails_in_a_row) = (0, 0);
    loop {
        let answers = eyes.look(&hold.gates).await;
        fails_in_a_row = match failed(&answers) {
            Some((gate, why)) if fails_in_a_row + 1 >= FAILS_IN_A_ROW => return Held::Failed { gate, why },
            Some(_) => fails_in_a_row + 1,
            None => 0,
        };
        let waiting = waiting(&answers);
        in_a_row = if answers.iter().any(|(_, answer)| speaks_against(answer)) { 0 } else { in_a_row + 1 };
        let looked = Progress::Looked {
            step: id,
            passed_in_a_row: in_a_row,
            of: hold.looks,
            waiting: waiting.clone(),
        };
        // A reporter that lags misses one; the next look says the same or more.
        let _ = progress.try_send(looked);
        let elapsed_s = begun.elapsed().as_secs();
        if waiting.is_empty() && in_a_row >= hold.looks && elapsed_s >= hold.at_least_s {
            return Held::Passed;
        }
        if elapsed_s >= hold.deadline_s {
            let waiting = if waiting.is_empty() { not_steady(hold, in_a_row) } else { waiting };
            return Held::TimedOut { waiting };
        }
        let pause = sleep(if in_a_row == 0 { WHILE_WAITING } else { WHILE_STEADY });
        tokio::select! {
            biased;
            () = pause => {}
            () = eyes.news() => {}
        }
    }
}

fn failed(answers: &[(Gate, Answer)]) -> Option<(Gate, String)> {
    answers.iter().find_map(|(gate, answer)| match answer {
        Answer::Is(Verdict::Fail(why)) => Some((gate.clone(), why.clone())),
        Answer::Is(Verdict::Pass | Verdict::Wait(_)) | Answer::Asking => None,
    })
}

fn waiting(answers: &[(Gate, Answer)]) -> Vec<Waiting> {
    let waits = |(gate, answer): &(Gate, Answer)| match answer {
        Answer::Is(Verdict::Wait(why)) => Some(Waiting { gate: gate.clone(), why: why.clone() }),
        Answer::Asking => Some(Waiting { gate: gate.clone(), why: "asking".into() }),
        Answer::Is(Verdict::Pass | Verdict::Fail(_)) => None,
    };
    answers.iter().filter_map(waits).collect()
}

/// Every gate passes, and has not passed often enough yet.
fn not_steady(hold: &Hold, in_a_row: u32) -> Vec<Waiting> {
    let why = format!("it passed {in_a_row} times in a row, {} are asked for", hold.looks);
    hold.gates.iter().map(|gate| Waiting { gate: gate.clone(), why: why.clone() }).collect()
}

/// An answer that is still under way says nothing against the looks before it.
fn speaks_against(answer: &Answer) -> bool {
    matches!(answer, Answer::Is(Verdict::Wait(_) | Verdict::Fail(_)))
}

/// What a hold waits for, in one line.
pub fn listed(waiting: &[Waiting]) -> String {
    waiting
        .iter()
        .map(|waits| format!("{} {}", waits.gate.question(), waits.why))
        .collect::<Vec<_>>()
        .join("; ")
}
