//! `scripts/lock.sh` on a simulated node: one file, made whole and once.

use super::job::section;
use super::world::Machine;
use std::time::Duration;
use tokio::time::Instant;

/// The file, and when its holder gave a sign of life.
#[derive(Clone, Debug)]
pub struct Lock {
    pub run: String,
    pub token: String,
    by: String,
    since: Instant,
    pub beat: Instant,
    /// The run that it takes back.
    from: String,
}

/// Any moment: only differences count.
const NOW_S: u64 = 1_800_000_000;

pub fn answer(machine: &mut Machine, arguments: &[String], now: Instant) -> String {
    let [verb, run, token, by, from, over] = arguments else { return verdict("failed") };
    let ours = machine.lock.as_ref().is_some_and(|lock| lock.run == *run && lock.token == *token);
    let same_run = machine.lock.as_ref().is_some_and(|lock| lock.run == *run);
    let passes = machine.lock.as_ref().is_some_and(|lock| over.split(' ').any(|run| lock.run == run));
    // The processes from which it is taken away.
    let is_named = over.is_empty()
        || machine.lock.as_ref().is_some_and(|lock| over.split(' ').any(|token| lock.token == token));
    match (verb.as_str(), machine.lock.is_some()) {
        ("take", true) if !same_run && !passes => other(machine, now),
        ("take", _) if machine.files.disk_full || machine.files.read_only => verdict("failed"),
        ("take", _) if ours => verdict("mine"),
        ("take", _) => {
            let (run, token, by, from) = (run.clone(), token.clone(), by.clone(), from.clone());
            machine.lock = Some(Lock { run, token, by, since: now, beat: now, from });
            machine.broken_lock = None;
            verdict("mine")
        }
        (_, false) => verdict("absent"),
        ("renew", true) if ours => {
            if let Some(lock) = &mut machine.lock {
                lock.beat = now;
            }
            verdict("mine")
        }
        ("release", true) if ours => {
            (machine.lock, machine.broken_lock) = (None, None);
            verdict("absent")
        }
        ("break", true) if same_run && is_named => {
            machine.broken_lock = machine.lock.take();
            verdict("mine")
        }
        (_, true) => other(machine, now),
    }
}

fn verdict(word: &str) -> String {
    section("verdict", word)
}

fn other(machine: &Machine, now: Instant) -> String {
    let Some(lock) = &machine.lock else { return verdict("absent") };
    let ago =
        |then: Instant| NOW_S - now.saturating_duration_since(then).min(Duration::from_secs(NOW_S)).as_secs();
    let Lock { run, token, by, since, beat, from } = lock;
    let text = format!("run {run}\ntoken {token}\nby {by}\nsince {}\nfrom {from}", ago(*since));
    section("lock", &text)
        + &section("beat", &ago(*beat).to_string())
        + &section("now", &NOW_S.to_string())
        + &verdict("other")
}
