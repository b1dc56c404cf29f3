//! What befalls the nodes by itself, each event at its time.

use super::faults::{Event, Faults, QUIET_AFTER};
use super::world::{State, World};
use crate::plan::change::sha256_hex;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// How long a process lives that dies soon after its start.
const SHORT_LIFE: Duration = Duration::from_secs(60);
/// A supervisor starts a flapping process again after so long, and it comes up after so long more.
const FLAP_S: u64 = 12;
const COMES_BACK: Duration = Duration::from_secs(8);
/// What a machine needs until it takes SSH again.
const BOOT: Duration = Duration::from_secs(60);

/// Plays the events of a cluster's faults; when the time of faults is over, what is left of them ends.
pub async fn play(world: Arc<World>) {
    let (begun, events) = {
        let state = world.state();
        (state.begun, state.faults.events.clone())
    };
    for (at_s, event) in events {
        sleep_until(begun + Duration::from_secs(at_s)).await;
        if world.state().is_healed {
            return;
        }
        world.state().happen(&event, Instant::now());
        tokio::spawn(follow(Arc::clone(&world), event));
    }
    sleep_until(begun + QUIET_AFTER).await;
    world.state().faults = Faults::default();
}

/// What comes of an event after its time.
async fn follow(world: Arc<World>, event: Event) {
    match event {
        Event::DiskFull { node, lasts_s } => {
            sleep(Duration::from_secs(lasts_s)).await;
            world.state().machines[node].files.disk_full = false;
        }
        Event::ReadOnly { node, lasts_s } => {
            sleep(Duration::from_secs(lasts_s)).await;
            world.state().machines[node].files.read_only = false;
        }
        Event::Flaps { node } => {
            sleep(Duration::from_secs(FLAP_S)).await;
            let mut state = world.state();
            if state.machines[node].process.is_none() {
                state.start(node, Instant::now(), COMES_BACK);
            }
        }
        Event::Reboots { node } => comes_back(&world, node).await,
        Event::DiesAfterStart { node } => dies_after_its_next_start(&world, node).await,
        Event::JvmDies { .. }
        | Event::WontStart { .. }
        | Event::NeverBack { .. }
        | Event::OpensNoNewStore { .. }
        | Event::LeftDown { .. }
        | Event::YamlByHand { .. }
        | Event::Partition { .. }
        | Event::ClockSkew { .. }
        | Event::ControllerDies { .. }
        | Event::AnotherOperator => {}
    }
}

/// A machine that boots, and the service that it starts; not where it was switched off again meanwhile.
async fn comes_back(world: &World, node: usize) {
    let boots = world.state().machines[node].boots;
    sleep(BOOT).await;
    let mut state = world.state();
    if state.machines[node].boots == boots && state.machines[node].is_gone {
        state.machines[node].is_gone = false;
        state.start(node, Instant::now(), COMES_BACK);
    }
}

async fn dies_after_its_next_start(world: &World, node: usize) {
    let process = || world.state().machines[node].process.as_ref().map(|process| process.pid);
    let (before, begun) = (process(), Instant::now());
    while process().is_none_or(|pid| Some(pid) == before) {
        if begun.elapsed() > QUIET_AFTER {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    let started = process();
    sleep(SHORT_LIFE).await;
    if process() == started && !world.state().is_healed {
        let mut state = world.state();
        state.inject("JVM dies a minute after its start");
        state.end(node, Instant::now(), false);
    }
}

impl State {
    fn happen(&mut self, event: &Event, now: Instant) {
        let until = |lasts_s: u64| now + Duration::from_secs(lasts_s);
        match event {
            Event::JvmDies { node } => {
                self.inject("JVM dies");
                self.end(*node, now, false);
            }
            Event::Flaps { node } => {
                self.inject("JVM flaps");
                self.end(*node, now, false);
            }
            Event::WontStart { node, lasts_s } => {
                self.inject("does not start");
                self.machines[*node].wont_start_until = Some(until(*lasts_s));
            }
            Event::NeverBack { node } => {
                self.inject("node gone, not back by itself");
                self.switch_off(*node, now);
                self.machines[*node].is_gone = true;
            }
            Event::Reboots { node } => {
                self.inject("machine restarts");
                self.switch_off(*node, now);
                self.machines[*node].is_gone = true;
            }
            Event::OpensNoNewStore { node } | Event::LeftDown { node } => {
                self.inject("opens no new store");
                self.machines[*node].files.open_no_other();
            }
            Event::YamlByHand { node } => self.change_by_hand(*node),
            Event::DiskFull { node, .. } => {
                self.inject("disk full");
                self.machines[*node].files.disk_full = true;
            }
            Event::ReadOnly { node, .. } => {
                self.inject("read-only file system");
                self.machines[*node].files.read_only = true;
            }
            Event::Partition { rack, lasts_s } => {
                let Some(rack) = self.racks().into_iter().nth(*rack) else { return };
                self.inject("racks partitioned");
                self.partition = Some((rack, now, until(*lasts_s)));
            }
            Event::ClockSkew { node, seconds } => {
                self.inject("clock skew");
                self.machines[*node].clock_skew_s = *seconds;
            }
            // It is noted when it comes to pass.
            Event::DiesAfterStart { .. } => {}
            // Whoever plays the operators and holds the journal plays these.
            Event::ControllerDies { .. } | Event::AnotherOperator => {}
        }
    }

    fn change_by_hand(&mut self, node: usize) {
        self.inject("yaml changed by hand");
        let machine = &mut self.machines[node];
        let Some(file) = machine.files.by_path.get_mut(&machine.install.real) else { return };
        file.bytes.extend_from_slice(b"# seen to by hand\n");
        self.whole.insert(sha256_hex(&file.bytes));
        self.by_hand.push(machine.name.clone());
    }
}
