//! After a failure, as the playbook wishes it: another run takes back what this one did, in the same process and under the
//! same lock.

use super::perform::Performer;
use super::{Engine, EngineError, Interrupts, Perform, Permission, Stop, back};
use crate::cluster::survey::{Survey, chain, survey_with};
use crate::cluster::{Cluster, Node};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::input::inventory::Inventory;
use crate::journal::event::{Event, Origin, RunResult, StepEvent};
use crate::journal::file::Journal;
use crate::journal::runs::run_id;
use crate::journal::state::RunState;
use crate::plan::conduct::Extent;
use crate::plan::material::Material;
use crate::plan::{Plan, stand};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// With what a run is taken back.
pub struct WayBack {
    pub runs_dir: PathBuf,
    pub inventory: Inventory,
    pub cluster: Arc<Cluster>,
    pub permission: Arc<dyn Permission>,
    pub operator: String,
}

/// A plan that takes the run back, and a fresh look at the nodes.
struct Way {
    plan: Plan,
    facts: Facts,
}

impl WayBack {
    /// Runs to the end, and takes back on the way there what the playbook wishes to be taken back after a failure.
    pub async fn run(
        &self,
        engine: &mut Engine<'_>,
        performer: Arc<dyn Perform>,
        interrupts: &mut Interrupts,
    ) -> Result<RunResult, EngineError> {
        loop {
            match engine.run(Arc::clone(&performer), interrupts).await? {
                Stop::Finished(result) => return Ok(result),
                Stop::TakeBack(extent) => self.take_back(engine, extent, interrupts).await?,
            }
        }
    }

    /// Puts on record what became of it. Whatever speaks against it leaves the cluster as the failure left it.
    async fn take_back(
        &self,
        engine: &mut Engine<'_>,
        extent: Extent,
        interrupts: &mut Interrupts,
    ) -> Result<(), EngineError> {
        let Way { plan, facts } = match self.way(&engine.state, extent).await {
            Ok(way) => way,
            Err(why) => return engine.record(StepEvent::RollbackRefused { why }),
        };
        let nodes = plan.nodes().into_iter().map(str::to_owned).collect();
        if plan.is_empty() {
            engine.record(StepEvent::RollbackPlanned { extent, run: None, nodes })?;
            return engine.record(StepEvent::RollbackEnded { result: RunResult::Done });
        }
        let run = run_id(&plan.cluster, Timestamp::now());
        let journal = match self.open(&run).await {
            Ok(journal) => journal,
            Err(why) => return engine.record(StepEvent::RollbackRefused { why }),
        };
        engine.record(StepEvent::RollbackPlanned { extent, run: Some(run.clone()), nodes })?;
        let origin = Origin {
            undoes: Some(engine.state.run.clone()),
            in_part: extent == Extent::Failed,
            ..engine.state.origin.clone()
        };
        let operator = self.operator.clone();
        let started = StepEvent::RunStarted { run, operator, origin, plan: Box::new(plan) };
        let result = self.carry_out(engine, journal, started, facts, interrupts).await?;
        engine.record(StepEvent::RollbackEnded { result })
    }

    /// The error says in words what speaks against it.
    async fn way(&self, state: &RunState, extent: Extent) -> Result<Way, String> {
        self.permission.may_act()?;
        let paths = |node: &Node| stand::paths_back(&state.plan, &node.name).into_iter().collect();
        let survey = survey_with(&self.cluster, &self.inventory, paths).await;
        let Survey { facts, .. } = survey.map_err(in_words)?;
        let plan = back::plan(state, extent, &self.cluster, &self.inventory, &facts).await;
        Ok(Way { plan: plan.map_err(in_words)?, facts })
    }

    /// The lock and a journal in the name of the run that takes back.
    async fn open(&self, run: &str) -> Result<Journal, String> {
        self.permission.pass_on(run).await?;
        Journal::create(&self.runs_dir, run).map_err(|error| chain(&error))
    }

    async fn carry_out(
        &self,
        engine: &mut Engine<'_>,
        mut journal: Journal,
        started: StepEvent,
        facts: Facts,
        interrupts: &mut Interrupts,
    ) -> Result<RunResult, EngineError> {
        let at = Timestamp::now();
        journal.append(at, &started)?;
        let state = RunState::begin(at, &started)?;
        engine.reporter.event(&Event::Step { at, event: started }, &state);
        let (cluster, permission) = (Arc::clone(&self.cluster), Arc::clone(&self.permission));
        // What comes back lies on the nodes.
        let material = Arc::new(Material::default());
        let performer = Arc::new(Performer::of(&state, cluster, Arc::new(facts), material, permission));
        let clock = engine.clock;
        let mut own = Engine { state, journal: &mut journal, reporter: &mut *engine.reporter, clock };
        let stop = Box::pin(own.run(performer, interrupts)).await;
        let state = own.state;
        match stop {
            Ok(Stop::Finished(RunResult::Done)) => Ok(RunResult::Done),
            Ok(Stop::Finished(result)) => {
                engine.reporter.finish(&state);
                Ok(result)
            }
            Ok(Stop::TakeBack(_)) => unreachable!("a plan that takes back stops at a failure"),
            Err(error) => {
                engine.reporter.finish(&state);
                Err(error)
            }
        }
    }
}

fn in_words(problems: Vec<Diagnostic>) -> String {
    let one = |problem: &Diagnostic| match &problem.help {
        Some(help) => format!("{}: {} ({help})", problem.file, problem.message),
        None => format!("{}: {}", problem.file, problem.message),
    };
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}
