//! Waiting at gates: looks until all pass several times in a row, or one says no, or time is up.

use super::ProgressSender;
use super::eyes::Answer;
use crate::gates::Verdict;
use crate::journal::event::{Progress, Waiting};
use crate::plan::StepId;
use crate::plan::step::{Gate, Hold};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// While a gate waits: short, because every node's restart ends with such a wait.
const WHILE_WAITING: Duration = Duration::from_millis(200);
/// Between looks that count: they are to see a node that is steady, not one that answers once. Another answer brings on a look
/// sooner, and that one counts only if it is against.
const WHILE_STEADY: Duration = Duration::from_millis(500);

/// A connection that breaks in the middle of a look shows a fault that is not the node's; one that is the node's is
/// seen again.
const FAILS_IN_A_ROW: u32 = 3;

/// Once somebody was in the way of a node that is to go down, it is asked again so much later whether nobody is: nodes that
/// were cut off call each other up again before they can reach each other for every query (measured).
const SETTLES: Duration = Duration::from_secs(10);

/// What a hold looks with.
pub(super) trait Watch {
    /// One answer for each gate that can be asked now.
    async fn look(&mut self, gates: &[Gate]) -> Vec<(Gate, Answer)>;

    /// The next look asks everybody again.
    fn ask_anew(&mut self);

    /// Ends when a question that was under way is answered.
    async fn news(&self);
}

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

/// Holds until every gate passes `looks` times in a row, and at least `at_least_s`; who is watched so, or had somebody in the
/// way, is asked about once more at the end.
pub(super) async fn hold(eyes: &mut impl Watch, id: StepId, hold: &Hold, progress: &ProgressSender) -> Held {
    let begun = Instant::now();
    let (mut in_a_row, mut fails_in_a_row) = (0, 0);
    let mut counts_at = begun;
    let mut is_to_be_asked_again = hold.at_least_s > 0;
    let mut settles_at = begun;
    let mut words = Words::default();
    loop {
        let answers = eyes.look(&hold.gates).await;
        fails_in_a_row = match failed(&answers) {
            Some((gate, why)) if fails_in_a_row + 1 >= FAILS_IN_A_ROW => return Held::Failed { gate, why },
            Some(_) => fails_in_a_row + 1,
            // What was judged before, or is under way, says nothing new.
            None if answers.iter().any(|(_, answer)| !says_no_fail(answer)) => fails_in_a_row,
            None => 0,
        };
        if answers.iter().any(is_in_the_way) {
            (is_to_be_asked_again, settles_at) = (true, Instant::now() + SETTLES);
        }
        let waiting = words.waiting(&answers);
        let is_against = answers.iter().any(|(_, answer)| speaks_against(answer));
        if is_against {
            in_a_row = 0;
        } else if in_a_row == 0 || Instant::now() >= counts_at {
            (in_a_row, counts_at) = (in_a_row + 1, Instant::now() + WHILE_STEADY);
        }
        let looked = Progress::Looked {
            step: id,
            passed_in_a_row: in_a_row,
            of: hold.looks,
            waiting: waiting.clone(),
        };
        // A reporter that lags misses one; the next look says the same or more.
        let _ = progress.try_send(looked);
        let elapsed_s = begun.elapsed().as_secs();
        let is_settled = elapsed_s >= hold.at_least_s && Instant::now() >= settles_at;
        if waiting.is_empty() && in_a_row >= hold.looks && is_settled {
            if !std::mem::take(&mut is_to_be_asked_again) {
                return Held::Passed;
            }
            eyes.ask_anew();
        }
        if elapsed_s >= hold.deadline_s {
            let waiting = if waiting.is_empty() { not_steady(hold, in_a_row) } else { waiting };
            return Held::TimedOut { waiting };
        }
        let next_look = if in_a_row == 0 { Instant::now() + WHILE_WAITING } else { counts_at };
        tokio::select! {
            biased;
            () = sleep_until(next_look) => {}
            () = eyes.news() => {}
        }
    }
}

/// A node that is down, or ranges that change hands.
fn is_in_the_way((gate, answer): &(Gate, Answer)) -> bool {
    matches!((gate, answer), (Gate::CanBeSpared { .. }, Answer::Is(Verdict::Wait(_))))
}

fn failed(answers: &[(Gate, Answer)]) -> Option<(Gate, String)> {
    answers.iter().find_map(|(gate, answer)| match answer {
        Answer::Is(Verdict::Fail(why)) => Some((gate.clone(), why.clone())),
        Answer::Is(Verdict::Pass | Verdict::Wait(_)) | Answer::Still(_) | Answer::Asking => None,
    })
}

fn says_no_fail(answer: &Answer) -> bool {
    match answer {
        Answer::Is(_) | Answer::Still(Verdict::Pass | Verdict::Wait(_)) => true,
        Answer::Still(Verdict::Fail(_)) | Answer::Asking => false,
    }
}

/// What gates said last against going on: so much is known of one that is asked again.
#[derive(Default)]
struct Words(Vec<Waiting>);

impl Words {
    fn waiting(&mut self, answers: &[(Gate, Answer)]) -> Vec<Waiting> {
        let waits = |(gate, answer): &(Gate, Answer)| {
            let before = self.0.iter().position(|waits| waits.gate == *gate);
            let before = before.map(|index| self.0.swap_remove(index).why);
            let (is_waited_for, why) = match answer {
                Answer::Is(Verdict::Wait(why)) | Answer::Still(Verdict::Wait(why)) => {
                    (true, Some(why.clone()))
                }
                Answer::Is(Verdict::Fail(why)) | Answer::Still(Verdict::Fail(why)) => {
                    (false, Some(why.clone()))
                }
                Answer::Asking => (true, before),
                Answer::Is(Verdict::Pass) | Answer::Still(Verdict::Pass) => (false, None),
            };
            let known = why.map(|why| Waiting { gate: gate.clone(), why });
            self.0.extend(known.clone());
            let asks = || Waiting { gate: gate.clone(), why: "asking".into() };
            is_waited_for.then(|| known.unwrap_or_else(asks))
        };
        answers.iter().filter_map(waits).collect()
    }
}

/// Every gate passes, and has not passed often enough yet.
fn not_steady(hold: &Hold, in_a_row: u32) -> Vec<Waiting> {
    let why = format!("it passed {in_a_row} times in a row, {} are asked for", hold.looks);
    hold.gates.iter().map(|gate| Waiting { gate: gate.clone(), why: why.clone() }).collect()
}

/// An answer that is still under way says nothing against the looks before it.
fn speaks_against(answer: &Answer) -> bool {
    match answer {
        Answer::Is(verdict) | Answer::Still(verdict) => *verdict != Verdict::Pass,
        Answer::Asking => false,
    }
}

/// What a hold waits for, in one line.
pub fn listed(waiting: &[Waiting]) -> String {
    waiting
        .iter()
        .map(|waits| format!("{} {}", waits.gate.question(), waits.why))
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ring::KeepAvailable;
    use tokio::sync::mpsc;
    use tokio::time::sleep;

    /// How often a question that was under way is answered.
    const NEWS: Duration = Duration::from_millis(70);

    /// Answers in turn, the last one from then on; counts how often it is to ask everybody again.
    struct Scripted {
        answers: Vec<fn() -> Answer>,
        asked_anew: u32,
    }

    impl Watch for Scripted {
        async fn look(&mut self, gates: &[Gate]) -> Vec<(Gate, Answer)> {
            let answer = if self.answers.len() > 1 { self.answers.remove(0) } else { self.answers[0] };
            gates.iter().map(|gate| (gate.clone(), answer())).collect()
        }

        fn ask_anew(&mut self) {
            self.asked_anew += 1;
        }

        async fn news(&self) {
            sleep(NEWS).await
        }
    }

    const PASS: fn() -> Answer = || Answer::Is(Verdict::Pass);
    const FAIL: fn() -> Answer = || Answer::Is(Verdict::Fail("broke".into()));
    const SAME_FAIL: fn() -> Answer = || Answer::Still(Verdict::Fail("broke".into()));
    const ASKING: fn() -> Answer = || Answer::Asking;

    async fn held(answers: &[fn() -> Answer], at_least_s: u64) -> (bool, u32, u64) {
        held_at(Gate::SchemaAgrees, answers, at_least_s).await
    }

    async fn held_at(gate: Gate, answers: &[fn() -> Answer], at_least_s: u64) -> (bool, u32, u64) {
        let mut eyes = Scripted { answers: answers.to_vec(), asked_anew: 0 };
        let wish = Hold { gates: vec![gate], looks: 3, deadline_s: 600, at_least_s };
        let (progress, _told) = mpsc::channel(1);
        let begun = Instant::now();
        let held = hold(&mut eyes, 0, &wish, &progress).await;
        (matches!(held, Held::Passed), eyes.asked_anew, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_fail_counts_once_for_each_fresh_look() {
        for (answers, passes) in [
            (vec![FAIL, SAME_FAIL, SAME_FAIL, SAME_FAIL, PASS], true),
            (vec![FAIL, ASKING, FAIL, ASKING, ASKING, PASS], true),
            (vec![FAIL, ASKING, FAIL, ASKING, FAIL, PASS], false),
            (vec![FAIL, SAME_FAIL, FAIL, SAME_FAIL, FAIL, PASS], false),
            (vec![FAIL, FAIL, PASS, FAIL, FAIL, PASS], true),
        ] {
            assert_eq!(held(&answers, 0).await.0, passes);
        }
    }

    /// … and so does a hold that gives up while a gate is asked again.
    #[test]
    fn a_gate_that_is_asked_again_says_what_it_said_last() {
        let mut words = Words::default();
        let mut said = |answer: Answer| {
            let waiting = words.waiting(&[(Gate::SchemaAgrees, answer)]);
            waiting.into_iter().next().map(|waiting| waiting.why)
        };
        let wait = || Answer::Is(Verdict::Wait("two versions".into()));
        assert_eq!(said(Answer::Asking).as_deref(), Some("asking"));
        assert_eq!(said(wait()).as_deref(), Some("two versions"));
        assert_eq!(said(Answer::Asking).as_deref(), Some("two versions"));
        assert_eq!(said(FAIL()), None);
        assert_eq!(said(Answer::Asking).as_deref(), Some("broke"));
        assert_eq!(said(PASS()), None);
        assert_eq!(said(Answer::Asking).as_deref(), Some("asking"));
    }

    #[tokio::test(start_paused = true)]
    async fn looks_that_news_brought_on_do_not_make_a_node_steady() {
        assert_eq!(held(&[PASS], 0).await, (true, 0, 1), "three looks half a second apart");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_others_were_in_the_way_of_is_asked_about_again_a_while_later() {
        const DOWN: fn() -> Answer = || Answer::Is(Verdict::Wait("n3 is down".into()));
        let spared = || Gate::CanBeSpared { keep: KeepAvailable::Quorum };
        assert_eq!(held_at(spared(), &[PASS], 0).await, (true, 0, 1));
        let (passes, asked_anew, seconds) = held_at(spared(), &[DOWN, DOWN, PASS], 0).await;
        assert_eq!((passes, asked_anew), (true, 1));
        assert!((10..13).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_watched_is_asked_about_once_more_at_the_end_and_nobody_else() {
        assert_eq!(held(&[PASS], 0).await, (true, 0, 1));
        let (passes, asked_anew, seconds) = held(&[PASS], 60).await;
        assert_eq!((passes, asked_anew), (true, 1));
        assert!((60..62).contains(&seconds), "{seconds}");
    }
}
