//! A run without hosts: plans in letters, steps that take scripted times and come to scripted ends, a log of it all.

use async_trait::async_trait;
use jiff::Timestamp;
use ringwalk::engine::answers::Patience;
use ringwalk::engine::clock::Clock;
use ringwalk::engine::{Engine, EngineError, Perform, ProgressSender, Record, Stop};
use ringwalk::journal::event::{Event, Kept, Origin, Outcome, Progress, RunResult, StepEvent};
use ringwalk::journal::file::JournalError;
use ringwalk::journal::state::RunState;
use ringwalk::plan::step::{
    Asks, Before, ClientsMust, ClientsWish, Pause, PushStore, Restart, Step, StoreName,
};
use ringwalk::plan::{PLAN_FORMAT, Plan, PlannedStep, StepId};
use ringwalk::report::Reporter;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What happened, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    Recorded(StepEvent),
    Begun(StepId),
    Ended(StepId),
}

pub type Log = Arc<Mutex<Vec<Happened>>>;

/// A plan out of waves of nodes, each with its steps in letters: `push`, `Restart`, `confirm`, `h` for a hold, `?` for a pause that
/// asks, `w` for one that waits for clients.
pub fn plan(waves: &[&[(&str, &str)]], at_once: usize) -> Plan {
    let steps = waves.iter().enumerate().flat_map(|(wave, nodes)| {
        nodes.iter().flat_map(move |(node, letters)| {
            letters.chars().map(move |letter| PlannedStep {
                phase: 0,
                wave,
                node: (*node).into(),
                step: step(letter),
            })
        })
    });
    Plan {
        format: PLAN_FORMAT,
        cluster: "orders".into(),
        playbook: "test".into(),
        at_once,
        conduct: Default::default(),
        warnings: Vec::new(),
        findings: Vec::new(),
        seen: Vec::new(),
        phases: Vec::new(),
        steps: steps.collect(),
    }
}

pub fn step(letter: char) -> Step {
    match letter {
        'p' => Step::PushStore(PushStore {
            store: StoreName::Keystore,
            path: "/etc/cassandra/tls/keystore.p12".into(),
            was: None,
            becomes: "aa".into(),
            owner: "cassandra:cassandra".into(),
            mode: 0o400,
        }),
        'R' => Step::Restart(Restart { clients_s: 5, drain_s: 60, stop_s: 60, start_s: 600, heal_s: None }),
        'h' => Step::Hold(ringwalk::plan::step::Hold {
            gates: Vec::new(),
            looks: 1,
            deadline_s: 1,
            at_least_s: 0,
        }),
        'c' => Step::Confirm,
        '?' | 'w' => Step::Pause(Pause {
            phase: "require".into(),
            before: Before::Phase,
            clients: (letter == 'w').then(|| ClientsWish {
                must: vec![ClientsMust::NotSpeakPlaintext],
                for_s: 900,
                within_s: 86_400,
                vouched: false,
            }),
            asks: if letter == 'w' { Asks::Nobody } else { Asks::Operator },
        }),
        other => panic!("no step is called {other}"),
    }
}

/// How a run goes: what is not said takes one second and succeeds.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub takes_s: BTreeMap<StepId, u64>,
    pub fails: Vec<StepId>,
    /// Pauses that do not let the run go on.
    pub not_yet: Vec<StepId>,
    /// Those of them that leave their node as it was.
    pub refused_whole: Vec<StepId>,
    pub interrupts_s: Vec<u64>,
    /// The disk is full at this record, counted from 0.
    pub disk_full_at: Option<usize>,
    /// What is recorded where so much is to be taken back.
    pub rollback: Vec<StepEvent>,
    /// Whether it waits for its window.
    pub for_window: Patience,
}

/// How a run went.
pub struct Run {
    pub ended: Result<RunResult, EngineError>,
    pub state: RunState,
    pub log: Vec<Happened>,
    /// What is on disk, with the first event.
    pub journal: Vec<(Timestamp, StepEvent)>,
}

/// Runs a fresh plan.
pub fn run(plan: Plan, script: &Script) -> Run {
    let event = StepEvent::RunStarted {
        run: "run".into(),
        operator: "ops".into(),
        origin: Origin::default(),
        plan: Box::new(plan),
    };
    resume(vec![(Timestamp::UNIX_EPOCH, event)], script)
}

/// Goes on with a journal, as a process does that finds it on its disk. Time is virtual.
pub fn resume(journal: Vec<(Timestamp, StepEvent)>, script: &Script) -> Run {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(resumed(journal, script))
}

async fn resumed(journal: Vec<(Timestamp, StepEvent)>, script: &Script) -> Run {
    let state = fold(&journal);
    let log = Log::default();
    let mut journal = Memory { events: journal, log: log.clone(), room: script.disk_full_at };
    let mut mirror = Mirror { state: state.clone(), log: log.clone() };
    let (interrupt, mut interrupts) = mpsc::channel(8);
    for seconds in script.interrupts_s.clone() {
        let interrupt = interrupt.clone();
        tokio::spawn(async move {
            // Half a second off, so that no step ends at the same time.
            tokio::time::sleep(Duration::from_secs(seconds) - Duration::from_millis(500)).await;
            let _ = interrupt.send(()).await;
        });
    }
    let performer = Performer { script: script.clone(), log: log.clone() };
    BEGUN.set(Some(Instant::now()));
    let clock = Clock { patience: script.for_window, now };
    let mut engine = Engine { state, journal: &mut journal, reporter: &mut mirror, clock };
    let performer = Arc::new(performer);
    let ended = loop {
        match engine.run(performer.clone(), &mut interrupts).await {
            Ok(Stop::Finished(result)) => break Ok(result),
            Ok(Stop::TakeBack(extent)) => script.rollback.iter().for_each(|event| {
                let event = match event.clone() {
                    StepEvent::RollbackPlanned { run, nodes, .. } => {
                        StepEvent::RollbackPlanned { extent, run, nodes }
                    }
                    event => event,
                };
                engine.record(event).unwrap();
            }),
            Err(error) => break Err(error),
        }
    };
    let state = engine.state;
    assert_eq!(state, fold(&journal.events), "the state is what is on disk");
    assert_eq!(state, mirror.state, "the reporter was told everything");
    let log = log.lock().unwrap().clone();
    Run { ended, state, log, journal: journal.events }
}

thread_local! {
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A Tuesday, a minute before ten in the evening, when a process begins; then time passes virtually.
pub fn now() -> Timestamp {
    let begun: Timestamp = "2026-11-24T21:59:00Z".parse().unwrap();
    begun + BEGUN.get().map_or(Duration::ZERO, |instant| instant.elapsed())
}

pub fn fold(journal: &[(Timestamp, StepEvent)]) -> RunState {
    let (at, first) = &journal[0];
    let mut state = RunState::begin(*at, first).unwrap();
    for (at, event) in &journal[1..] {
        state.apply(*at, event).unwrap();
    }
    state
}

struct Memory {
    events: Vec<(Timestamp, StepEvent)>,
    log: Log,
    /// How many more records there is room for.
    room: Option<usize>,
}

impl Record for Memory {
    fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError> {
        match &mut self.room {
            Some(0) => return Err(JournalError::Full { path: "journal.jsonl".into() }),
            Some(room) => *room -= 1,
            None => {}
        }
        self.events.push((at, event.clone()));
        self.log.lock().unwrap().push(Happened::Recorded(event.clone()));
        Ok(())
    }
}

/// A reporter that keeps its own state of the run, by the same fold.
struct Mirror {
    state: RunState,
    log: Log,
}

impl Reporter for Mirror {
    fn event(&mut self, event: &Event, state: &RunState) {
        let Event::Step { at, event } = event else { return };
        self.state.apply(*at, event).expect("a reporter is told events that can follow each other");
        assert_eq!(
            self.log.lock().unwrap().last(),
            Some(&Happened::Recorded(event.clone())),
            "recorded, then told"
        );
        assert_eq!(&self.state, state, "the live state is the fold of what was told");
    }

    fn finish(&mut self, _: &RunState) {}
}

struct Performer {
    script: Script,
    log: Log,
}

#[async_trait]
impl Perform for Performer {
    fn keeps(&self, step: &PlannedStep) -> Option<Kept> {
        let kept = Kept { path: "/etc/a".into(), backup: "/var/lib/ringwalk/a".into(), sha256: None };
        matches!(step.step, Step::PushStore(_)).then_some(kept)
    }

    async fn perform(&self, id: StepId, _: &PlannedStep, progress: ProgressSender) -> Outcome {
        self.log.lock().unwrap().push(Happened::Begun(id));
        // Once more than the queue holds: nothing may wait for a reporter.
        for _ in 0..if id == 0 { 300 } else { 2 } {
            let _ = progress.try_send(Progress::JobStage { step: id, stage: "drain".into() });
        }
        let seconds = self.script.takes_s.get(&id).copied().unwrap_or(1);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.log.lock().unwrap().push(Happened::Ended(id));
        if self.script.not_yet.contains(&id) {
            return Outcome::NotYet { why: "as scripted".into(), help: "resume".into() };
        }
        match self.script.fails.contains(&id) {
            false => Outcome::Done { seen: format!("step {id}") },
            true => Outcome::Failed {
                why: "as scripted".into(),
                help: "none".into(),
                log: Vec::new(),
                unchanged: self.script.refused_whole.contains(&id),
            },
        }
    }
}
