//! The whole simulated cluster: its machines, who sees whom, and what happens to them over time.

use super::applications::Application;
use super::cassandra::{Running, speaks};
use super::data::Rows;
use super::events;
use super::faults::Faults;
use super::files::File;
use super::guard::{self, Guarded};
use super::judge::Mutation;
pub use super::machine::Machine;
use super::machine::machine;
use super::random::Random;
use crate::facts::placement::{Member, Replication};
use crate::facts::ring::{KeepAvailable, Keyspace};
use crate::facts::version::Version;
use crate::formats::yaml;
use crate::plan::change::sha256_hex;
use crate::transport::Command;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A node as the cluster begins.
#[derive(Clone, Debug)]
pub struct NodeWish {
    pub name: String,
    pub address: String,
    pub rack: String,
    pub version: Version,
    pub yaml: String,
}

pub struct World {
    pub(super) state: Mutex<State>,
}

pub struct State {
    pub cluster: String,
    pub machines: Vec<Machine>,
    pub random: Random,
    pub faults: Faults,
    /// The time of faults was ended: what would still befall a node does not.
    pub is_healed: bool,
    pub mutation: Mutation,
    pub begun: Instant,
    /// How many times faster than measured everything goes.
    pub hurry: u32,
    pub partitioner: String,
    pub keyspaces: Vec<Keyspace>,
    pub guarded: Vec<Guarded>,
    /// Of each guarded range.
    pub rows: Vec<Rows>,
    pub applications: Vec<Application>,
    pub pace: Pace,
    pub partition: Option<(String, Instant, Instant)>,
    /// SHA-256 of every content that somebody wrote whole.
    pub whole: BTreeSet<String>,
    pub secrets: Vec<String>,
    pub violations: Vec<String>,
    /// The runs that acted on nodes, in the order in which one took its turn after another.
    pub actors: Vec<String>,
    /// The nodes whose yaml somebody changed by hand, once for each time.
    pub by_hand: Vec<String>,
    /// How often each kind of fault was injected.
    pub injected: BTreeMap<&'static str, u64>,
    /// How often each verb was asked for.
    pub asked: BTreeMap<String, u64>,
}

/// How long Cassandra takes from its start until it serves: the least, and what may come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub least_s: u64,
    pub more_s: u64,
}

/// A cluster before its time begins.
pub(super) struct Still {
    pub cluster: String,
    pub partitioner: String,
    pub keyspaces: Vec<Keyspace>,
    pub guarded: Vec<Guarded>,
    pub pace: Pace,
    pub machines: Vec<Machine>,
    /// Those on which Cassandra does not run.
    pub stopped: BTreeSet<usize>,
}

impl World {
    /// Every node runs and has run for long.
    pub fn new(nodes: &[NodeWish], seed: u64, faults: Faults, mutation: Mutation) -> Arc<World> {
        let mut random = Random::new(seed);
        let members: Vec<Member> = nodes.iter().map(|node| member(node, &mut random)).collect();
        let replication = Replication::NetworkTopology(BTreeMap::from([("dc1".to_owned(), 3)]));
        let keyspaces = vec![Keyspace { name: "app".into(), replication }];
        let first = nodes.first().and_then(|node| yaml::parse(&node.yaml).ok().flatten());
        let cluster = first.as_ref().and_then(|root| root.get("cluster_name")?.as_str());
        let still = Still {
            cluster: cluster.unwrap_or("Test Cluster").to_owned(),
            partitioner: "org.apache.cassandra.dht.Murmur3Partitioner".into(),
            guarded: guard::ranges(&members, &keyspaces, KeepAvailable::Quorum),
            keyspaces,
            pace: Pace { least_s: 8, more_s: 20 },
            machines: nodes.iter().zip(members).map(|(node, member)| machine(node, member)).collect(),
            stopped: BTreeSet::new(),
        };
        World::begin(still, random, faults, mutation)
    }

    pub(super) fn begin(still: Still, random: Random, faults: Faults, mutation: Mutation) -> Arc<World> {
        let now = Instant::now();
        let contents = still.machines.iter().flat_map(|machine| machine.files.by_path.values());
        let mut state = State {
            whole: contents.map(|file| sha256_hex(&file.bytes)).collect(),
            cluster: still.cluster,
            partitioner: still.partitioner,
            keyspaces: still.keyspaces,
            rows: vec![Rows::default(); still.guarded.len()],
            guarded: still.guarded,
            applications: Vec::new(),
            pace: still.pace,
            machines: still.machines,
            random,
            faults,
            is_healed: false,
            mutation,
            begun: now,
            hurry: 1,
            partition: None,
            secrets: Vec::new(),
            violations: Vec::new(),
            actors: Vec::new(),
            by_hand: Vec::new(),
            injected: BTreeMap::new(),
            asked: BTreeMap::new(),
        };
        for node in (0..state.machines.len()).filter(|node| !still.stopped.contains(node)) {
            state.start(node, now, Duration::ZERO);
        }
        let world = Arc::new(World { state: Mutex::new(state) });
        tokio::spawn(events::play(Arc::clone(&world)));
        world
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on everything that takes its time takes a part of it.
    pub fn hasten(&self, times: u32) {
        self.state().hurry = times.max(1);
    }

    /// The files of every node stand below `directory/NODE` too, and what is changed there counts.
    pub fn keep_files_in(&self, directory: &Path) -> std::io::Result<()> {
        let mut state = self.state();
        state.machines.iter_mut().try_for_each(|machine| machine.files.keep_in(directory.join(&machine.name)))
    }

    /// Where a node's clients connect, while it serves them.
    pub fn serves_at(&self, name: &str) -> Option<(String, u16)> {
        let state = self.state();
        let machine = state.machines.iter().find(|machine| machine.name == name)?;
        let serves = machine.process.as_ref().is_some_and(|process| process.serves(Instant::now()));
        serves.then(|| (machine.install.native_address.clone(), machine.port))
    }

    pub(super) fn lasts(&self, duration: Duration) -> Duration {
        self.state().lasts(duration)
    }

    /// A content that is whole, and words that nobody may see.
    pub fn knows(&self, bytes: &[u8], secret: &str) {
        let mut state = self.state();
        state.whole.insert(sha256_hex(bytes));
        state.secrets.push(secret.to_owned());
    }

    /// By node, the files of Cassandra.
    pub fn configuration(&self) -> BTreeMap<String, BTreeMap<String, File>> {
        let state = self.state();
        let of = |machine: &Machine| {
            let files = machine.files.by_path.iter();
            let read = files.filter(|(path, _)| machine.install.is_of_cassandra(path));
            (machine.name.clone(), read.map(|(path, file)| (path.clone(), file.clone())).collect())
        };
        state.machines.iter().map(of).collect()
    }

    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// The runs that acted on nodes, in the order in which one took its turn after another.
    pub fn actors(&self) -> Vec<String> {
        self.state().actors.clone()
    }

    /// The nodes whose yaml somebody changed by hand, once for each time.
    pub fn by_hand(&self) -> Vec<String> {
        self.state().by_hand.clone()
    }

    /// A fault that whoever plays the operators has played.
    pub fn inject(&self, kind: &'static str) {
        self.state().inject(kind);
    }

    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        self.state().injected.clone()
    }

    /// How often the nodes were asked, by verb: a script's name, or the last word of a command.
    pub fn asked(&self) -> BTreeMap<String, u64> {
        self.state().asked.clone()
    }

    /// From now on Java on this node opens no store but those that stand there.
    pub fn opens_no_new_store(&self, name: &str) {
        let mut state = self.state();
        let machine = state.machines.iter_mut().find(|machine| machine.name == name);
        machine.into_iter().for_each(|machine| machine.files.open_no_other());
    }

    /// The faults are over, applications have moved on, and the operator starts what is down.
    pub fn heal(&self) {
        let mut state = self.state();
        let now = Instant::now();
        state.faults = Faults::default();
        state.is_healed = true;
        state.partition = None;
        state.applications.clear();
        for node in 0..state.machines.len() {
            let machine = &mut state.machines[node];
            (machine.wont_start_until, machine.is_gone) = (None, false);
            machine.clock_skew_s = 0;
            (machine.files.disk_full, machine.files.read_only) = (false, false);
            machine.files.opens_only = None;
            if machine.process.is_none() {
                state.start(node, now, Duration::from_secs(5));
            }
        }
    }
}

impl State {
    /// How long here takes what was measured to take so long.
    pub fn lasts(&self, duration: Duration) -> Duration {
        duration / self.hurry
    }

    /// Until a Cassandra that is started now serves.
    pub fn start_s(&mut self) -> u64 {
        self.pace.least_s + self.random.below(self.pace.more_s)
    }

    /// The names of all racks.
    pub fn racks(&self) -> BTreeSet<String> {
        self.machines.iter().map(|machine| machine.member.rack.clone()).collect()
    }

    pub fn inject(&mut self, kind: &'static str) {
        *self.injected.entry(kind).or_default() += 1;
    }

    /// A command has come in.
    pub fn hear(&mut self, command: &Command) {
        self.judge_words(command);
        let word = command.as_script().map(|(verb, _)| verb).or(command.argv.last().map(String::as_str));
        let word = word.unwrap_or_default();
        match self.asked.get_mut(word) {
            Some(times) => *times += 1,
            None => drop(self.asked.insert(word.to_owned(), 1)),
        }
    }

    pub fn serves(&self, node: usize) -> bool {
        self.machines[node].process.as_ref().is_some_and(|process| process.serves(Instant::now()))
    }

    /// The machine stops: its processes end, and with them every job.
    pub fn switch_off(&mut self, node: usize, now: Instant) {
        self.end(node, now, false);
        self.machines[node].boots += 1;
    }

    /// Starts Cassandra; false if it does not come up.
    pub fn start(&mut self, node: usize, now: Instant, takes: Duration) -> bool {
        let heard_after_s = 1 + self.random.below(4);
        let (begun, machine) = (self.begun, &mut self.machines[node]);
        if machine.is_gone {
            return false;
        }
        let line = format!("INFO  [main] x - Configuration location: file:{}\n", machine.install.real);
        machine.log.push_str(&line);
        if machine.wont_start_until.is_some_and(|until| now < until) {
            return false;
        }
        let made = match speaks(&machine.files, &machine.install, machine.version, machine.port) {
            Ok(made) => made,
            Err(words) => {
                machine.log.push_str(&format!("ERROR [main] x - Exception encountered\n{words}\n"));
                return false;
            }
        };
        // Hundredths of a second since a boot that was a day before.
        let ticks = 8_640_000 + (now - begun).as_millis() as u64 / 10;
        let opens_at = now + takes;
        let pid = 4000 + machine.rumours.len() as u32;
        machine.process = Some(Running { pid, started_ticks: ticks, opens_at, closed: false, speaks: made });
        machine.down_since = None;
        machine.rumours.push((opens_at, true, heard_after_s));
        self.judge_applications(node);
        self.write_and_read(node, now);
        true
    }

    /// The process ends. One that is drained says so; of one that dies the others hear by its silence.
    pub fn end(&mut self, node: usize, now: Instant, says_so: bool) {
        let heard_after_s = if says_so { 1 } else { 8 + self.random.below(14) };
        let serves = self.serves(node);
        let machine = &mut self.machines[node];
        if machine.process.take().is_some() {
            machine.down_since = Some(now);
            machine.down_for_us &= !serves;
            machine.rumours.push((now, false, heard_after_s));
            self.write_and_read(node, now);
        }
    }

    /// Whether one node holds another for up: gossip comes late, and to each at its own time.
    pub fn sees_up(&self, observer: usize, subject: usize, now: Instant) -> bool {
        if observer == subject {
            return true;
        }
        let (one, other) = (&self.machines[observer], &self.machines[subject]);
        if let Some((rack, from, until)) = &self.partition {
            let is_between = (one.member.rack == *rack) != (other.member.rack == *rack);
            if is_between && now > *from + Duration::from_secs(20) && now < *until {
                return false;
            }
        }
        let own_s = (observer as u64 * 7 + subject as u64) % 3;
        let heard = |(at, _, after_s): &&(Instant, bool, u64)| {
            *at + self.lasts(Duration::from_secs(after_s + own_s)) <= now
        };
        let last = other.rumours.iter().rev().find(heard);
        // At its very beginning a cluster is as it has been for long.
        last.or(other.rumours.first()).is_some_and(|(_, up, _)| *up)
    }
}

fn member(node: &NodeWish, random: &mut Random) -> Member {
    let id = random.draw();
    let tokens = (0..4).map(|_| i128::from(random.draw() as i64)).collect();
    Member {
        host_id: format!("{:08x}-0000-4000-8000-{:012x}", id >> 32, id & 0xffff_ffff_ffff),
        address: node.address.clone(),
        rpc_address: node.address.clone(),
        datacenter: "dc1".into(),
        rack: node.rack.clone(),
        release_version: node.version.to_string(),
        tokens,
    }
}
