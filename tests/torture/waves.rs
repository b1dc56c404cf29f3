//! Nodes of a rack that are down together.

use super::desk::Playbook;
use super::rollout::{Ended, Rollout};
use ringwalk::journal::event::{RunResult, StepEvent};
use ringwalk::plan::StepId;
use ringwalk::plan::step::Step;
use ringwalk::sim::{Faults, Kill, Mutation, in_time};
use std::collections::BTreeSet;

/// Three racks of four nodes each; three replicas of each range.
const NODES: usize = 12;

#[test]
fn three_nodes_of_a_rack_are_down_together_and_no_range_loses_its_quorum() {
    in_time(async {
        let mut rollout = Rollout::new(NODES, 1, Faults::default(), Mutation::None);
        let ended = rollout.apply(Playbook::InRacks, None).await;
        assert_eq!(ended, Ended::With(RunResult::Done), "{}", rollout.told());
        assert_eq!(most_in_restart(&rollout), 3);
        assert_eq!(rollout.violations(), Vec::<String>::new());
        assert_eq!(rollout.apply(Playbook::InRacks, None).await, Ended::NothingToDo);
    });
}

#[test]
fn the_way_back_takes_those_together_that_the_run_took_together() {
    in_time(async {
        let mut rollout = Rollout::new(NODES, 1, Faults::default(), Mutation::None);
        let before = rollout.configuration();
        let ended = rollout.apply(Playbook::InRacks, None).await;
        assert_eq!(ended, Ended::With(RunResult::Done), "{}", rollout.told());
        let waves = |rollout: &Rollout| rollout.last().unwrap().plan.phases[0].waves.len();
        let of_the_run = waves(&rollout);
        let ended = rollout.roll_back(Playbook::InRacks, None).await;
        assert_eq!(ended, Ended::With(RunResult::Done), "{}", rollout.told());
        assert_eq!((waves(&rollout), most_in_restart(&rollout)), (of_the_run, 3));
        assert!(rollout.configuration() == before);
        assert_eq!(rollout.violations(), Vec::<String>::new());
    });
}

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn a_wave_that_was_cut_off_is_gone_on_with() {
    let mut whole = None;
    for records in [0, 20, 30, 40, 60, 80] {
        in_time(async {
            let mut rollout = Rollout::new(NODES, 1, Faults::default(), Mutation::None);
            let kill = (records > 0).then_some(Kill::After { records, recorded: true });
            let ended = rollout.apply(Playbook::InRacks, kill).await;
            if kill.is_some() {
                assert_eq!(ended, Ended::Killed, "{records}");
                let resumed = rollout.resume(Playbook::InRacks, None).await;
                assert_eq!(resumed, Ended::With(RunResult::Done), "{records}: {}", rollout.told());
            }
            assert_eq!(rollout.violations(), Vec::<String>::new(), "{records}");
            let configuration = rollout.configuration();
            assert!(*whole.get_or_insert_with(|| configuration.clone()) == configuration, "{records}");
        });
    }
}

/// How many restarts were under way at the same time.
fn most_in_restart(rollout: &Rollout) -> usize {
    let last = rollout.last().unwrap();
    let is_restart = |step: &StepId| matches!(last.plan.steps[*step].step, Step::Restart(_));
    let mut under_way: BTreeSet<StepId> = BTreeSet::new();
    let mut most = 0;
    for event in rollout.events() {
        match event {
            StepEvent::StepStarted { step, .. } if is_restart(step) => {
                under_way.insert(*step);
                most = most.max(under_way.len());
            }
            StepEvent::StepFinished { step, .. } => {
                under_way.remove(step);
            }
            _ => {}
        }
    }
    most
}
