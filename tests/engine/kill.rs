//! Six nodes with files, processes and jobs: killed at every record, before its act and after it, and resumed.

use super::script::{fold, plan};
use async_trait::async_trait;
use jiff::Timestamp;
use ringwalk::engine::clock::Clock;
use ringwalk::engine::{Engine, EngineError, Perform, ProgressSender, Record, Stop};
use ringwalk::journal::event::{Event, Kept, Origin, Outcome, RunResult, StepEvent};
use ringwalk::journal::file::JournalError;
use ringwalk::journal::state::{RunState, Status};
use ringwalk::plan::step::Step;
use ringwalk::plan::{Plan, PlannedStep, StepId};
use ringwalk::report::Reporter;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

type Journal = Vec<(Timestamp, StepEvent)>;

/// What outlives the program: nodes by name, and the restart jobs that they know.
#[derive(Clone, Debug, Default, PartialEq)]
struct World {
    nodes: BTreeMap<String, Node>,
    jobs: BTreeSet<(StepId, u32)>,
    /// This node's new process does not come up, until somebody mends it.
    broken: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Node {
    /// Which of the run's files stands there, and which the process was started with.
    files: BTreeSet<StepId>,
    runs_with: BTreeSet<StepId>,
    restarts: u32,
    up: bool,
    confirmed: u32,
}

/// Where a process of the program is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    Never,
    /// After this many records, with whatever was begun done on its node.
    AfterAct(usize),
    /// After this many records, with what was recorded last not begun on its node.
    BeforeAct(usize),
}

struct OnWorld {
    world: Arc<Mutex<World>>,
    tries: Vec<u32>,
    /// Records so far, and the number at which no act is begun any more.
    records: Arc<Mutex<usize>>,
    stops_at: Option<usize>,
}

#[async_trait]
impl Perform for OnWorld {
    fn keeps(&self, _: &PlannedStep) -> Option<Kept> {
        None
    }

    async fn perform(&self, id: StepId, step: &PlannedStep, _: ProgressSender) -> Outcome {
        if self.stops_at.is_some_and(|at| *self.records.lock().unwrap() >= at) {
            std::future::pending::<()>().await;
        }
        // Nodes of a wave take turns, so that their records interleave.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut world = self.world.lock().unwrap();
        let broken = world.broken.as_deref() == Some(&step.node);
        let is_new_job = matches!(step.step, Step::Restart(_)) && world.jobs.insert((id, self.tries[id]));
        let node = world.nodes.entry(step.node.clone()).or_default();
        let healthy = node.up && node.runs_with == node.files;
        match &step.step {
            Step::PushStore(_) | Step::EditYaml(_) | Step::RestoreFile(_) => drop(node.files.insert(id)),
            // A job that the node knows is followed, not begun again.
            Step::Restart(_) if is_new_job => {
                node.restarts += 1;
                node.up = !broken;
                node.runs_with = node.files.clone();
            }
            Step::Confirm => {
                assert!(healthy, "{} is confirmed as it is", step.node);
                node.confirmed += 1;
            }
            Step::Restart(_) | Step::Reload(_) | Step::Hold(_) | Step::Pause(_) => {}
        }
        let failed = broken && matches!(step.step, Step::Restart(_));
        match failed {
            true => Outcome::Failed {
                why: "it did not come up".into(),
                help: String::new(),
                log: vec![],
                unchanged: false,
            },
            false => Outcome::Done { seen: String::new() },
        }
    }
}

struct Disk {
    journal: Journal,
    records: Arc<Mutex<usize>>,
    room: Option<usize>,
}

impl Record for Disk {
    fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError> {
        let mut records = self.records.lock().unwrap();
        if self.room == Some(*records) {
            return Err(JournalError::Full { path: "journal.jsonl".into() });
        }
        *records += 1;
        self.journal.push((at, event.clone()));
        Ok(())
    }
}

struct Nobody;

impl Reporter for Nobody {
    fn event(&mut self, _: &Event, _: &RunState) {}
    fn finish(&mut self, _: &RunState) {}
}

/// One process of the program, from what it finds on its disk to its end or its death.
fn process(journal: Journal, world: &Arc<Mutex<World>>, kill: Kill) -> (Journal, Option<RunResult>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let state = fold(&journal);
    let records = Arc::new(Mutex::new(0));
    let (room, stops_at) = match kill {
        Kill::Never => (None, None),
        Kill::AfterAct(records) => (Some(records), None),
        Kill::BeforeAct(records) => (Some(records), Some(records)),
    };
    let performer = OnWorld {
        world: Arc::clone(world),
        tries: state.tries.clone(),
        records: Arc::clone(&records),
        stops_at,
    };
    let mut disk = Disk { journal, records, room };
    let mut nobody = Nobody;
    let ended = runtime.block_on(async {
        let (_interrupt, mut interrupts) = mpsc::channel(1);
        let mut engine = Engine { state, journal: &mut disk, reporter: &mut nobody, clock: Clock::default() };
        let run = engine.run(Arc::new(performer), &mut interrupts);
        // A process that is stuck before an act is killed there.
        tokio::time::timeout(Duration::from_secs(3600), run).await.ok()
    });
    match ended {
        Some(Ok(Stop::Finished(result))) => (disk.journal, Some(result)),
        Some(Ok(Stop::TakeBack(_))) => unreachable!("these plans stop at a failure"),
        Some(Err(EngineError::Journal(_))) | None => (disk.journal, None),
        Some(Err(error)) => panic!("{error}"),
    }
}

fn begun(plan: Plan) -> Journal {
    let (run, operator) = ("run".into(), "ops".into());
    let event = StepEvent::RunStarted { run, operator, origin: Origin::default(), plan: Box::new(plan) };
    vec![(Timestamp::UNIX_EPOCH, event)]
}

/// As `ringwalk resume` does.
fn resumed(mut journal: Journal) -> Journal {
    journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "ops".into() }));
    journal
}

fn plans() -> Vec<Plan> {
    let walk = |letters| ["n1", "n2", "n3", "n4", "n5", "n6"].map(|node| (node, letters));
    let (enable, again) = (walk("pphRhc"), walk("phRhc"));
    let one_by_one: Vec<_> = enable.iter().map(std::slice::from_ref).collect();
    let by_racks: Vec<_> = enable.chunks(2).collect();
    let phases: Vec<_> = enable.iter().chain(&again).map(std::slice::from_ref).collect();
    vec![plan(&one_by_one, 1), plan(&by_racks, 2), plan(&phases, 1)]
}

#[test]
fn killed_anywhere_and_resumed_it_ends_as_if_it_was_not_killed() {
    for plan in plans() {
        let whole = Arc::new(Mutex::new(World::default()));
        let (journal, result) = process(begun(plan.clone()), &whole, Kill::Never);
        assert_eq!(result, Some(RunResult::Done));
        let whole = whole.lock().unwrap().clone();
        for records in 0..journal.len() - 1 {
            for kill in [Kill::AfterAct(records), Kill::BeforeAct(records)] {
                let world = Arc::new(Mutex::new(World::default()));
                let (killed, _) = process(begun(plan.clone()), &world, kill);
                let (journal, result) = process(resumed(killed), &world, Kill::Never);
                assert_eq!(result, Some(RunResult::Done), "{kill:?}");
                assert!(fold(&journal).status.iter().all(|it| matches!(it, Status::Done { .. })));
                let mut world = world.lock().unwrap().clone();
                // Confirming twice is no harm; restarting twice would be.
                world.nodes.values_mut().for_each(|node| node.confirmed = 0);
                let mut whole = whole.clone();
                whole.nodes.values_mut().for_each(|node| node.confirmed = 0);
                assert_eq!(world, whole, "{kill:?}");
            }
        }
    }
}

#[test]
fn a_failure_that_was_mended_is_tried_again_wherever_the_second_try_is_killed() {
    for plan in plans().into_iter().take(2) {
        let broken = World { broken: Some("n3".into()), ..World::default() };
        let world = Arc::new(Mutex::new(broken));
        let (stopped, result) = process(begun(plan.clone()), &world, Kill::Never);
        assert_eq!(result, Some(RunResult::StoppedMidway));
        let mended = World { broken: None, ..world.lock().unwrap().clone() };
        let world = Arc::new(Mutex::new(mended.clone()));
        let (journal, _) = process(resumed(stopped.clone()), &world, Kill::Never);
        for records in 0..journal.len() - stopped.len() - 1 {
            for kill in [Kill::AfterAct(records), Kill::BeforeAct(records)] {
                let world = Arc::new(Mutex::new(mended.clone()));
                let (killed, _) = process(resumed(stopped.clone()), &world, kill);
                let (_, result) = process(resumed(killed), &world, Kill::Never);
                assert_eq!(result, Some(RunResult::Done), "{kill:?}");
                let world = world.lock().unwrap();
                let phases =
                    plan.steps.iter().filter(|step| matches!(step.step, Step::Restart(_))).count() / 6;
                for (name, node) in &world.nodes {
                    let expected = phases as u32 + u32::from(name == "n3");
                    assert_eq!(node.restarts, expected, "{name} {kill:?}");
                    assert!(node.up && node.runs_with == node.files, "{name} {kill:?}");
                }
            }
        }
    }
}

#[test]
fn what_was_interrupted_or_stopped_can_be_resumed_and_what_is_done_cannot() {
    let plan = plans().remove(0);
    let world = Arc::default();
    let (done, _) = process(begun(plan.clone()), &world, Kill::Never);
    let mut state = fold(&done);
    assert!(state.apply(Timestamp::UNIX_EPOCH, &StepEvent::Resumed { operator: "ops".into() }).is_err());
    for result in [RunResult::Interrupted, RunResult::StoppedMidway, RunResult::StoppedUnchanged] {
        let mut journal = begun(plan.clone());
        journal.push((Timestamp::UNIX_EPOCH, StepEvent::Interrupted));
        journal.push((Timestamp::UNIX_EPOCH, StepEvent::RunFinished { result }));
        let state = fold(&resumed(journal));
        assert!(!state.winding_down && state.finished.is_none());
    }
}
