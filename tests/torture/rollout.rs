//! One simulated cluster and the operator's side of it: stores, playbooks, runs, journals, and what the judge noted.

use super::store::store;
use async_trait::async_trait;
use jiff::Timestamp;
use ringwalk::cluster::Cluster;
use ringwalk::cluster::survey::{survey, survey_with};
use ringwalk::diagnostic::Diagnostic;
use ringwalk::engine::answers::Answers;
use ringwalk::engine::clock::Clock;
use ringwalk::engine::perform::Performer;
use ringwalk::engine::{Alone, Engine, EngineError, Perform, ProgressSender, Record, Stop};
use ringwalk::engine::{back, carry};
use ringwalk::facts::Facts;
use ringwalk::facts::version::Version;
use ringwalk::formats::store::Store;
use ringwalk::input::{self, Input, Source};
use ringwalk::journal::event::{Event, Kept, Outcome, RunResult, StepEvent};
use ringwalk::journal::file::JournalError;
use ringwalk::journal::state::RunState;
use ringwalk::plan::change::{CertificateSummary, sha256_hex};
use ringwalk::plan::conduct::Extent;
use ringwalk::plan::material::{LocalStore, Material};
use ringwalk::plan::step::{Gate, Step, StoreName};
use ringwalk::plan::{Plan, PlannedStep, StepId, plan, stand};
use ringwalk::report::Reporter;
use ringwalk::secret::{Secret, SecretSource};
use ringwalk::sim::{Faults, File, Mutation, NodeWish, SimHost, World};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

pub const PASSWORD: &str = "kept-from-all-eyes";

/// Hours pass in milliseconds.
pub fn in_time<T>(rollout: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(rollout)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playbook {
    Enable,
    /// The same playbook over a store of another year.
    Rotate,
    /// `Enable`, and then TLS only, once no client spoke plaintext for an hour and somebody approved.
    Staged,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    With(RunResult),
    NothingToDo,
    /// The cluster cannot be looked at, or the plan is refused.
    Refused(String),
    Killed,
}

pub struct Rollout {
    world: Arc<World>,
    nodes: usize,
    mutation: Mutation,
    runs: usize,
    /// The events of the last run, as its journal has them.
    journal: Vec<(Timestamp, StepEvent)>,
    broken: Vec<String>,
    /// What the operator says to pauses.
    pub answers: Answers,
}

impl Rollout {
    pub fn new(nodes: usize, seed: u64, faults: Faults, mutation: Mutation) -> Rollout {
        let world = World::new(&wishes(nodes), seed, faults, mutation);
        for playbook in [Playbook::Enable, Playbook::Rotate] {
            world.knows(&store(playbook), PASSWORD);
        }
        Rollout {
            world,
            nodes,
            mutation,
            runs: 0,
            journal: Vec::new(),
            broken: Vec::new(),
            answers: Answers::default(),
        }
    }

    /// Plans and applies. `kill`: the controller dies after so many records, the last of them on disk or not.
    pub async fn apply(&mut self, playbook: Playbook, kill: Option<(usize, bool)>) -> Ended {
        let (input, material, cluster) = self.operators_side(playbook);
        let facts = match survey(&cluster, &input).await {
            Ok(survey) => survey.facts,
            Err(problems) => return told(problems),
        };
        match plan(&input, &material, &facts) {
            Ok(plan) if plan.is_empty() => Ended::NothingToDo,
            Ok(plan) => self.begin(plan, kill, cluster, facts, material).await,
            Err(problems) => told(problems),
        }
    }

    fn operators_side(&self, playbook: Playbook) -> (Input, Material, Cluster) {
        let (input, material) = (input(self.nodes, playbook), material(self.nodes, playbook));
        let cluster = Cluster::new(&input.inventory, &material, &BTreeMap::new(), |node| {
            Arc::new(SimHost::new(&self.world, &node.name).unwrap())
        });
        (input, material, cluster)
    }

    async fn begin(
        &mut self,
        plan: Plan,
        kill: Option<(usize, bool)>,
        cluster: Cluster,
        facts: Facts,
        material: Material,
    ) -> Ended {
        self.runs += 1;
        let (run, at) = (format!("run-{}", self.runs), Timestamp::UNIX_EPOCH);
        let (operator, origin) = ("sim".into(), Default::default());
        self.journal = vec![(at, StepEvent::RunStarted { run, operator, origin, plan: Box::new(plan) })];
        self.carry_out(kill, cluster, facts, material).await
    }

    /// Goes on with the run whose controller died.
    pub async fn resume(&mut self, playbook: Playbook) -> Ended {
        let (input, material, cluster) = self.operators_side(playbook);
        let state = self.fold();
        let paths =
            |node: &ringwalk::cluster::Node| stand::paths(&state.plan, &node.name).into_iter().collect();
        let facts = match survey_with(&cluster, &input.inventory, paths).await {
            Ok(survey) => survey.facts,
            Err(problems) => return told(problems),
        };
        let problems = carry::problems(&state, &facts, &material);
        if !problems.is_empty() {
            return told(problems);
        }
        self.journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "sim".into() }));
        self.carry_out(None, cluster, facts, material).await
    }

    /// Takes the last run back, as far as it came.
    pub async fn roll_back(&mut self, playbook: Playbook) -> Ended {
        let (input, material, cluster) = self.operators_side(playbook);
        let undone = self.fold();
        let paths =
            |node: &ringwalk::cluster::Node| stand::paths(&undone.plan, &node.name).into_iter().collect();
        let facts = match survey_with(&cluster, &input.inventory, paths).await {
            Ok(survey) => survey.facts,
            Err(problems) => return told(problems),
        };
        match back::plan(&undone, Extent::Run, &cluster, &input.inventory, &facts).await {
            Ok(plan) if plan.is_empty() => Ended::NothingToDo,
            Ok(plan) => self.begin(plan, None, cluster, facts, material).await,
            Err(problems) => told(problems),
        }
    }

    fn fold(&self) -> RunState {
        let (at, first) = &self.journal[0];
        let mut state = RunState::begin(*at, first).unwrap();
        self.journal[1..].iter().for_each(|(at, event)| state.apply(*at, event).unwrap());
        state
    }

    async fn carry_out(
        &mut self,
        kill: Option<(usize, bool)>,
        cluster: Cluster,
        facts: Facts,
        material: Material,
    ) -> Ended {
        let state = self.fold();
        let mut disk = Disk { events: std::mem::take(&mut self.journal), kill, mutation: self.mutation };
        let (cluster, facts, material) = (Arc::new(cluster), Arc::new(facts), Arc::new(material));
        let inner =
            Performer::of(&state, cluster, facts, material, Arc::new(Alone)).told(self.answers.clone(), None);
        let performer = Arc::new(Mutated { inner, mutation: self.mutation });
        let (_interrupt, mut interrupts) = mpsc::channel(1);
        let mut eye = Eye;
        let mut engine = Engine { state, journal: &mut disk, reporter: &mut eye, clock: Clock::default() };
        let ended = engine.run(performer, &mut interrupts).await;
        let live = engine.state;
        self.journal = disk.events;
        self.judge_journal(&live, ended.is_ok());
        match ended {
            Ok(Stop::Finished(result)) => Ended::With(result),
            Ok(Stop::TakeBack(_)) => unreachable!("no playbook here wishes it"),
            Err(EngineError::Journal(_)) => Ended::Killed,
            Err(error) => panic!("{error}"),
        }
    }

    /// Applies until faults are over, then once more over a cluster that is healed.
    pub async fn until_the_end(&mut self, mut kill: Option<(usize, bool)>) -> Result<(), String> {
        for playbook in [Playbook::Enable, Playbook::Rotate] {
            for _ in 0..4 {
                let ended = self.apply(playbook, kill.take()).await;
                if matches!(ended, Ended::With(RunResult::Done) | Ended::NothingToDo)
                    || !self.violations().is_empty()
                {
                    break;
                }
                // The operator reads, mends and tries again.
                tokio::time::sleep(Duration::from_secs(120)).await;
            }
        }
        self.world.heal();
        tokio::time::sleep(Duration::from_secs(300)).await;
        let ended = self.apply(Playbook::Rotate, None).await;
        match ended {
            Ended::With(RunResult::Done) | Ended::NothingToDo => Ok(()),
            other => Err(format!("when the faults were over the run ended {other:?}: {}", self.told())),
        }
    }

    fn judge_journal(&mut self, live: &RunState, ended: bool) {
        let (at, first) = &self.journal[0];
        let mut fold = RunState::begin(*at, first).unwrap();
        let folds = self.journal[1..].iter().all(|(at, event)| fold.apply(*at, event).is_ok());
        if ended && (!folds || fold != *live) {
            self.broken.push("the journal does not fold into the live state".into());
        }
        if serde_json::to_string(&self.journal).unwrap().contains(PASSWORD) {
            self.broken.push("a secret is in the journal".into());
        }
    }

    pub fn violations(&self) -> Vec<String> {
        [self.broken.clone(), self.world.violations()].concat()
    }

    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        self.world.injected()
    }

    pub fn configuration(&self) -> BTreeMap<String, BTreeMap<String, File>> {
        self.world.configuration()
    }

    pub fn records(&self) -> usize {
        self.journal.len()
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

fn told(problems: Vec<Diagnostic>) -> Ended {
    Ended::Refused(format!("{problems:?}"))
}

/// A journal in memory that stops where the controller is killed.
struct Disk {
    events: Vec<(Timestamp, StepEvent)>,
    kill: Option<(usize, bool)>,
    mutation: Mutation,
}

impl Record for Disk {
    fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError> {
        let dies = self.kill.filter(|(after, _)| self.events.len() == *after);
        if dies.is_none_or(|(_, recorded)| recorded) {
            let is_forgotten = self.mutation == Mutation::ForgetsARecord
                && matches!(event, StepEvent::StepFinished { step: 3, .. });
            if !is_forgotten {
                self.events.push((at, event.clone()));
            }
        }
        match dies {
            Some(_) => Err(JournalError::Closed { path: "/killed".into() }),
            None => Ok(()),
        }
    }
}

struct Eye;

impl Reporter for Eye {
    fn event(&mut self, _: &Event, _: &RunState) {}
    fn finish(&mut self, _: &RunState) {}
}

/// The real performer, or one that is broken on purpose.
struct Mutated {
    inner: Performer,
    mutation: Mutation,
}

#[async_trait]
impl Perform for Mutated {
    fn keeps(&self, step: &PlannedStep) -> Option<Kept> {
        self.inner.keeps(step)
    }

    async fn perform(&self, id: StepId, step: &PlannedStep, progress: ProgressSender) -> Outcome {
        match (self.mutation, &step.step) {
            (Mutation::NeverWaits, Step::Hold(_)) => Outcome::Done { seen: "not asked".into() },
            (Mutation::TellsASecret, Step::EditYaml(_)) => Outcome::Done { seen: PASSWORD.into() },
            (Mutation::WaitsForever, Step::Hold(hold)) if hold.gates.contains(&Gate::NodeIsUp) => {
                std::future::pending().await
            }
            _ => self.inner.perform(id, step, progress).await,
        }
    }
}

const REQUIRE: &str = "  - name: require\n    enter_when: { plaintext_clients: 0, for: 1h, approved: true }\n    \
                       client_encryption_options: { optional: false }\n";

/// Nodes in three racks, in plaintext.
pub fn wishes(nodes: usize) -> Vec<NodeWish> {
    let wish = |number: usize| NodeWish {
        name: format!("n{number}"),
        address: format!("10.0.{}.{}", number / 200, number % 200 + 1),
        rack: format!("r{}", number % 3),
        version: Version::new(4, 1, 10),
        yaml: format!(
            "cluster_name: sim\nlisten_address: 10.0.{0}.{1}\nrpc_address: 10.0.{0}.{1}\nclient_encryption_options:\n    \
             enabled: false\n    optional: false\n    keystore: conf/.keystore\n    #keystore_password: cassandra\n",
            number / 200,
            number % 200 + 1
        ),
    };
    (0..nodes).map(wish).collect()
}

pub fn input(nodes: usize, of: Playbook) -> Input {
    let mut inventory = "cluster: sim\nnodes:\n".to_owned();
    for number in 0..nodes {
        inventory.push_str(&format!(
            "  - {{ name: n{number}, address: 10.0.{}.{}, datacenter: dc1, rack: r{} }}\n",
            number / 200,
            number % 200 + 1,
            number % 3
        ));
    }
    let playbook = "playbook: sim\nstores:\n  keystore:\n    from: k.jks\n    to: /etc/cassandra/tls/keystore.jks\n    \
                    password: env:KEYSTORE_PASSWORD\nphases:\n  - name: enable\n    client_encryption_options: \
                    { enabled: true, optional: true }\n";
    let playbook = format!("{playbook}{}", if of == Playbook::Staged { REQUIRE } else { "" });
    let read = input::read(
        Source { file: "inventory.yaml", text: &inventory },
        Source { file: "playbook.yaml", text: &playbook },
    );
    read.unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub fn material(nodes: usize, playbook: Playbook) -> Material {
    let bytes = store(playbook);
    let opened = Store::open(&bytes, &Secret::new(PASSWORD)).unwrap();
    let leaf = opened.leaf().unwrap();
    let local = LocalStore {
        file: "k.jks".into(),
        sha256: sha256_hex(&bytes),
        bytes: bytes.into(),
        content: None,
        certificate: Some(CertificateSummary {
            subject: leaf.subject.clone(),
            sha256: leaf.sha256.clone(),
            not_after: leaf.not_after.to_string(),
        }),
    };
    let stores = (0..nodes).map(|number| ((format!("n{number}"), StoreName::Keystore), local.clone()));
    let source: SecretSource = "env:KEYSTORE_PASSWORD".parse().unwrap();
    Material {
        stores: stores.collect(),
        secrets: BTreeMap::from([(source.to_string(), Secret::new(PASSWORD))]),
    }
}
