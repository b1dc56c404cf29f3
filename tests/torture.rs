//! Whole runs over a simulated cluster: the real planner, engine, gates and verbs; faults from a seed; judges.
//!
//! `SEED=7 cargo test --test torture any_seed` repeats one seed; `SEEDS=10000` plays so many.

#[path = "torture/back_kills.rs"]
mod back_kills;
#[path = "torture/desk.rs"]
mod desk;
#[path = "torture/heals.rs"]
mod heals;
#[path = "torture/kills.rs"]
mod kills;
#[path = "torture/many.rs"]
mod many;
#[path = "torture/mutated.rs"]
mod mutated;
#[path = "torture/on_failure.rs"]
mod on_failure;
#[path = "torture/rollout.rs"]
mod rollout;
#[path = "torture/seeds.rs"]
mod seeds;
#[path = "torture/store.rs"]
mod store;
#[path = "torture/watch.rs"]
mod watch;
#[path = "torture/waves.rs"]
mod waves;

use desk::Playbook;
use ringwalk::journal::event::RunResult;
use ringwalk::sim::{Faults, Mutation, in_time};
use rollout::{Ended, Rollout};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

#[test]
fn without_faults_an_enable_and_a_rotation_are_done_and_leave_nothing_to_do() {
    in_time(async {
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
    in_time(async {
        let mut rollout = Rollout::new(3, 1, Faults::default(), Mutation::None);
        let waits = Ended::With(RunResult::Waiting);
        assert_eq!(rollout.apply(Playbook::Staged, None).await, waits, "{}", rollout.told());
        let in_accept = rollout.configuration();
        assert_eq!(rollout.resume(Playbook::Staged, None).await, waits, "it is asked again");
        assert_eq!(
            rollout.apply(Playbook::Staged, None).await,
            waits,
            "another plan comes to the same phase"
        );
        assert!(rollout.configuration() == in_accept, "no node went on");
        rollout.answers.approved.insert("require".into());
        assert_eq!(
            rollout.resume(Playbook::Staged, None).await,
            Ended::With(RunResult::Done),
            "{}",
            rollout.told()
        );
        assert!(rollout.configuration() != in_accept);
        assert_eq!(rollout.apply(Playbook::Staged, None).await, Ended::NothingToDo);
        assert_eq!(rollout.violations(), Vec::<String>::new());
    });
}

/// `SEED` alone, or as many as `SEEDS` says.
fn asked_for(unless_said: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SEEDS").unwrap_or(unless_said)).collect(),
    }
}

#[test]
fn any_seed_is_survived() {
    let seeds = asked_for(20);
    let (next, met) = (AtomicUsize::new(0), Mutex::new(Met::default()));
    // Each seed is one thread's affair, and the threads share nothing but the sum.
    let play = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let violations = match catch_unwind(|| seeds::play(*seed, Mutation::None)) {
                Ok(played) if played.violations.is_empty() => {
                    let mut met = met.lock().unwrap();
                    met.add(&played);
                    if met.seeds.is_multiple_of(1000) {
                        println!("{} seeds survived so far", met.seeds);
                    }
                    continue;
                }
                Ok(played) => [played.violations, played.story].concat().join("\n"),
                Err(panic) => format!("a panic: {}", words_of(panic.as_ref())),
            };
            next.store(seeds.len(), Ordering::Relaxed);
            return Some((*seed, violations));
        }
        None
    };
    let failed = std::thread::scope(|scope| {
        let players: Vec<_> =
            (0..available_parallelism().map_or(1, usize::from)).map(|_| scope.spawn(play)).collect();
        players.into_iter().filter_map(|player| player.join().unwrap()).min()
    });
    if let Some((seed, violations)) = failed {
        // The first line is what repeats it.
        println!("SEED={seed} cargo test --test torture any_seed -- --nocapture");
        panic!("{violations}");
    }
    print!("{}", met.into_inner().unwrap().table());
}

/// What a panic says. Where it happened is told when it happens.
fn words_of(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

#[test]
fn a_seed_means_the_same_run_each_time() {
    for seed in 1..=5 {
        let [one, other] = [(); 2].map(|()| seeds::play(seed, Mutation::None));
        assert_eq!(one.injected, other.injected, "seed {seed}");
        assert_eq!(one.ends, other.ends, "seed {seed}");
        assert_eq!(one.journal, other.journal, "seed {seed}");
    }
}

/// What seeds brought, and how it ended.
#[derive(Default)]
struct Met {
    seeds: u64,
    /// By fault: how often it was injected, and in how many seeds.
    faults: BTreeMap<&'static str, (u64, u64)>,
    ends: BTreeMap<String, u64>,
}

impl Met {
    fn add(&mut self, played: &seeds::Played) {
        self.seeds += 1;
        for (kind, count) in &played.injected {
            let (times, seeds) = self.faults.entry(kind).or_default();
            (*times, *seeds) = (*times + count, *seeds + 1);
        }
        for (end, count) in &played.ends {
            *self.ends.entry(end.clone()).or_default() += count;
        }
    }

    fn table(&self) -> String {
        let mut text =
            format!("\n{} seeds survived\n\n| fault | times | seeds |\n|---|---|---|\n", self.seeds);
        for (kind, (times, seeds)) in &self.faults {
            text.push_str(&format!("| {kind} | {times} | {seeds} |\n"));
        }
        text.push_str("\n| how a run ended | times |\n|---|---|\n");
        for (end, times) in &self.ends {
            text.push_str(&format!("| {end} | {times} |\n"));
        }
        text
    }
}

/// What is broken, and the words of the judge that has to notice.
const BROKEN: [(Mutation, &str); 15] = [
    (Mutation::NeverWaits, "lost its quorum"),
    (Mutation::StartsEmpty, "that was acknowledged cannot be read"),
    (Mutation::WritesInPlace, "is half written"),
    (Mutation::StartsJobsTwice, "began twice"),
    (Mutation::ForgetsARecord, "the journal does not fold into the live state"),
    (Mutation::TellsASecret, "a secret is in the journal"),
    (Mutation::ShowsASecret, "a secret is in a report"),
    (Mutation::TypesASecret, "a secret is in the transcript"),
    (Mutation::WaitsForever, "a wait did not end"),
    (Mutation::LeavesAFile, "is not as before: it was not there"),
    (Mutation::LosesTheMode, "is not as before: it has"),
    (Mutation::IgnoresTheLock, "while its name stood on"),
    (Mutation::AsksNoClient, "turns reports away"),
    (Mutation::NeverHeals, "whose controller is gone"),
    (Mutation::NeverConfirms, "when the faults were over the run ended"),
];

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn what_is_broken_on_purpose_is_caught() {
    for (mutation, words) in BROKEN {
        let caught = (1..=1000).find_map(|seed| {
            let violations = seeds::play(seed, mutation).violations;
            let violation = violations.into_iter().find(|violation| violation.contains(words))?;
            Some((seed, violation))
        });
        let (seed, violation) = caught.unwrap_or_else(|| panic!("{mutation:?} was not caught"));
        println!("{mutation:?} by seed {seed}: {violation}");
    }
}
