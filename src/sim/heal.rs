//! A simulated node that heals itself, as `scripts/heal.sh` does: the watch that a restart job leaves, and the judge of it.

use super::files::{File, Files, has_copy};
use super::judge::Mutation;
use super::world::{Machine, State, World};
use crate::node::files::ABSENT;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep};

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A stop and a start of the old process, and what comes on top.
const TAKES: Duration = Duration::from_secs(120);

/// One restart job and what it may put back.
#[derive(Clone, Debug)]
struct Watch {
    node: usize,
    /// How often the machine had started when the job began: a watch does not outlive its machine.
    boots: usize,
    directory: String,
    run: String,
    id: String,
    /// So long without a sign of life.
    after: Duration,
    files: Vec<OldFile>,
}

#[derive(Clone, Debug)]
struct OldFile {
    path: String,
    backup: String,
    was: String,
    becomes: String,
}

/// Follows a restart job, `DIRECTORY/ID`, whose restart is over: in one task as the node does, in another as its judge.
pub fn follow(world: &Arc<World>, node: usize, key: &str, boots: usize) {
    let Some(watch) = Watch::of(&world.state().machines[node], node, key, boots) else { return };
    tokio::spawn(judge(Arc::clone(world), watch.clone()));
    tokio::spawn(watch_over(Arc::clone(world), watch));
}

impl Watch {
    /// `None`: the job has nothing to put back.
    fn of(machine: &Machine, node: usize, key: &str, boots: usize) -> Option<Watch> {
        let (directory, id) = key.rsplit_once('/')?;
        let (_, run) = directory.rsplit_once('/')?;
        let manifest = machine.files.by_path.get(&format!("{key}.heal"))?;
        let text = String::from_utf8_lossy(&manifest.bytes).into_owned();
        let mut lines = text.lines().map(str::to_owned);
        let after = Duration::from_secs(lines.next()?.parse().ok()?);
        let mut files = Vec::new();
        while let (Some(path), Some(backup), Some(was), Some(becomes)) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        {
            files.push(OldFile { path, backup, was, becomes });
        }
        let (directory, run, id) = (directory.to_owned(), run.to_owned(), id.to_owned());
        Some(Watch { node, boots, directory, run, id, after, files })
    }

    fn key(&self) -> String {
        format!("{}/{}", self.directory, self.id)
    }

    /// Whether it is still to be decided what becomes of the node.
    fn is_awaited(&self, state: &State) -> bool {
        let machine = &state.machines[self.node];
        let is_locked = machine.lock.is_some() || machine.broken_lock.is_some();
        let owes = machine.files.by_path.contains_key(&format!("{}/owed", machine.install.state_dir));
        let latest = machine.latest.as_ref();
        let is_latest = latest.is_some_and(|(directory, id)| *directory == self.directory && *id == self.id);
        is_locked && owes && is_latest && machine.boots == self.boots && !machine.is_gone
    }

    /// How long ago whoever holds the lock gave a sign of life, or the watch began.
    fn silent(&self, state: &State, began: Instant) -> Duration {
        let machine = &state.machines[self.node];
        let beat = machine.lock.as_ref().or(machine.broken_lock.as_ref()).map(|lock| lock.beat);
        beat.map_or(began, |beat| beat.max(began)).elapsed()
    }

    fn say(&self, state: &mut State, line: &str, is_over: bool) {
        if let Some(job) = state.machines[self.node].jobs.get_mut(&self.key()) {
            job.lines.push(format!("2.000 {line}"));
            job.is_over = is_over;
        }
    }

    /// Why no file may be put back, if so.
    fn unfit(&self, files: &Files) -> Option<String> {
        self.files.iter().find_map(|old| {
            let present = files.sha256(&old.path).unwrap_or_else(|| ABSENT.into());
            if present != old.was && present != old.becomes {
                let (path, run) = (&old.path, &self.run);
                return Some(format!("{path} is not as run {run} left it: no file was put back"));
            }
            let is_there = present == old.was || old.was == ABSENT || has_copy(files, &old.backup, &old.was);
            (!is_there).then(|| format!("the copy of {} is gone or damaged: no file was put back", old.path))
        })
    }

    fn end_ill(&self, state: &mut State, current: &str, why: &str) {
        self.remember(state, &format!("it could not heal itself: {current}: {why}"));
        self.say(state, &format!("unhealed {current} 1 {why}"), true);
    }

    /// For whoever looks at the node next.
    fn remember(&self, state: &mut State, what: &str) {
        let machine = &mut state.machines[self.node];
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let text = format!("{} {now_s} {what}\n", self.run);
        let path = format!("{}/healed", machine.install.state_dir);
        let _ = machine.files.put(&path, text.as_bytes());
    }
}

async fn watch_over(world: Arc<World>, watch: Watch) {
    if world.state().mutation == Mutation::NeverHeals {
        return;
    }
    let began = Instant::now();
    loop {
        while watch.silent(&world.state(), began) < watch.after {
            if !watch.is_awaited(&world.state()) {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
        if !watch.is_awaited(&world.state()) || world.state().serves(watch.node) {
            return;
        }
        stop(&world, &watch);
        sleep(Duration::from_secs(1)).await;
        if watch.is_awaited(&world.state()) && watch.silent(&world.state(), began) >= watch.after {
            return heal(&world, &watch).await;
        }
        let why = "unhealed heal 1 somebody came when Cassandra was stopped for it: no file was put back";
        watch.say(&mut world.state(), why, true);
    }
}

fn stop(world: &World, watch: &Watch) {
    let mut state = world.state();
    state.inject("node heals itself");
    watch.say(&mut state, "healing", false);
    if watch.unfit(&state.machines[watch.node].files).is_none() {
        state.end(watch.node, Instant::now(), true);
        watch.say(&mut state, "stop", false);
    }
}

async fn heal(world: &World, watch: &Watch) {
    let takes = {
        let mut state = world.state();
        if let Some(why) = watch.unfit(&state.machines[watch.node].files) {
            return watch.end_ill(&mut state, "heal", &why);
        }
        for old in &watch.files {
            if let Err(why) = state.machines[watch.node].files.put_back(&old.path, &old.backup, &old.was) {
                return watch.end_ill(&mut state, "heal", &why);
            }
        }
        state.judge_files(watch.node);
        watch.say(&mut state, "start", false);
        let takes = Duration::from_secs(state.start_s());
        if !state.start(watch.node, Instant::now(), takes) {
            return watch.end_ill(&mut state, "start", "the new process ended at once");
        }
        takes
    };
    sleep(takes).await;
    let mut state = world.state();
    if !state.serves(watch.node) {
        return watch.end_ill(&mut state, "answer", "its client port is closed");
    }
    watch.remember(&mut state, "its old files are back and it runs with them");
    let machine = &mut state.machines[watch.node];
    machine.files.take_off_mark(&machine.install.state_dir, &watch.run);
    let process = machine.process.as_ref().map(|process| (process.pid, process.started_ticks));
    let (pid, ticks) = process.unwrap_or_default();
    watch.say(&mut state, &format!("healed {pid} {ticks}"), true);
}

/// A node that is awaited by a run that is gone serves again in time, or says why it cannot.
async fn judge(world: Arc<World>, watch: Watch) {
    let began = Instant::now();
    loop {
        sleep(LOOK_EVERY).await;
        let mut state = world.state();
        let (key, machine) = (watch.key(), &state.machines[watch.node]);
        let has_tried = machine.jobs.get(&key).is_some_and(|job| job.has_tried_to_heal());
        if has_tried || !watch.is_awaited(&state) {
            return;
        }
        let silent = watch.silent(&state, began);
        if silent >= watch.after && state.serves(watch.node) {
            return;
        }
        if silent > watch.after + TAKES {
            let name = &state.machines[watch.node].name;
            let text = format!("{name} was left down by {}, whose controller is gone", watch.run);
            state.violations.push(text);
            return;
        }
    }
}

impl Files {
    /// Writes a file of root's, if there is room.
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        if let Some(words) = self.refusal() {
            return Err(words.to_owned());
        }
        let file =
            File { bytes: bytes.to_vec().into(), owner: "root".into(), group: "root".into(), mode: 0o600 };
        self.by_path.insert(path.to_owned(), file);
        Ok(())
    }

    /// The old file, with the owner and mode that it had; removed where nothing stood.
    fn put_back(&mut self, path: &str, backup: &str, was: &str) -> Result<(), String> {
        if self.sha256(path).as_deref().unwrap_or(ABSENT) == was {
            let copy = self.by_path.get(backup).filter(|_| was != ABSENT).cloned();
            if let (Some(copy), Some(file)) = (copy, self.by_path.get_mut(path)) {
                (file.owner, file.group, file.mode) = (copy.owner, copy.group, copy.mode);
            }
            return Ok(());
        }
        if let Some(words) = self.refusal() {
            return Err(format!("cannot put {path} back: {words}"));
        }
        match self.by_path.get(backup).cloned() {
            Some(copy) if was != ABSENT => drop(self.by_path.insert(path.to_owned(), copy)),
            Some(_) | None => drop(self.by_path.remove(path)),
        }
        Ok(())
    }

    fn take_off_mark(&mut self, directory: &str, run: &str) {
        let mark = format!("{directory}/owed");
        if self.by_path.get(&mark).is_some_and(|file| file.bytes.trim_ascii() == run.as_bytes()) {
            self.by_path.remove(&mark);
        }
    }
}
