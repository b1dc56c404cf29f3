//! A rollback whose controller is killed at its records, written or not; then somebody goes on, here or elsewhere.

use super::desk::Playbook;
use super::rollout::{Ended, Rollout};
use ringwalk::journal::event::RunResult;
use ringwalk::sim::{Faults, Kill, Mutation, in_time};
use std::time::Duration;
use tokio::time::sleep;

/// A lock whose holder was killed is stale by then.
const STALE: Duration = Duration::from_secs(180);

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn a_rollback_killed_at_a_record_is_resumed_and_every_byte_is_as_before() {
    // A record that did not reach the disk leaves the journal one shorter: so every length is met.
    killed(3, Playbook::Enable, 2);
    killed(3, Playbook::Rotate, 3);
}

/// At every record or every few, by turns on the machine that was killed and on another.
fn killed(nodes: usize, playbook: Playbook, every: usize) {
    let records = in_time(async {
        let (mut rollout, before) = done(nodes, playbook).await;
        let ended = rollout.roll_back(playbook, None).await;
        assert_eq!(ended, Ended::With(RunResult::Done), "{}", rollout.told());
        assert!(rollout.configuration() == before, "{playbook:?}: other bytes without a kill");
        rollout.records()
    });
    assert!(records > 10, "a rollback of {nodes} nodes has {records} records");
    for after_records in (1..records).step_by(every) {
        for recorded in [false, true] {
            let is_elsewhere = after_records % 2 == usize::from(recorded);
            let case =
                format!("{playbook:?}, killed after {after_records} ({recorded}), elsewhere: {is_elsewhere}");
            in_time(async {
                let (mut rollout, before) = done(nodes, playbook).await;
                let kill = Kill::After { records: after_records, recorded };
                assert_eq!(rollout.roll_back(playbook, Some(kill)).await, Ended::Killed, "{case}");
                // What was begun on a node goes on there without us.
                sleep(STALE).await;
                let mut there = if is_elsewhere { rollout.elsewhere() } else { rollout };
                let ended = there.resume(playbook, None).await;
                assert!(ended.is_good(), "{case}: {ended:?} {}", there.told());
                assert!(there.configuration() == before, "{case}: other bytes");
                assert_eq!(there.violations(), Vec::<String>::new(), "{case}");
            });
        }
    }
}

/// A run that came to its end, and how the cluster was before it.
async fn done(nodes: usize, playbook: Playbook) -> (Rollout, super::rollout::Configuration) {
    let mut rollout = Rollout::new(nodes, 1, Faults::default(), Mutation::None);
    if playbook == Playbook::Rotate {
        rollout.apply(Playbook::Enable, None).await;
    }
    let before = rollout.configuration();
    assert_eq!(rollout.apply(playbook, None).await, Ended::With(RunResult::Done), "{}", rollout.told());
    (rollout, before)
}
