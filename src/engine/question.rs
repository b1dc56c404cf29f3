//! A question that others answer, some by a JVM's start: it is asked beside the quick looks, and again when its answer is old.

use super::eyes::Answer;
use crate::gates::Verdict;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// After so long a pass is asked for again, while it counts on: a canary is watched for minutes, and a question can start a
/// JVM on two of its peers.
const GROWS_OLD: Duration = Duration::from_secs(20);

/// A question whose answer did not pass is asked again after so long, then each time after a quarter more, up to the second figure:
/// who comes up is seen soon, and a wait of minutes costs little.
const ASKED_AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

pub(super) struct Question<T> {
    asked: Option<JoinHandle<T>>,
    /// When it may be asked again, and how long it waits the next time.
    again: (Instant, Duration),
    /// The last answer that passed, and when it came.
    passed: Option<(Instant, T)>,
}

impl<T> Default for Question<T> {
    fn default() -> Question<T> {
        Question { asked: None, again: (Instant::now(), ASKED_AGAIN.0), passed: None }
    }
}

impl<T: Send + 'static> Question<T> {
    /// What was answered last, if that passed.
    pub fn answer(&self) -> Option<&T> {
        self.passed.as_ref().map(|(_, answer)| answer)
    }

    /// Judges a new answer, if there is one, or one that passed. Any other is judged once: it may be a connection that broke.
    pub async fn settle(
        &mut self,
        news: &Arc<Notify>,
        ask: impl Future<Output = T> + Send + 'static,
        judge: impl FnOnce(&T) -> Verdict,
    ) -> Answer {
        if let Some(over) = self.asked.take_if(|asked| asked.is_finished()) {
            let answer = over.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            let verdict = judge(&answer);
            self.passed = (verdict == Verdict::Pass).then(|| (Instant::now(), answer));
            let (_, pause) = self.again;
            self.again = match self.passed {
                Some(_) => (Instant::now(), ASKED_AGAIN.0),
                None => (Instant::now() + pause, (pause * 5 / 4).min(ASKED_AGAIN.1)),
            };
            return Answer::Is(verdict);
        }
        let is_old = self.passed.as_ref().is_none_or(|(at, _)| at.elapsed() >= GROWS_OLD);
        if self.asked.is_none() && is_old && Instant::now() >= self.again.0 {
            let news = Arc::clone(news);
            self.asked = Some(tokio::spawn(async move {
                let answer = ask.await;
                news.notify_one();
                answer
            }));
        }
        match &self.passed {
            // What speaks against it may have been learned meanwhile, such as who is down.
            Some((_, answer)) => Answer::Still(judge(answer)),
            None => Answer::Asking,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::time::sleep;

    /// Looks every half second for so long; gives the verdicts in order, each once in a row, and how often was asked.
    async fn watched(seconds: u64, answers: fn(u32) -> Verdict) -> (Vec<String>, u32) {
        let (mut question, news, asked) = (Question::default(), Arc::default(), Arc::new(AtomicU32::new(0)));
        let mut told: Vec<String> = Vec::new();
        for _ in 0..seconds * 2 {
            let asked = Arc::clone(&asked);
            let ask = async move {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_secs(2)).await;
                number
            };
            let answer = match question.settle(&news, ask, |number| answers(*number)).await {
                Answer::Is(verdict) => format!("{verdict:?}"),
                Answer::Still(verdict) => format!("still {verdict:?}"),
                Answer::Asking => "asking".into(),
            };
            told.extend((told.last() != Some(&answer)).then_some(answer));
            sleep(Duration::from_millis(500)).await;
        }
        (told, asked.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn a_fail_is_judged_once_and_asked_for_again() {
        let fails_once = |number| match number {
            0 => Verdict::Fail("broke".into()),
            _ => Verdict::Pass,
        };
        let (told, asked) = watched(10, fails_once).await;
        assert_eq!(told, ["asking", "Fail(\"broke\")", "asking", "Pass", "still Pass"]);
        assert_eq!(asked, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_asked_for_ever_more_seldom() {
        // Each answer takes two seconds, and looks are half a second apart.
        let (told, asked) = watched(60, |_| Verdict::Wait("down".into())).await;
        assert_eq!(told[..3], ["asking", "Wait(\"down\")", "asking"]);
        assert!((14..18).contains(&asked), "{asked}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_that_is_old_is_asked_for_again_and_counts_until_it_is_answered() {
        let (told, asked) = watched(12, |_| Verdict::Pass).await;
        assert_eq!(
            (told.join(", "), asked),
            ("asking, Pass, still Pass".into(), 1),
            "a short hold asks once"
        );
        let sees_it_down = |number| match number {
            2 => Verdict::Wait("down".into()),
            _ => Verdict::Pass,
        };
        let (told, asked) = watched(60, sees_it_down).await;
        let expected = "asking, Pass, still Pass, Pass, still Pass, Wait(\"down\"), asking, Pass, still Pass";
        assert_eq!((told.join(", ").as_str(), asked), (expected, 4));
    }
}
