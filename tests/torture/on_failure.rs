//! A node that does not start with its new files: it is put back, or the whole run is, by a run of its own.

use super::desk::{PASSWORD, Playbook, input, keystore_of, material, wishes};
use ringwalk::cluster::Cluster;
use ringwalk::cluster::lock;
use ringwalk::cluster::survey::survey;
use ringwalk::engine::answers::Answers;
use ringwalk::engine::carry::{self, Ended, Means};
use ringwalk::input::playbook::OnFailure;
use ringwalk::journal::event::{Event, Origin, RunResult};
use ringwalk::journal::file::Journal;
use ringwalk::journal::runs::{RunSummary, Standing, list};
use ringwalk::journal::state::RunState;
use ringwalk::node::lock::Answer;
use ringwalk::plan::change::sha256_hex;
use ringwalk::plan::conduct::Conduct;
use ringwalk::plan::{Plan, plan};
use ringwalk::report::Reporter;
use ringwalk::sim::{Faults, File, Mutation, SimHost, World, in_time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How it ended.
struct Story {
    ended: Ended,
    before: BTreeMap<String, BTreeMap<String, File>>,
    after: BTreeMap<String, BTreeMap<String, File>>,
    runs: Vec<RunSummary>,
    violations: Vec<String>,
    free: bool,
}

/// Three nodes; `broken` gets a file that is no keystore.
async fn played(on_failure: OnFailure, broken: &str) -> Story {
    let world = World::new(&wishes(3), 1, Faults::default(), Mutation::None);
    world.knows(&super::store::store(Playbook::Enable), PASSWORD);
    let (input, mut material) = (input(3, Playbook::Enable), material(3, Playbook::Enable));
    let local = material.stores.get_mut(&keystore_of(broken)).unwrap();
    let bytes = b"no keystore".to_vec();
    (local.sha256, local.bytes) = (sha256_hex(&bytes), bytes.into());
    let cluster = Cluster::new(&input.inventory, &material, &BTreeMap::new(), |node| {
        Arc::new(SimHost::new(&world, &node.name).unwrap())
    });
    let facts = survey(&cluster, &input).await.unwrap().facts;
    let plan =
        Plan { conduct: Conduct { on_failure, window: None }, ..plan(&input, &material, &facts).unwrap() };
    let before = world.configuration();
    let runs_dir = tempfile::tempdir().unwrap();
    let run = "sim-20261124-000000-0000";
    let lease = lock::take(Arc::new(cluster.clone()), run, "sim").await.unwrap();
    let lease = Arc::new(lease);
    let (_interrupt, interrupts) = tokio::sync::mpsc::channel(1);
    let means = Means {
        cluster: Arc::new(cluster.clone()),
        facts: Arc::new(facts),
        material: Arc::new(material),
        looks: None,
        reporter: &mut Nobody,
        interrupts,
        permission: lease.clone(),
        answers: Answers::default(),
        operator: "sim".into(),
        runs_dir: runs_dir.path().to_owned(),
        inventory: input.inventory.clone(),
    };
    let mut journal = Journal::create(runs_dir.path(), run).unwrap();
    let ended = carry::begin(&mut journal, run, Origin::default(), plan, means).await.unwrap();
    lease.release().await;
    let locks = lock::show(&cluster).await;
    Story {
        ended,
        before,
        after: world.configuration(),
        runs: list(runs_dir.path()).unwrap(),
        violations: world.violations(),
        free: locks.iter().all(|node| node.answer == Ok(Answer::Absent)),
    }
}

struct Nobody;

impl Reporter for Nobody {
    fn event(&mut self, _: &Event, _: &RunState) {}
    fn finish(&mut self, _: &RunState) {}
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
