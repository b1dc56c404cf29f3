//! The controller is killed at every record of a run, written or not; then somebody goes on, or goes back.

use super::desk::Playbook;
use super::rollout::{Ended, Rollout};
use super::seeds::Then;
use ringwalk::journal::event::RunResult;
use ringwalk::sim::{Faults, Kill, Mutation, in_time};
use std::time::Duration;
use tokio::time::sleep;

/// A lock whose holder was killed is stale by then.
const STALE: Duration = Duration::from_secs(180);

#[test]
fn three_nodes_killed_at_a_record_are_planned_anew() {
    // Every third record is another step of another node.
    killed(3, Playbook::Enable, 3, Then::PlanAnew);
    killed(3, Playbook::Rotate, 3, Then::PlanAnew);
}

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn six_nodes_killed_at_any_record_are_resumed() {
    killed(6, Playbook::Enable, 1, Then::Resume);
    killed(6, Playbook::Rotate, 1, Then::Resume);
}

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn six_nodes_killed_at_any_record_are_rolled_back() {
    killed(6, Playbook::Enable, 1, Then::RollBack);
    killed(6, Playbook::Rotate, 1, Then::RollBack);
}

/// At every record or every few: the same bytes, owners and modes as without the kill, or those of before.
fn killed(nodes: usize, playbook: Playbook, every: usize, then: Then) {
    let (before, after, records) = in_time(async {
        let mut rollout = ready(nodes, playbook).await;
        let before = rollout.configuration();
        assert_eq!(rollout.apply(playbook, None).await, Ended::With(RunResult::Done));
        (before, rollout.configuration(), rollout.records())
    });
    for after_records in (1..records).step_by(every) {
        for recorded in [false, true] {
            let case = format!("{playbook:?}, killed after {after_records} ({recorded}), {then:?}");
            in_time(async {
                let mut rollout = ready(nodes, playbook).await;
                let killed =
                    rollout.apply(playbook, Some(Kill::After { records: after_records, recorded })).await;
                assert_eq!(killed, Ended::Killed, "{case}");
                // What was begun on a node goes on there without us.
                sleep(STALE).await;
                let ended = match then {
                    Then::Resume => rollout.resume(playbook, None).await,
                    Then::RollBack => rollout.roll_back(playbook, None).await,
                    Then::PlanAnew => rollout.apply(playbook, None).await,
                };
                assert!(ended.is_good(), "{case}: {ended:?} {}", rollout.told());
                let expected = if then == Then::RollBack { &before } else { &after };
                assert!(rollout.configuration() == *expected, "{case}: other bytes");
                assert_eq!(rollout.violations(), Vec::<String>::new(), "{case}");
            });
        }
    }
}

async fn ready(nodes: usize, playbook: Playbook) -> Rollout {
    let mut rollout = Rollout::new(nodes, 1, Faults::default(), Mutation::None);
    if playbook == Playbook::Rotate {
        rollout.apply(Playbook::Enable, None).await;
    }
    rollout
}
