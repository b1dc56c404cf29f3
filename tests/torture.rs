//! Whole runs over a simulated cluster: the real planner, engine, gates and verbs; faults from a seed; a judge.
//!
//! `SEED=7 cargo test --test torture any_seed` repeats one seed; `SEEDS=10000` plays so many.

#[path = "torture/on_failure.rs"]
mod on_failure;
#[path = "torture/rollout.rs"]
mod rollout;
#[path = "torture/store.rs"]
mod store;

use ringwalk::journal::event::RunResult;
use ringwalk::sim::{Event, Faults, Mutation, Random};
use rollout::{Ended, Playbook, Rollout};
use std::collections::BTreeMap;
use std::time::Duration;

#[test]
fn without_faults_an_enable_and_a_rotation_are_done_and_leave_nothing_to_do() {
    rollout::in_time(async {
        let mut rollout = Rollout::new(6, 1, Faults::default(), Mutation::None);
        for playbook in [Playbook::Enable, Playbook::Rotate] {
            let ended = rollout.apply(playbook, None).await;
            assert_eq!(ended, Ended::With(RunResult::Done), "{}", rollout.told());
            assert_eq!(rollout.apply(playbook, None).await, Ended::NothingToDo);
        }
        assert_eq!(rollout.violations(), Vec::<String>::new());
    });
}

#[test]
fn a_run_ends_at_a_phase_that_nobody_approves_and_goes_on_once_somebody_does() {
    rollout::in_time(async {
        let mut rollout = Rollout::new(3, 1, Faults::default(), Mutation::None);
        let waits = Ended::With(RunResult::Waiting);
        assert_eq!(rollout.apply(Playbook::Staged, None).await, waits, "{}", rollout.told());
        let in_accept = rollout.configuration();
        assert_eq!(rollout.resume(Playbook::Staged).await, waits, "it is asked again");
        assert_eq!(
            rollout.apply(Playbook::Staged, None).await,
            waits,
            "another plan comes to the same phase"
        );
        assert!(rollout.configuration() == in_accept, "no node went on");
        rollout.answers.approved.insert("require".into());
        assert_eq!(
            rollout.resume(Playbook::Staged).await,
            Ended::With(RunResult::Done),
            "{}",
            rollout.told()
        );
        assert!(rollout.configuration() != in_accept);
        assert_eq!(rollout.apply(Playbook::Staged, None).await, Ended::NothingToDo);
        assert_eq!(rollout.violations(), Vec::<String>::new());
    });
}

/// How an operator goes on after the controller died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Resume,
    RollBack,
    PlanAnew,
}

#[test]
fn three_nodes_killed_at_a_record_are_resumed_rolled_back_or_planned_anew() {
    // Every fifth record is another step of another node; scripts/torture plays all of them.
    killed(3, 5);
}

#[test]
#[ignore = "minutes; scripts/torture plays it"]
fn six_nodes_killed_at_any_record_are_resumed_rolled_back_or_planned_anew() {
    killed(6, 1);
}

/// At every record or every few, which did or did not reach the disk: the same bytes as without the kill, or the bytes of
/// before.
fn killed(nodes: usize, every: usize) {
    for playbook in [Playbook::Enable, Playbook::Rotate] {
        let (before, after, records) = rollout::in_time(async {
            let mut rollout = ready(nodes, playbook).await;
            let before = rollout.configuration();
            assert_eq!(rollout.apply(playbook, None).await, Ended::With(RunResult::Done));
            (before, rollout.configuration(), rollout.records())
        });
        for (after_records, recorded) in (1..records).step_by(every).flat_map(|at| [(at, false), (at, true)])
        {
            for then in [Then::Resume, Then::RollBack, Then::PlanAnew] {
                let case = format!("{playbook:?}, killed after {after_records} ({recorded}), {then:?}");
                rollout::in_time(async {
                    let mut rollout = ready(nodes, playbook).await;
                    let killed = rollout.apply(playbook, Some((after_records, recorded))).await;
                    assert_eq!(killed, Ended::Killed, "{case}");
                    // What was begun on a node goes on there without us.
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    let ended = match then {
                        Then::Resume => rollout.resume(playbook).await,
                        Then::RollBack => rollout.roll_back(playbook).await,
                        Then::PlanAnew => rollout.apply(playbook, None).await,
                    };
                    let is_done = matches!(ended, Ended::With(RunResult::Done) | Ended::NothingToDo);
                    assert!(is_done, "{case}: {ended:?} {}", rollout.told());
                    let expected = if then == Then::RollBack { &before } else { &after };
                    assert!(rollout.configuration() == *expected, "{case}: other bytes");
                    assert_eq!(rollout.violations(), Vec::<String>::new(), "{case}");
                    println!("{case}: {ended:?}");
                });
            }
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

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SEEDS").unwrap_or(20)).collect(),
    }
}

/// Plays one seed to its good end; says what was violated.
fn play(seed: u64, mutation: Mutation, injected: &mut BTreeMap<&'static str, u64>) -> Result<(), String> {
    rollout::in_time(async {
        let faults = Faults::draw(&mut Random::new(seed), 6, 3);
        let kill = faults.events.iter().find_map(|(_, event)| match event {
            Event::ControllerDies { after_records, recorded } => Some((*after_records, *recorded)),
            _ => None,
        });
        let mut rollout = Rollout::new(6, seed, faults, mutation);
        let day = Duration::from_secs(86_400);
        let played = tokio::time::timeout(day, rollout.until_the_end(kill)).await;
        for (kind, count) in rollout.injected() {
            *injected.entry(kind).or_default() += count;
        }
        let violations = rollout.violations();
        match (violations.first(), played) {
            (Some(violation), _) => Err(violation.clone()),
            (None, Err(_)) => Err("a wait did not end within a day".into()),
            (None, Ok(ended)) => ended,
        }
    })
}

#[test]
fn any_seed_is_survived() {
    let mut injected = BTreeMap::new();
    for seed in seeds() {
        if let Err(violation) = play(seed, Mutation::None, &mut injected) {
            panic!("SEED={seed} cargo test --test torture any_seed\n{violation}");
        }
        println!("seed {seed} survived");
    }
    for (kind, count) in &injected {
        println!("| {kind} | {count} |");
    }
}

#[test]
fn what_is_broken_on_purpose_is_caught() {
    for mutation in [
        Mutation::NeverWaits,
        Mutation::WritesInPlace,
        Mutation::StartsJobsTwice,
        Mutation::ForgetsARecord,
        Mutation::TellsASecret,
        Mutation::WaitsForever,
    ] {
        let caught = (1..=1000).find_map(|seed| {
            let violation = play(seed, mutation, &mut BTreeMap::new()).err()?;
            Some((seed, violation))
        });
        let (seed, violation) = caught.unwrap_or_else(|| panic!("{mutation:?} was not caught"));
        println!("{mutation:?} by seed {seed}: {violation}");
    }
}
