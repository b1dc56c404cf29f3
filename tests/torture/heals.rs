//! The controller dies while a node is down with a store that it cannot open, and nobody is there for long.

use super::desk::Playbook;
use super::rollout::{Ended, Rollout};
use ringwalk::journal::event::RunResult;
use ringwalk::sim::{Faults, Kill, Mutation, in_time};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// As long as a start may take, two minutes more, and what it takes to go back: `timeouts.heal` and a restart.
const HEALED_BY: Duration = Duration::from_secs(1000);
/// The last node that a run comes to.
const ILL: &str = "n2";

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn a_node_that_is_left_with_a_store_that_does_not_open_puts_its_old_files_back() {
    let healed = (1..records()).filter(|after| heals(*after)).count();
    // From the intent to restart, once the job began, to the record of its failure, which is the last one.
    assert!(healed > 0, "no kill left the node to itself");
}

#[test]
fn while_a_node_heals_itself_its_run_neither_goes_on_nor_back() {
    let refused = |after_records| {
        in_time(async {
            let mut rollout = ready(Mutation::None);
            rollout
                .apply(Playbook::Enable, Some(Kill::After { records: after_records, recorded: false }))
                .await;
            let until = Instant::now() + HEALED_BY;
            while !rollout.world.injected().contains_key("node heals itself") {
                if Instant::now() > until {
                    return false;
                }
                sleep(Duration::from_secs(1)).await;
            }
            sleep(Duration::from_secs(2)).await;
            let resumed = rollout.resume(Playbook::Enable, None).await;
            let back = rollout.roll_back(Playbook::Enable, None).await;
            for ended in [resumed, back] {
                match ended {
                    Ended::Refused(why) => {
                        assert!(why.contains("the node is putting its old files back by itself"), "{why}")
                    }
                    ended => panic!("after {after_records}: {ended:?}"),
                }
            }
            true
        })
    };
    assert!((1..records()).any(refused));
}

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn a_node_that_never_heals_itself_is_noticed() {
    let is_noticed = |after_records| {
        in_time(async {
            let mut rollout = ready(Mutation::NeverHeals);
            rollout
                .apply(Playbook::Enable, Some(Kill::After { records: after_records, recorded: false }))
                .await;
            sleep(HEALED_BY).await;
            rollout.violations().iter().any(|violation| violation.contains("whose controller is gone"))
        })
    };
    assert!((1..records()).any(is_noticed));
}

/// How many records a run has that ends on the ill node.
fn records() -> usize {
    in_time(async {
        let mut rollout = ready(Mutation::None);
        let ended = rollout.apply(Playbook::Enable, None).await;
        assert_eq!(ended, Ended::With(RunResult::StoppedMidway), "{}", rollout.told());
        rollout.records()
    })
}

/// Kills the controller after so many records. Whether the node then healed itself: it serves with the files of before,
/// a resumed run is refused and says why, and going back leaves every node as it was.
fn heals(after_records: usize) -> bool {
    in_time(async {
        let mut rollout = ready(Mutation::None);
        let before = rollout.configuration();
        let killed = rollout
            .apply(Playbook::Enable, Some(Kill::After { records: after_records, recorded: false }))
            .await;
        assert_eq!(killed, Ended::Killed, "after {after_records}");
        sleep(HEALED_BY).await;
        assert_eq!(rollout.violations(), Vec::<String>::new(), "after {after_records}");
        if !rollout.world.injected().contains_key("node heals itself") {
            return false;
        }
        assert!(rollout.world.serves_at(ILL).is_some(), "after {after_records}: it does not serve");
        assert_eq!(rollout.configuration()[ILL], before[ILL], "after {after_records}");
        match rollout.resume(Playbook::Enable, None).await {
            Ended::Refused(why) => assert!(why.contains("it healed itself at"), "{why}"),
            ended => {
                panic!("after {after_records}: resumed over a node that healed itself: {ended:?}")
            }
        }
        let back = rollout.roll_back(Playbook::Enable, None).await;
        assert!(back.is_good(), "after {after_records}: {back:?} {}", rollout.told());
        assert_eq!(rollout.configuration(), before, "after {after_records}");
        true
    })
}

fn ready(mutation: Mutation) -> Rollout {
    let rollout = Rollout::new(3, 1, Faults::default(), mutation);
    rollout.world.opens_no_new_store(ILL);
    rollout
}
