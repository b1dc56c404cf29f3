//! The restart job of a simulated node: it goes on whoever is connected, as the script does.

use super::heal;
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
    /// How often its machine had started when it began.
    boots: usize,
}

impl Job {
    pub fn has_tried_to_heal(&self) -> bool {
        self.lines.iter().any(|line| line.ends_with(" healing"))
    }
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
    let boots = state.machines[node].boots;
    state.machines[node].jobs.insert(key.clone(), Job { boots, ..Job::default() });
    state.machines[node].latest = Some((directory.clone(), id.clone()));
    drop(state);
    let start_s = arguments.get(10).and_then(|limit| limit.parse().ok()).unwrap_or(600);
    tokio::spawn(run(Arc::clone(world), node, key, start_s));
    "started\n".into()
}

/// `scripts/watch_job.sh`: waits for more than was seen.
pub async fn watch(world: &Arc<World>, node: usize, arguments: &[String]) -> String {
    let [directory, id, seen, seconds] = arguments else { return String::new() };
    let key = format!("{directory}/{id}");
    let seen: usize = seen.parse().unwrap_or(0);
    let until = Instant::now() + Duration::from_secs(seconds.parse().unwrap_or(0));
    loop {
        let (job, boots) = {
            let state = world.state();
            (state.machines[node].jobs.get(&key).cloned(), state.machines[node].boots)
        };
        let Some(job) = job else { return section("state", "absent") + &section("status", "") };
        let is_dead = job.boots != boots;
        if job.is_over || is_dead || job.lines.len() > seen || Instant::now() >= until {
            let word = match (job.is_over, is_dead) {
                (true, _) => "over",
                (false, true) => "dead",
                (false, false) => "alive",
            };
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

/// The job, which ends with its machine, and then the watch that it leaves.
async fn run(world: Arc<World>, node: usize, key: String, start_s: u64) {
    let boots = world.state().machines[node].boots;
    let switched_off = async {
        while world.state().machines[node].boots == boots {
            sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::select! {
        biased;
        () = switched_off => {}
        () = restart(&world, node, &key, start_s) => heal::follow(&world, node, &key, boots),
    }
}

async fn restart(world: &World, node: usize, key: &str, start_s: u64) {
    let runs = world.state().machines[node].process.is_some();
    if runs {
        say(world, node, key, "disablebinary", false);
        take_down(world, node);
        sleep(world.lasts(Duration::from_secs(2))).await;
        say(world, node, key, "drain", false);
        sleep(world.lasts(Duration::from_secs(3))).await;
    }
    say(world, node, key, "stop", false);
    sleep(world.lasts(Duration::from_secs(1))).await;
    world.state().end(node, Instant::now(), true);
    if world.state().mutation == Mutation::StartsEmpty {
        world.state().forget_data(node);
    }
    say(world, node, key, "start", false);
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
    say(world, node, key, &last, true);
}

fn take_down(world: &World, node: usize) {
    let now = Instant::now();
    let mut state = world.state();
    if state.serves(node) {
        state.judge_stop(node, now);
        state.machines[node].down_for_us = true;
    }
    if let Some(process) = &mut state.machines[node].process {
        process.closed = true;
        state.write_and_read(node, now);
    }
}
