//! One operator of a simulated cluster: runs under the cluster's lock, their journals, and what they leave.

use super::desk::{self, PASSWORD, Playbook};
use super::mutated::{Mutated, Typing};
use super::store::store;
use super::watch::{self, Watch};
use jiff::Timestamp;
use ringwalk::cluster::lock::{Lease, NotTaken};
use ringwalk::cluster::survey::{survey, survey_with};
use ringwalk::cluster::{Cluster, Node};
use ringwalk::diagnostic::Diagnostic;
use ringwalk::engine::answers::Answers;
use ringwalk::engine::clock::Clock;
use ringwalk::engine::perform::Performer;
use ringwalk::engine::take_back::WayBack;
use ringwalk::engine::{Alone, Engine, EngineError, Permission, back, carry, under_way};
use ringwalk::facts::Facts;
use ringwalk::input::Input;
use ringwalk::input::inventory::Inventory;
use ringwalk::input::playbook::OnFailure;
use ringwalk::journal::event::{Outcome, RunResult, StepEvent};
use ringwalk::journal::rollback::Rollback;
use ringwalk::journal::state::RunState;
use ringwalk::plan::conduct::{Conduct, Extent};
use ringwalk::plan::material::Material;
use ringwalk::plan::{Plan, plan, stand};
use ringwalk::sim::{Events, Faults, File, Kill, Mutation, Records, SimHost, World, fold, lock_or_break};
use ringwalk::transport::Host;
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::mpsc;

#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    With(RunResult),
    NothingToDo,
    /// The cluster cannot be looked at, or the plan is refused.
    Refused(String),
    /// Another run holds the cluster.
    Locked(NotTaken),
    Killed,
}

impl Ended {
    pub fn is_good(&self) -> bool {
        matches!(self, Ended::With(RunResult::Done) | Ended::NothingToDo)
    }
}

pub type Configuration = BTreeMap<String, BTreeMap<String, File>>;

/// How the cluster was before a run.
pub struct Before {
    pub configuration: Configuration,
    /// How many had acted by then, and how often somebody had changed a file by hand.
    pub actors: usize,
    pub by_hand: usize,
}

pub struct Rollout {
    pub world: Arc<World>,
    nodes: usize,
    /// What the operator's runs are called.
    name: &'static str,
    mutation: Mutation,
    runs: usize,
    /// The events of the last run, as its journal has them.
    journal: Events,
    before: Option<Before>,
    watch: Watch,
    broken: Vec<String>,
    /// What the operator says to pauses.
    pub answers: Answers,
    /// What every playbook of theirs says about a failure.
    pub on_failure: OnFailure,
    /// Where runs that take back by themselves have their journals.
    runs_dir: TempDir,
}

/// What a run is begun for.
enum Aim {
    /// What a playbook says, planned while the cluster was so.
    Playbook(Before),
    /// To take this run back.
    WayBack(String),
}

/// What a run is begun or taken up with.
struct With {
    cluster: Cluster,
    inventory: Inventory,
    facts: Facts,
    material: Material,
}

impl Rollout {
    pub fn new(nodes: usize, seed: u64, faults: Faults, mutation: Mutation) -> Rollout {
        let world = World::new(&desk::wishes(nodes), seed, faults, mutation);
        for playbook in [Playbook::Enable, Playbook::Rotate] {
            world.knows(&store(playbook), PASSWORD);
        }
        Rollout::over(world, nodes, "run", mutation)
    }

    /// Another operator of the same cluster.
    pub fn beside(&self, name: &'static str) -> Rollout {
        Rollout::over(Arc::clone(&self.world), self.nodes, name, self.mutation)
    }

    /// The same operator at another machine, to which the last run's journal was copied.
    pub fn elsewhere(&self) -> Rollout {
        let there = Rollout::over(Arc::clone(&self.world), self.nodes, self.name, self.mutation);
        Rollout { runs: self.runs, journal: self.journal.clone(), answers: self.answers.clone(), ..there }
    }

    fn over(world: Arc<World>, nodes: usize, name: &'static str, mutation: Mutation) -> Rollout {
        Rollout {
            world,
            nodes,
            name,
            mutation,
            runs: 0,
            journal: Vec::new(),
            before: None,
            watch: Watch::new(),
            broken: Vec::new(),
            answers: Answers::default(),
            on_failure: OnFailure::Stop,
            runs_dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Plans and applies, or is killed.
    pub async fn apply(&mut self, playbook: Playbook, kill: Option<Kill>) -> Ended {
        let (input, material, cluster) = self.desk(playbook);
        let before = self.now();
        let facts = match survey(&cluster, &input).await {
            Ok(survey) => survey.facts,
            Err(problems) => return told(problems),
        };
        match plan(&input, &material, &facts) {
            Ok(plan) if plan.is_empty() => Ended::NothingToDo,
            Ok(plan) => {
                let conduct = Conduct { on_failure: self.on_failure, ..plan.conduct };
                let plan = Plan { conduct, ..plan };
                self.begin(
                    plan,
                    kill,
                    Aim::Playbook(before),
                    With { cluster, inventory: input.inventory, facts, material },
                )
                .await
            }
            Err(problems) => told(problems),
        }
    }

    fn desk(&self, playbook: Playbook) -> (Input, Material, Cluster) {
        let (input, material) = (desk::input(self.nodes, playbook), desk::material(self.nodes, playbook));
        let cluster = Cluster::new(&input.inventory, &material, &BTreeMap::new(), |node| {
            let host: Arc<dyn Host> = Arc::new(SimHost::new(&self.world, &node.name).unwrap());
            if self.mutation == Mutation::TypesASecret { Arc::new(Typing(host)) } else { host }
        });
        (input, material, cluster)
    }

    /// A look at the cluster with the paths that the last run writes.
    async fn look(&self, cluster: &Cluster, input: &Input, state: &RunState) -> Result<Facts, Ended> {
        let paths = |node: &Node| stand::paths(&state.plan, &node.name).into_iter().collect();
        survey_with(cluster, &input.inventory, paths).await.map(|survey| survey.facts).map_err(told)
    }

    async fn begin(&mut self, plan: Plan, kill: Option<Kill>, aim: Aim, with: With) -> Ended {
        let run = format!("{}-{}", self.name, self.runs + 1);
        let undone = match &aim {
            Aim::Playbook(_) => None,
            Aim::WayBack(undone) => Some(undone.as_str()),
        };
        let lease = match self.lock(&with.cluster, &run, undone).await {
            Ok(lease) => lease,
            Err(not_taken) => return Ended::Locked(not_taken),
        };
        self.runs += 1;
        let undoes = match aim {
            Aim::Playbook(before) => {
                self.before = Some(before);
                None
            }
            Aim::WayBack(undone) => Some(undone),
        };
        let origin = ringwalk::journal::event::Origin { undoes, ..Default::default() };
        let (at, operator) = (Timestamp::UNIX_EPOCH, self.name.into());
        self.journal = vec![(at, StepEvent::RunStarted { run, operator, origin, plan: Box::new(plan) })];
        self.carry_out(kill, lease, with).await
    }

    /// Goes on with the last run, whose controller died or that stopped.
    pub async fn resume(&mut self, playbook: Playbook, kill: Option<Kill>) -> Ended {
        let (input, material, cluster) = self.desk(playbook);
        let state = self.fold();
        if matches!(state.finished, Some((_, RunResult::Done))) {
            return Ended::NothingToDo;
        }
        if is_taken_back(&state) {
            return Ended::Refused("the run is taken back, or being taken back".into());
        }
        let facts = match self.look(&cluster, &input, &state).await {
            Ok(facts) => facts,
            Err(ended) => return ended,
        };
        let mut problems = under_way::heals(&state, &cluster, &facts).await;
        problems.extend(carry::problems(&state, &facts, &material));
        if !problems.is_empty() {
            return told(problems);
        }
        let lease = match self.lock(&cluster, &state.run, state.origin.undoes.as_deref()).await {
            Ok(lease) => lease,
            Err(not_taken) => return Ended::Locked(not_taken),
        };
        self.journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: self.name.into() }));
        self.carry_out(kill, lease, With { cluster, inventory: input.inventory, facts, material }).await
    }

    /// Takes the last run back, as far as it came.
    pub async fn roll_back(&mut self, playbook: Playbook, kill: Option<Kill>) -> Ended {
        let (input, material, cluster) = self.desk(playbook);
        let undone = self.fold();
        let facts = match self.look(&cluster, &input, &undone).await {
            Ok(facts) => facts,
            Err(ended) => return ended,
        };
        match back::plan(&undone, Extent::Run, &cluster, &input.inventory, &facts).await {
            Ok(plan) if plan.is_empty() => Ended::NothingToDo,
            Ok(plan) => {
                let aim = Aim::WayBack(undone.run);
                self.begin(plan, kill, aim, With { cluster, inventory: input.inventory, facts, material })
                    .await
            }
            Err(problems) => told(problems),
        }
    }

    /// The cluster's lock; that of a run which is dead is taken away from it first. `None`: acts without one.
    async fn lock(
        &self,
        cluster: &Cluster,
        run: &str,
        undone: Option<&str>,
    ) -> Result<Option<Lease>, NotTaken> {
        match lock_or_break(cluster, run, self.name, undone).await {
            Err(_) if self.mutation == Mutation::IgnoresTheLock => Ok(None),
            taken => taken.map(Some),
        }
    }

    async fn carry_out(&mut self, kill: Option<Kill>, lease: Option<Lease>, with: With) -> Ended {
        let With { cluster, inventory, facts, material } = with;
        let state = self.fold();
        let cluster = Arc::new(self.watch.transcribed(cluster));
        let lease = lease.map(Arc::new);
        let permission: Arc<dyn Permission> = match &lease {
            Some(lease) if self.mutation != Mutation::IgnoresTheLock => Arc::clone(lease) as _,
            Some(_) | None => Arc::new(Alone),
        };
        let way_back = WayBack {
            runs_dir: self.runs_dir.path().to_owned(),
            inventory,
            cluster: Arc::clone(&cluster),
            permission: Arc::clone(&permission),
            operator: self.name.into(),
        };
        let inner = Performer::of(&state, cluster, Arc::new(facts), Arc::new(material), permission);
        let performer =
            Arc::new(Mutated { inner: inner.told(self.answers.clone(), None), mutation: self.mutation });
        let mut records = Records::new(std::mem::take(&mut self.journal), kill, self.mutation);
        let mut reporter = self.watch.reporter();
        let (_interrupt, mut interrupts) = mpsc::channel(1);
        let clock = Clock::default();
        let mut engine = Engine { state, journal: &mut records, reporter: &mut reporter, clock };
        let ended = way_back.run(&mut engine, performer, &mut interrupts).await;
        let live = engine.state;
        self.broken.extend(watch::judge(&records, &live));
        self.broken.extend(self.watch.judge());
        self.journal = records.events;
        match ended {
            Ok(result) => {
                if let Some(lease) = lease {
                    lease.release().await;
                }
                Ended::With(result)
            }
            Err(EngineError::Journal(_)) => Ended::Killed,
            Err(error) => panic!("{error}"),
        }
    }

    fn fold(&self) -> RunState {
        fold(&self.journal).unwrap().unwrap()
    }

    /// The last run, if there was one.
    pub fn last(&self) -> Option<RunState> {
        (!self.journal.is_empty()).then(|| self.fold())
    }

    /// How the cluster was before the last run that took nothing back.
    pub fn before(&self) -> Option<&Before> {
        self.before.as_ref()
    }

    fn now(&self) -> Before {
        Before {
            configuration: self.configuration(),
            actors: self.world.actors().len(),
            by_hand: self.world.by_hand().len(),
        }
    }

    pub fn violations(&self) -> Vec<String> {
        [self.broken.clone(), self.world.violations()].concat()
    }

    pub fn configuration(&self) -> Configuration {
        self.world.configuration()
    }

    pub fn records(&self) -> usize {
        self.journal.len()
    }

    /// What happened in the last run, without the time at which it did.
    pub fn events(&self) -> Vec<&StepEvent> {
        self.journal.iter().map(|(_, event)| event).collect()
    }

    /// Why the last run failed.
    pub fn told(&self) -> String {
        let failed = |(_, event): &(Timestamp, StepEvent)| match event {
            StepEvent::StepFinished { outcome: Outcome::Failed { why, .. }, step } => {
                Some(format!("{step}: {why}"))
            }
            _ => None,
        };
        self.journal.iter().filter_map(failed).collect::<Vec<_>>().join("; ")
    }
}

/// As its playbook wishes after a failure; where that is over and was of the failed nodes alone, the run goes on.
fn is_taken_back(run: &RunState) -> bool {
    let Some(Rollback::Planned { extent, run: Some(_), result, .. }) = &run.rollback else { return false };
    (*extent, *result) != (Extent::Failed, Some(RunResult::Done))
}

fn told(problems: Vec<Diagnostic>) -> Ended {
    Ended::Refused(format!("{problems:?}"))
}
