//! A node that does not start with its new files: it is put back, or the whole run is, by a run of its own.

use super::desk::{PASSWORD, Playbook, input, keystore_of, material, wishes};
use super::rollout::Configuration;
use ringwalk::cluster::lock::{self, Lease};
use ringwalk::cluster::survey::{survey, survey_with};
use ringwalk::cluster::{Cluster, Node};
use ringwalk::engine::answers::Answers;
use ringwalk::engine::carry::{self, Ended, Means};
use ringwalk::engine::{Interrupts, back};
use ringwalk::facts::Facts;
use ringwalk::input::Input;
use ringwalk::input::playbook::OnFailure;
use ringwalk::journal::event::{Event, Origin, RunResult};
use ringwalk::journal::file::{self, Journal};
use ringwalk::journal::runs::{RunSummary, Standing, list};
use ringwalk::journal::state::{RunState, Status};
use ringwalk::node::files;
use ringwalk::node::lock::Answer;
use ringwalk::plan::change::sha256_hex;
use ringwalk::plan::conduct::{Conduct, Extent};
use ringwalk::plan::material::Material;
use ringwalk::plan::{Plan, plan, stand};
use ringwalk::report::Reporter;
use ringwalk::sim::{Faults, Mutation, SimHost, World, in_time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::sync::mpsc::channel;
use tokio::time::sleep;

/// As long as a start may take, two minutes more, and what it takes to go back: `timeouts.heal` and a restart.
const HEALED_BY: Duration = Duration::from_secs(1000);
const RUN: &str = "sim-20261124-000000-0000";

/// Three nodes, of which one gets a file that is no keystore, and the operator's side.
struct Scene {
    world: Arc<World>,
    input: Input,
    material: Material,
    cluster: Arc<Cluster>,
    runs_dir: TempDir,
}

/// How it ended.
struct Story {
    ended: Ended,
    before: Configuration,
    after: Configuration,
    runs: Vec<RunSummary>,
    violations: Vec<String>,
    free: bool,
}

impl Scene {
    fn new(broken: &str) -> Scene {
        let world = World::new(&wishes(3), 1, Faults::default(), Mutation::None);
        world.knows(&super::store::store(Playbook::Enable), PASSWORD);
        let (input, mut material) = (input(3, Playbook::Enable), material(3, Playbook::Enable));
        let local = material.stores.get_mut(&keystore_of(broken)).unwrap();
        let bytes = b"no keystore".to_vec();
        (local.sha256, local.bytes) = (sha256_hex(&bytes), bytes.into());
        let cluster = Cluster::new(&input.inventory, &material, &BTreeMap::new(), |node| {
            Arc::new(SimHost::new(&world, &node.name).unwrap())
        });
        let runs_dir = tempfile::tempdir().unwrap();
        Scene { world, input, material, cluster: Arc::new(cluster), runs_dir }
    }

    fn means<'a>(
        &self,
        facts: Facts,
        lease: &Arc<Lease>,
        by: (Interrupts, &'a mut dyn Reporter),
    ) -> Means<'a> {
        Means {
            cluster: Arc::clone(&self.cluster),
            facts: Arc::new(facts),
            material: Arc::new(self.material.clone()),
            looks: None,
            reporter: by.1,
            interrupts: by.0,
            permission: lease.clone(),
            answers: Answers::default(),
            operator: "sim".into(),
            runs_dir: self.runs_dir.path().to_owned(),
            inventory: self.input.inventory.clone(),
        }
    }

    /// Applies; dropped in the middle, it is the death of its controller.
    async fn apply(&self, on_failure: OnFailure, reporter: &mut dyn Reporter) -> Ended {
        let facts = survey(&self.cluster, &self.input).await.unwrap().facts;
        let plan = plan(&self.input, &self.material, &facts).unwrap();
        let plan = Plan { conduct: Conduct { on_failure, window: None }, ..plan };
        let lease = Arc::new(lock::take(Arc::clone(&self.cluster), RUN, "sim").await.unwrap());
        let (_interrupt, interrupts) = channel(1);
        let means = self.means(facts, &lease, (interrupts, reporter));
        let mut journal = Journal::create(self.runs_dir.path(), RUN).unwrap();
        let ended = carry::begin(&mut journal, RUN, Origin::default(), plan, means).await.unwrap();
        lease.release().await;
        ended
    }

    /// `ringwalk rollback` of the run, by somebody who breaks no lock.
    async fn roll_back(&self) {
        let undone = file::read(&file::path(self.runs_dir.path(), RUN)).unwrap().state.unwrap();
        let paths = |node: &Node| stand::paths(&undone.plan, &node.name).into_iter().collect();
        let facts = survey_with(&self.cluster, &self.input.inventory, paths).await.unwrap().facts;
        let plan =
            back::plan(&undone, Extent::Run, &self.cluster, &self.input.inventory, &facts).await.unwrap();
        if plan.is_empty() {
            return;
        }
        let run = "sim-back";
        let lease = lock::take_over(Arc::clone(&self.cluster), run, "sim", Some(RUN), &|_| false).await;
        let lease = Arc::new(lease.unwrap());
        let (_interrupt, interrupts) = channel(1);
        let mut nobody = Nobody;
        let means = self.means(facts, &lease, (interrupts, &mut nobody));
        let origin = Origin { undoes: Some(RUN.into()), ..Origin::default() };
        let mut journal = Journal::create(self.runs_dir.path(), run).unwrap();
        let ended = carry::begin(&mut journal, run, origin, plan, means).await.unwrap();
        assert_eq!(ended.result.unwrap(), RunResult::Done, "{:?}", ended.state.status);
        lease.release().await;
    }
}

async fn played(on_failure: OnFailure, broken: &str) -> Story {
    let scene = Scene::new(broken);
    let before = scene.world.configuration();
    let ended = scene.apply(on_failure, &mut Nobody).await;
    let locks = lock::show(&scene.cluster).await;
    Story {
        ended,
        before,
        after: scene.world.configuration(),
        runs: list(scene.runs_dir.path()).unwrap(),
        violations: scene.world.violations(),
        free: locks.iter().all(|node| node.answer == Ok(Answer::Absent)),
    }
}

struct Nobody;

impl Reporter for Nobody {
    fn event(&mut self, _: &Event, _: &RunState) {}
    fn finish(&mut self, _: &RunState) {}
}

/// Counts what is on record, of the run and of the one that takes it back, and tells at the last that is awaited.
struct Counts {
    records: usize,
    awaited: usize,
    reached: Arc<Notify>,
}

impl Reporter for Counts {
    fn event(&mut self, event: &Event, _: &RunState) {
        if matches!(event, Event::Step { .. }) {
            self.records += 1;
        }
        if self.records == self.awaited {
            self.reached.notify_one();
        }
    }

    fn finish(&mut self, _: &RunState) {}
}

/// Kills the controller after so many records, and `later`; false if the run ended before.
async fn killed(scene: &Scene, wish: OnFailure, awaited: usize, later: Duration) -> bool {
    let reached = Arc::new(Notify::new());
    let mut counts = Counts { records: 0, awaited, reached: Arc::clone(&reached) };
    tokio::select! {
        biased;
        () = async { reached.notified().await; sleep(later).await } => true,
        _ = scene.apply(wish, &mut counts) => false,
    }
}

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn a_controller_that_dies_as_it_puts_back_leaves_no_node_down_and_its_run_is_taken_back_by_one_command() {
    // At once, and now and then between that record and the next one.
    for (wish, later_s, every) in [
        (OnFailure::RestoreNode, 0, 1),
        (OnFailure::RestoreNode, 4, 5),
        (OnFailure::RestoreRun, 0, 1),
        (OnFailure::RestoreRun, 4, 5),
    ] {
        // The two nodes before n2 are done by then.
        for awaited in (26..).step_by(every) {
            let case = format!("{wish:?}, killed {later_s} s after {awaited} records");
            let goes_on = in_time(async {
                let scene = Scene::new("n2");
                let before = scene.world.configuration();
                if !killed(&scene, wish, awaited, Duration::from_secs(later_s)).await {
                    return false;
                }
                sleep(HEALED_BY).await;
                for node in ["n0", "n1", "n2"] {
                    assert!(scene.world.serves_at(node).is_some(), "{case}: {node} is down");
                }
                scene.roll_back().await;
                assert!(scene.world.configuration() == before, "{case}: other bytes");
                assert_eq!(scene.world.violations(), Vec::<String>::new(), "{case}");
                true
            });
            if !goes_on {
                assert!(awaited > 40, "{case}: it ended before");
                break;
            }
        }
    }
}

/// As n0 restarts, another breaks the run's lock, takes its own and marks the node.
#[test]
fn a_run_that_lost_its_lock_confirms_no_node_and_leaves_the_mark_of_another() {
    in_time(async {
        let scene = Scene::new("n2");
        let reached = Arc::new(Notify::new());
        // The record that n0 is being restarted.
        let mut counts = Counts { records: 0, awaited: 8, reached: Arc::clone(&reached) };
        let host = &scene.cluster.node("n0").unwrap().host;
        let rival = async {
            reached.notified().await;
            sleep(Duration::from_secs(1)).await;
            lock::break_up(&scene.cluster, RUN, &[]).await;
            let rival = lock::take(Arc::clone(&scene.cluster), "rival", "other").await.unwrap();
            files::owe(host.as_ref(), "/var/lib/ringwalk", "rival").await.unwrap();
            rival
        };
        let (ended, _rival) = tokio::join!(scene.apply(OnFailure::Stop, &mut counts), rival);
        assert_eq!(ended.result.unwrap(), RunResult::StoppedMidway);
        let failed = |status: &Status| match status {
            Status::Failed { why, .. } => Some(why.clone()),
            Status::Waiting | Status::Started { .. } | Status::Done { .. } => None,
        };
        let why: Vec<String> = ended.state.status.iter().filter_map(failed).collect();
        assert!(
            why.len() == 1 && why[0].starts_with("this run lost its lock: run rival by other"),
            "{why:?}"
        );
        let owed = files::read(host.as_ref(), "/var/lib/ringwalk/owed").await.unwrap();
        assert_eq!(owed, b"rival\n");
        assert_eq!(scene.world.violations(), Vec::<String>::new());
    });
}

#[test]
fn a_node_that_does_not_start_is_put_back_and_the_others_stay_or_all_are_put_back() {
    use OnFailure::{RestoreNode, RestoreRun, Stop};
    for (wish, broken, expected, as_before) in [
        (Stop, "n1", RunResult::StoppedMidway, vec!["n2"]),
        (RestoreNode, "n1", RunResult::StoppedMidway, vec!["n1", "n2"]),
        (RestoreNode, "n0", RunResult::Restored, vec!["n0", "n1", "n2"]),
        (RestoreRun, "n2", RunResult::Restored, vec!["n0", "n1", "n2"]),
    ] {
        let story = in_time(played(wish, broken));
        let state = &story.ended.state;
        assert_eq!(story.ended.result.as_ref().unwrap(), &expected, "{wish:?}: {:?}", state.rollback);
        let same = story.before.keys().filter(|node| story.before[*node] == story.after[*node]);
        assert_eq!(same.collect::<Vec<_>>(), as_before, "{wish:?} with {broken}");
        assert_eq!(story.violations, Vec::<String>::new());
        assert!(story.free, "the lock was passed on and given back");
        let [own, back @ ..] = &story.runs.iter().rev().collect::<Vec<_>>()[..] else { panic!("runs") };
        assert_eq!(own.standing, Standing::Finished { at: state.finished.unwrap().0, result: expected });
        assert_eq!(back.len(), usize::from(wish != Stop));
        for back in back {
            let begun = back.begun.as_ref().unwrap();
            assert_eq!(begun.undoes.as_deref(), Some(state.run.as_str()));
            assert_eq!((begun.in_part, begun.nodes_total), (wish == RestoreNode, begun.nodes_done));
            assert_eq!(own.begun.as_ref().unwrap().taken_back_by.as_deref(), Some(back.id.as_str()));
        }
    }
}
