//! Makes the plan happen: decide, record, perform, record.
//!
//! One loop owns the state, so it orders all events of all nodes: an event goes to disk, into the state and to the
//! reporter, in that order, and a step is performed only after its intent is on disk.

pub mod answers;
pub mod back;
pub mod clock;
pub mod carry;
pub mod eyes;
pub mod hold;
pub mod next;
pub mod perform;
mod question;
pub mod take_back;
pub mod under_way;

use crate::journal::event::{Event, Kept, Outcome, Progress, RunResult, StepEvent};
use crate::journal::file::JournalError;
use crate::journal::state::{OutOfOrder, RunState};
use crate::plan::conduct::Extent;
use crate::plan::step::Step;
use crate::plan::{PlannedStep, StepId};
use crate::report::Reporter;
use answers::Patience;
use async_trait::async_trait;
use clock::Clock;
use jiff::Timestamp;
use next::{Next, next};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Where step events are kept. `append` returns once the event would survive a power loss.
pub trait Record: Send {
    fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError>;
}

impl Record for crate::journal::file::Journal {
    fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError> {
        crate::journal::file::Journal::append(self, at, event)
    }
}

/// Carries out one step. Every step may be carried out again: what is done already is found done.
#[async_trait]
pub trait Perform: Send + Sync {
    /// What this step will keep of what it replaces; recorded with its intent.
    fn keeps(&self, step: &PlannedStep) -> Option<Kept>;

    async fn perform(&self, id: StepId, step: &PlannedStep, progress: ProgressSender) -> Outcome;
}

/// May this run still act? Asked right before each act on a node; the answer is at hand, no node is asked for it.
#[async_trait]
pub trait Permission: Send + Sync {
    /// The error says in words how it was lost.
    fn may_act(&self) -> Result<(), String>;

    /// This node is acted on now: where not every node hears each sign of the run's life, it does.
    fn acts_on(&self, _node: &str) {}

    /// From now on it is this other run that acts; nobody else comes in between. The error says in words why not.
    async fn pass_on(&self, run: &str) -> Result<(), String>;
}

#[async_trait]
impl Permission for crate::cluster::lock::Lease {
    fn may_act(&self) -> Result<(), String> {
        crate::cluster::lock::Lease::may_act(self)
    }

    fn acts_on(&self, node: &str) {
        crate::cluster::lock::Lease::acts_on(self, node);
    }

    async fn pass_on(&self, run: &str) -> Result<(), String> {
        crate::cluster::lock::Lease::pass_on(self, run).await
    }
}

/// Of a cluster that no one else can reach, such as a simulated one.
pub struct Alone;

#[async_trait]
impl Permission for Alone {
    fn may_act(&self) -> Result<(), String> {
        Ok(())
    }

    async fn pass_on(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// Lossy: a reporter that is slow misses some, the run never waits for it.
pub type ProgressSender = mpsc::Sender<Progress>;

/// A terminal shows a few lines a second; what is more than this behind is of no use to it.
const PROGRESS_QUEUE: usize = 256;

/// Between two looks at the clock while the window is closed: a minute late is not late.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(30);

/// How the operator stops a run: once, nothing new is begun; twice, it is left at once.
pub type Interrupts = mpsc::Receiver<()>;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the run stopped before its next act: its journal cannot be written")]
    Journal(#[from] JournalError),
    #[error("the run stopped: {0}")]
    OutOfOrder(#[from] OutOfOrder),
    #[error("left at once, as asked; what was begun on a node goes on there")]
    Left,
}

impl EngineError {
    /// The way out, where there is one.
    pub fn help(&self) -> Option<String> {
        match self {
            EngineError::Journal(error) => error.help(),
            EngineError::OutOfOrder(_) | EngineError::Left => None,
        }
    }
}

/// The loop and all that it tells of what it does.
pub struct Engine<'a> {
    pub state: RunState,
    pub journal: &'a mut dyn Record,
    pub reporter: &'a mut dyn Reporter,
    pub clock: Clock,
}

/// How the loop came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Finished(RunResult),
    /// A node failed, and so much is to be taken back, by another run. Once its end is on record the loop goes on.
    TakeBack(Extent),
}

/// What steps in work are told: who asked the run to stop does not wait for a pause.
type WindingDown = watch::Sender<bool>;

impl Engine<'_> {
    /// Runs until the plan is carried out, a step fails or the operator stops it. The state is always what is on disk.
    /// A step that was begun and not ended, because the run was killed in it, is carried out again first. A run that is
    /// over has the result it had.
    pub async fn run(
        &mut self,
        performer: Arc<dyn Perform>,
        interrupts: &mut Interrupts,
    ) -> Result<Stop, EngineError> {
        if let Some((_, result)) = self.state.finished {
            return Ok(Stop::Finished(result));
        }
        let (progress, mut progressed) = mpsc::channel(PROGRESS_QUEUE);
        let mut tasks = JoinSet::new();
        let stop = watch::Sender::new(false);
        let mut told = None;
        for step in self.state.running().collect::<Vec<_>>() {
            self.begin(step, &performer, &progress, &stop, &mut tasks)?;
        }
        loop {
            let window = self.clock.window(&self.state.plan);
            match next(&self.state, window) {
                Next::Finish(result) => {
                    self.record(StepEvent::RunFinished { result })?;
                    return Ok(Stop::Finished(result));
                }
                Next::TakeBack(extent) => return Ok(Stop::TakeBack(extent)),
                Next::Perform(_) if told.take().is_some() => {
                    self.record(StepEvent::WindowOpened)?;
                    continue;
                }
                Next::Perform(steps) => {
                    for step in steps {
                        self.begin(step, &performer, &progress, &stop, &mut tasks)?;
                    }
                }
                Next::Closed => {
                    self.is_closed(&mut told)?;
                    if self.state.not_yet.is_some() {
                        continue;
                    }
                }
                Next::Wait => {}
            }
            tokio::select! {
                // The operator before all else; and what went on in a step is told before its end.
                biased;
                Some(()) = interrupts.recv() => match self.state.winding_down {
                    false => {
                        self.record(StepEvent::Interrupted)?;
                        stop.send_replace(true);
                    }
                    true => return Err(EngineError::Left),
                },
                Some(progress) = progressed.recv() => self.tell(progress),
                Some(ended) = tasks.join_next() => {
                    let (step, outcome) = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
                    self.record(StepEvent::StepFinished { step, outcome })?;
                }
                // The window may have opened; a machine that slept finds out soon.
                () = sleep(LOOK_AT_CLOCK), if told.is_some() => {}
            }
        }
    }

    /// Says once when the window opens; who does not wait for it ends the run.
    fn is_closed(&mut self, told: &mut Option<Timestamp>) -> Result<(), EngineError> {
        let Some(opens) = self.clock.opens_at(&self.state.plan) else { return Ok(()) };
        match self.clock.patience {
            Patience::Ends => self.record(StepEvent::WindowClosed { opens })?,
            Patience::Waits if *told != Some(opens) => self.tell(Progress::Closed { opens }),
            Patience::Waits => {}
        }
        *told = Some(opens);
        Ok(())
    }

    fn begin(
        &mut self,
        id: StepId,
        performer: &Arc<dyn Perform>,
        progress: &ProgressSender,
        stop: &WindingDown,
        tasks: &mut JoinSet<(StepId, Outcome)>,
    ) -> Result<(), EngineError> {
        let step = self.state.plan.steps[id].clone();
        self.record(StepEvent::StepStarted { step: id, kept: performer.keeps(&step) })?;
        let (performer, progress) = (Arc::clone(performer), progress.clone());
        let mut stop = stop.subscribe();
        tasks.spawn(async move {
            let perform = performer.perform(id, &step, progress);
            let outcome = match step.step {
                Step::Pause(_) => tokio::select! {
                    biased;
                    outcome = perform => outcome,
                    _ = stop.wait_for(|stop| *stop) => interrupted(),
                },
                Step::PushStore(_)
                | Step::EditYaml(_)
                | Step::Hold(_)
                | Step::Restart(_)
                | Step::Reload(_)
                | Step::RestoreFile(_)
                | Step::Confirm => perform.await,
            };
            (id, outcome)
        });
        Ok(())
    }

    /// Puts an event on disk, into the state and before the reporter.
    pub fn record(&mut self, event: StepEvent) -> Result<(), EngineError> {
        let at = (self.clock.now)();
        self.journal.append(at, &event)?;
        self.state.apply(at, &event)?;
        self.reporter.event(&Event::Step { at, event }, &self.state);
        Ok(())
    }

    fn tell(&mut self, progress: Progress) {
        self.reporter.event(&Event::Progress { at: Timestamp::now(), progress }, &self.state);
    }
}

/// How a pause ends that is not waited for.
fn interrupted() -> Outcome {
    Outcome::NotYet { why: "interrupted".into(), help: String::new() }
}
