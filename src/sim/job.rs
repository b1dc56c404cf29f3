//! The restart job of a simulated node: it goes on whoever is connected, as the script does.

use super::judge::Mutation;
use super::world::World;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A job as its status file tells it.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub lines: Vec<String>,
    pub is_over: bool,
}

/// `scripts/start_job.sh`: starts the job once.
pub fn start(world: &Arc<World>, node: usize, arguments: &[String]) -> String {
    let [directory, id, ..] = arguments else { return "failed\n".into() };
    let key = format!("{directory}/{id}");
    let mut state = world.state();
    let is_again = state.machines[node].jobs.contains_key(&key);
    if is_again && state.mutation != Mutation::StartsJobsTwice {
        return "already\n".into();
    }
    if is_again {
        let text = format!("{key} began twice on {}", state.machines[node].name);
        state.violations.push(text);
    }
    state.machines[node].jobs.insert(key.clone(), Job::default());
    drop(state);
    let start_s = arguments.get(10).and_then(|limit| limit.parse().ok()).unwrap_or(600);
    tokio::spawn(restart(Arc::clone(world), node, key, start_s));
    "started\n".into()
}

/// `scripts/watch_job.sh`: waits for more than was seen.
pub async fn watch(world: &Arc<World>, node: usize, arguments: &[String]) -> String {
    let [directory, id, seen, seconds] = arguments else { return String::new() };
    let key = format!("{directory}/{id}");
    let seen: usize = seen.parse().unwrap_or(0);
    let until = Instant::now() + Duration::from_secs(seconds.parse().unwrap_or(0));
    loop {
        let job = world.state().machines[node].jobs.get(&key).cloned();
        let Some(job) = job else { return section("state", "absent") + &section("status", "") };
        if job.is_over || job.lines.len() > seen || Instant::now() >= until {
            let word = if job.is_over { "over" } else { "alive" };
            return section("state", word) + &section("status", &job.lines.join("\n"));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

pub fn section(name: &str, text: &str) -> String {
    format!("{name} {}\n{text}\n", text.len())
}

fn say(world: &World, node: usize, key: &str, line: &str, is_over: bool) {
    if let Some(job) = world.state().machines[node].jobs.get_mut(key) {
        job.lines.push(format!("1.000 {line}"));
        job.is_over |= is_over;
    }
}

async fn restart(world: Arc<World>, node: usize, key: String, start_s: u64) {
    let runs = world.state().machines[node].process.is_some();
    if runs {
        say(&world, node, &key, "disablebinary", false);
        take_down(&world, node);
        sleep(world.lasts(Duration::from_secs(2))).await;
        say(&world, node, &key, "drain", false);
        sleep(world.lasts(Duration::from_secs(3))).await;
    }
    say(&world, node, &key, "stop", false);
    sleep(world.lasts(Duration::from_secs(1))).await;
    world.state().end(node, Instant::now(), true);
    say(&world, node, &key, "start", false);
    let takes_s = world.state().start_s();
    let takes = world.lasts(Duration::from_secs(takes_s));
    sleep(world.lasts(Duration::from_secs(2))).await;
    let has_started = world.state().start(node, Instant::now(), takes);
    let process = world.state().machines[node].process.as_ref().map(|it| (it.pid, it.started_ticks));
    let last = match process.filter(|_| has_started) {
        Some((pid, ticks)) => format!("done {pid} {ticks}"),
        None => {
            sleep(world.lasts(Duration::from_secs(start_s.min(30)))).await;
            "failed start 1 the new process ended at once".into()
        }
    };
    say(&world, node, &key, &last, true);
    sleep(takes).await;
    let mut state = world.state();
    let now = Instant::now();
    let machine = &mut state.machines[node];
    if machine.process.as_ref().is_some_and(|process| process.serves(now)) {
        machine.down_for_us = false;
    }
}

fn take_down(world: &World, node: usize) {
    let now = Instant::now();
    let mut state = world.state();
    let serves = state.machines[node].process.as_ref().is_some_and(|process| process.serves(now));
    if serves {
        state.judge_stop(node, now);
        state.machines[node].down_for_us = true;
    }
    if let Some(process) = &mut state.machines[node].process {
        process.closed = true;
    }
}
