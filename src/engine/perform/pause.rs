//! A pause: clients are looked at until they are ready, and then the operator is asked.

use super::Performer;
use crate::cluster::clients;
use crate::cluster::survey::ring_now;
use crate::engine::ProgressSender;
use crate::engine::answers::{Answer, Patience};
use crate::facts::clients::{ClientSource, ClientsWindow, Looked};
use crate::gates::{Verdict, can_be_spared, clients_ready};
use crate::journal::event::{Outcome, Progress, Waiting};
use crate::plan::StepId;
use crate::plan::step::{Asks, ClientsWish, Gate, Pause};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between looks at clients: a thirtieth of the window within these bounds. Drivers keep connections for hours; a look
/// costs every node a query.
const LEAST_BETWEEN: Duration = Duration::from_secs(1);
const MOST_BETWEEN: Duration = Duration::from_secs(15);
/// Where nodetool has to be asked, a look starts a JVM on the node.
const BETWEEN_JVMS: Duration = Duration::from_secs(30);

/// Who says yes later than this after the last look has an answer on clients that may have changed.
const FRESH: Duration = Duration::from_secs(60);

/// Why a pause does not let the run go on.
enum Stop {
    NotYet { why: String, help: String },
    Failed { why: String, help: String },
}

impl Performer {
    pub(super) async fn pause(&self, id: StepId, pause: &Pause, progress: &ProgressSender) -> Outcome {
        match self.wait_at(id, pause, progress).await {
            Ok(seen) => {
                self.passed().insert(id);
                Outcome::Done { seen }
            }
            Err(Stop::NotYet { why, help }) => Outcome::NotYet { why, help },
            Err(Stop::Failed { why, help }) => {
                Outcome::Failed { why, help, log: Vec::new(), unchanged: true }
            }
        }
    }

    async fn wait_at(&self, id: StepId, pause: &Pause, progress: &ProgressSender) -> Result<String, Stop> {
        self.ring_is_the_planned_one().await?;
        let mut seen = self.clients_are_ready(id, pause, progress).await?;
        let asked = Instant::now();
        let question = format!("{}: go on?{}", pause.what_follows(), seen.not_told());
        self.somebody_says_yes(id, pause, question, progress).await?;
        if asked.elapsed() > FRESH {
            self.ring_is_the_planned_one().await?;
            seen = self.clients_are_ready(id, pause, progress).await?;
        }
        Ok(seen.told)
    }

    /// A node that joined is in no inventory and in no wave, so that a later phase would never reach it.
    async fn ring_is_the_planned_one(&self) -> Result<(), Stop> {
        let sources: Vec<_> = self.cluster.nodes.iter().collect();
        // A ring that cannot be read now is read again by the next node's hold, before that is taken down.
        let Ok(now) = ring_now(&sources, &self.facts).await else { return Ok(()) };
        match can_be_spared::same_members(&self.facts.ring, &now) {
            Some(Verdict::Fail(why)) => Err(Stop::Failed {
                why,
                help: "add it to the inventory and run `ringwalk plan` again: the new plan takes it through the \
                       phases that the others have passed, and goes on where they are"
                    .into(),
            }),
            Some(Verdict::Wait(_) | Verdict::Pass) | None => Ok(()),
        }
    }

    async fn clients_are_ready(
        &self,
        id: StepId,
        pause: &Pause,
        progress: &ProgressSender,
    ) -> Result<Seen, Stop> {
        let Some(wish) = &pause.clients else { return Ok(Seen::default()) };
        let begun = Instant::now();
        let mut window = ClientsWindow::default();
        loop {
            let from_s = begun.elapsed().as_secs();
            let answers = clients::look(&self.cluster, &self.facts.nodes).await;
            let starts_jvms = answers.iter().any(|(_, look)| matches!(look, Ok((ClientSource::Nodetool, _))));
            window.add(Looked { from_s, at_s: begun.elapsed().as_secs() }, wish.for_s, answers);
            let why = match clients_ready::check(&window, wish) {
                Verdict::Pass => return Ok(Seen::of(&window, wish)),
                Verdict::Wait(why) | Verdict::Fail(why) => why,
            };
            let waiting = vec![Waiting { gate: Gate::ClientsReady(wish.clone()), why: why.clone() }];
            let _ = progress.try_send(Progress::Looked { step: id, passed_in_a_row: 0, of: 1, waiting });
            self.has_patience(wish, &window, begun.elapsed(), why)?;
            let between = Duration::from_secs(wish.for_s / 30).clamp(LEAST_BETWEEN, MOST_BETWEEN);
            sleep(if starts_jvms { BETWEEN_JVMS } else { between }).await;
        }
    }

    /// A window that has to pass is no reason to end: only a client or a node is, that stands in the way.
    fn has_patience(
        &self,
        wish: &ClientsWish,
        window: &ClientsWindow,
        waited: Duration,
        why: String,
    ) -> Result<(), Stop> {
        let is_over = match self.answers.patience {
            Patience::Ends => clients_ready::against(window, wish).is_some(),
            Patience::Waits => waited.as_secs() >= wish.within_s,
        };
        match is_over {
            true => Err(Stop::NotYet {
                why,
                help: format!(
                    "`ringwalk clients` lists them all; `ringwalk resume {}` looks again",
                    self.run
                ),
            }),
            false => Ok(()),
        }
    }

    async fn somebody_says_yes(
        &self,
        id: StepId,
        pause: &Pause,
        question: String,
        progress: &ProgressSender,
    ) -> Result<(), Stop> {
        let is_resumed_here = self.resumed_at == Some(id);
        let is_answered = match pause.asks {
            Asks::Nobody => true,
            Asks::Operator => false,
            Asks::OperatorOrResume => is_resumed_here,
        };
        if is_answered || self.passed().contains(&id) || self.answers.approved.contains(&pause.phase) {
            return Ok(());
        }
        // Not lossy: without the question nobody knows what the terminal waits for.
        let _ = progress.send(Progress::Asks { step: id, question }).await;
        let why = match self.answers.operator.answers().await {
            Answer::Yes => return Ok(()),
            Answer::No => "the answer was no".to_owned(),
            Answer::NobodyThere => "there is no terminal to ask on".to_owned(),
        };
        let run = &self.run;
        let help = match pause.asks {
            Asks::OperatorOrResume | Asks::Nobody => format!("`ringwalk resume {run}` goes on"),
            Asks::Operator => format!(
                "`ringwalk resume {run}` asks again; `ringwalk resume {run} --approve {}` says yes to it",
                pause.phase
            ),
        };
        Err(Stop::NotYet { why, help })
    }
}

/// What was seen of clients when they were ready.
#[derive(Default)]
struct Seen {
    told: String,
    unknown: Option<String>,
}

impl Seen {
    fn of(window: &ClientsWindow, wish: &ClientsWish) -> Seen {
        let clients = window.within(wish.for_s).connections.len();
        Seen {
            told: format!("{wish}: {clients} connections seen"),
            unknown: clients_ready::not_told(window, wish),
        }
    }

    fn not_told(&self) -> String {
        self.unknown.as_ref().map(|unknown| format!(" ({unknown})")).unwrap_or_default()
    }
}
