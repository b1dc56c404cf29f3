//! One operator of a simulated copy: plans, applies and resumes as the commands do, with the real engine under the
//! cluster's lock.

use super::{Desk, playable};
use crate::cluster::lock::{Lease, NotTaken};
use crate::cluster::survey::{survey, survey_with};
use crate::cluster::{Cluster, Node};
use crate::diagnostic::Diagnostic;
use crate::engine::answers::{Answer, Answers, Operator as Asked};
use crate::engine::carry::{self, Means};
use crate::engine::{EngineError, Interrupts};
use crate::facts::Facts;
use crate::journal::event::{Event, Origin, RunResult};
use crate::journal::state::RunState;
use crate::plan::{Plan, plan, stand};
use crate::report::Reporter;
use crate::report::rehearsal::Told;
use crate::sim::{Events, Kill, Mutation, Records, SimHost, World, fold, lock_or_break};
use async_trait::async_trait;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub struct Operator<'a> {
    desk: &'a Desk,
    pub world: Arc<World>,
    cluster: Cluster,
    /// What their runs are called.
    name: &'static str,
    runs: usize,
    /// Where a run that takes another back keeps its journal.
    runs_dir: TempDir,
    /// The last run, as its journal has it.
    records: Events,
    pub told: Vec<Told>,
    pub broken: Vec<String>,
}

/// How a command ended.
#[derive(Debug)]
pub enum Ended {
    /// As this state says, with what the run came to; `None`: the controller was killed.
    Ran(Box<RunState>, Option<RunResult>),
    NothingToDo,
    Refused(Vec<Diagnostic>),
    Locked(NotTaken),
}

impl Ended {
    pub fn is_good(&self) -> bool {
        matches!(self, Ended::Ran(_, Some(RunResult::Done)) | Ended::NothingToDo)
    }
}

impl<'a> Operator<'a> {
    pub fn new(desk: &'a Desk, world: Arc<World>, name: &'static str) -> std::io::Result<Operator<'a>> {
        let (inventory, identities) = (&desk.input.inventory, &desk.identities);
        let cluster = Cluster::new(inventory, &desk.material, identities, |node| {
            Arc::new(SimHost::new(&world, &node.name).expect("a copy has every node of its inventory"))
        });
        Ok(Operator {
            desk,
            world,
            cluster,
            name,
            runs: 0,
            runs_dir: tempfile::tempdir()?,
            records: Vec::new(),
            told: Vec::new(),
            broken: Vec::new(),
        })
    }

    /// Looks at the copy and plans.
    pub async fn plan(&self) -> Result<(Plan, Facts), Vec<Diagnostic>> {
        let facts = survey(&self.cluster, &self.desk.input).await?.facts;
        let plan = plan(&self.desk.input, &self.desk.material, &facts)?;
        Ok((playable::of(plan), facts))
    }

    pub async fn apply(&mut self, kill: Option<Kill>) -> Ended {
        let (plan, facts) = match self.plan().await {
            Ok((plan, _)) if plan.is_empty() => return Ended::NothingToDo,
            Ok(made) => made,
            Err(problems) => return Ended::Refused(problems),
        };
        self.runs += 1;
        let run = if self.runs == 1 { self.name.to_owned() } else { format!("{}-{}", self.name, self.runs) };
        let lease = match lock_or_break(&self.cluster, &run, self.name, None).await {
            Ok(lease) => Arc::new(lease),
            Err(not_taken) => return Ended::Locked(not_taken),
        };
        let mut records = Records::new(Vec::new(), kill, Mutation::None);
        let (_interrupt, interrupts) = mpsc::channel(1);
        let mut teller = Teller::default();
        let means = self.means(facts, &lease, &mut teller, interrupts);
        let ended = carry::begin(&mut records, &run, Origin::default(), plan, means).await;
        self.told = teller.told;
        self.settle(records, &lease, ended).await
    }

    /// Goes on with the last run.
    pub async fn resume(&mut self, kill: Option<Kill>) -> Ended {
        let Some(state) = self.last() else { return Ended::NothingToDo };
        let paths = |node: &Node| stand::paths(&state.plan, &node.name).into_iter().collect();
        let facts = match survey_with(&self.cluster, &self.desk.input.inventory, paths).await {
            Ok(survey) => survey.facts,
            Err(problems) => return Ended::Refused(problems),
        };
        let problems = carry::problems(&state, &facts, &self.desk.material);
        if !problems.is_empty() {
            return Ended::Refused(problems);
        }
        let lease =
            match lock_or_break(&self.cluster, &state.run, self.name, state.origin.undoes.as_deref()).await {
                Ok(lease) => Arc::new(lease),
                Err(not_taken) => return Ended::Locked(not_taken),
            };
        let mut records = Records::new(std::mem::take(&mut self.records), kill, Mutation::None);
        let (_interrupt, interrupts) = mpsc::channel(1);
        let mut teller = Teller::default();
        let means = self.means(facts, &lease, &mut teller, interrupts);
        let ended = carry::go_on(&mut records, state, means).await;
        self.settle(records, &lease, ended).await
    }

    fn means<'m>(
        &self,
        facts: Facts,
        lease: &Arc<Lease>,
        reporter: &'m mut Teller,
        interrupts: Interrupts,
    ) -> Means<'m> {
        let answers = Answers { operator: Arc::new(Yes), ..Answers::default() };
        Means {
            cluster: Arc::new(self.cluster.clone()),
            facts: Arc::new(facts),
            material: Arc::new(self.desk.material.clone()),
            looks: None,
            reporter,
            interrupts,
            permission: Arc::clone(lease) as _,
            answers,
            operator: self.name.into(),
            runs_dir: self.runs_dir.path().to_owned(),
            inventory: self.desk.input.inventory.clone(),
        }
    }

    /// Gives the lock back as the commands do, and compares what is on record with what the run held for its state.
    async fn settle(
        &mut self,
        records: Records,
        lease: &Lease,
        ended: Result<carry::Ended, EngineError>,
    ) -> Ended {
        let ended = match ended {
            Ok(carry::Ended { state, result }) => {
                if !records.fold_into(&state) {
                    self.broken.push("the journal does not fold into the live state".into());
                }
                result
            }
            Err(error) => Err(error),
        };
        self.records = records.events;
        let result = match ended {
            Ok(result) => Some(result),
            Err(EngineError::Journal(_)) => None,
            Err(error @ (EngineError::OutOfOrder(_) | EngineError::Left)) => {
                self.broken.push(error.to_string());
                None
            }
        };
        if result.is_some() {
            lease.release().await;
        }
        match self.last() {
            Some(state) => Ended::Ran(Box::new(state), result),
            None => Ended::NothingToDo,
        }
    }

    /// The last run, if there was one.
    pub fn last(&self) -> Option<RunState> {
        fold(&self.records).ok().flatten()
    }

    /// Whether the last run is to be gone on with, rather than the cluster planned anew.
    pub fn has_an_open_run(&self) -> bool {
        let is_done = |state: &RunState| matches!(state.finished, Some((_, RunResult::Done)));
        self.last().is_some_and(|state| !state.is_taken_back() && !is_done(&state))
    }
}

/// Keeps the events of a run, with their times on the clock of the copy.
struct Teller {
    begun: Instant,
    told: Vec<Told>,
}

impl Default for Teller {
    fn default() -> Teller {
        Teller { begun: Instant::now(), told: Vec::new() }
    }
}

impl Reporter for Teller {
    fn event(&mut self, event: &Event, _: &RunState) {
        if let Event::Step { event, .. } = event {
            self.told.push(Told { after_s: self.begun.elapsed().as_secs(), event: event.clone() });
        }
    }

    fn finish(&mut self, _: &RunState) {}
}

/// Says yes to whatever is asked.
struct Yes;

#[async_trait]
impl Asked for Yes {
    async fn answers(&self) -> Answer {
        Answer::Yes
    }
}
