//! A simulated copy of a real cluster, from what a survey has found there.

use super::cassandra::{Speaks, speaks};
use super::faults::Faults;
use super::files::{File, Files};
use super::guard;
use super::install::Install;
use super::judge::Mutation;
use super::random::Random;
use super::world::{Machine, Pace, Still, World};
use crate::facts::placement::Member;
use crate::facts::policy::Policy;
use crate::facts::ring::{KeepAvailable, Partitioner};
use crate::facts::version::Flavour;
use crate::facts::{Facts, NodeFacts};
use crate::input::inventory::Inventory;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// By node and path, the stores that stand there.
pub type StoredFiles = BTreeMap<String, BTreeMap<String, Zeroizing<Vec<u8>>>>;

/// What a copy is made of.
#[derive(Clone, Copy)]
pub struct Original<'a> {
    pub inventory: &'a Inventory,
    pub facts: &'a Facts,
    pub stores: &'a StoredFiles,
    /// What the judge holds every stop of a node to.
    pub keep: KeepAvailable,
    pub pace: Pace,
}

impl World {
    /// The same names, addresses, ring, versions, files and ports, as they are now. The error says in words, by node, what
    /// cannot be simulated.
    pub fn copy(
        original: Original<'_>,
        random: Random,
        faults: Faults,
    ) -> Result<Arc<World>, Vec<(String, String)>> {
        let Original { inventory, facts, keep, pace, .. } = original;
        let (mut twins, mut problems) = (Vec::new(), Vec::new());
        for node in &inventory.nodes {
            match twin(original, &node.name, &node.address) {
                Ok(twin) => twins.push(twin),
                Err(why) => problems.push((node.name.clone(), why)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let members: Vec<Member> = twins.iter().map(|twin| twin.machine.member.clone()).collect();
        let stopped = (0..twins.len()).filter(|at| !twins[*at].runs).collect();
        let (machines, states): (Vec<_>, Vec<_>) =
            twins.into_iter().map(|twin| (twin.machine, (twin.closed, twin.otherwise))).unzip();
        let ring = &facts.ring;
        let still = Still {
            cluster: ring.cluster_name.clone(),
            partitioner: class(&ring.partitioner),
            guarded: guard::ranges(&members, &ring.keyspaces, keep),
            keyspaces: ring.keyspaces.clone(),
            pace,
            machines,
            stopped,
        };
        let world = World::begin(still, random, faults, Mutation::None);
        for (machine, (closed, otherwise)) in world.state().machines.iter_mut().zip(states) {
            let Some(process) = &mut machine.process else { continue };
            process.closed = closed;
            process.speaks = otherwise.unwrap_or_else(|| process.speaks.clone());
        }
        Ok(world)
    }

    /// How many ranges the judge watches.
    pub fn guarded(&self) -> usize {
        self.state().guarded.len()
    }
}

fn class(partitioner: &Partitioner) -> String {
    match partitioner {
        Partitioner::Murmur3 => "org.apache.cassandra.dht.Murmur3Partitioner".into(),
        Partitioner::Random => "org.apache.cassandra.dht.RandomPartitioner".into(),
        Partitioner::Other(class) => class.clone(),
    }
}

/// One node of a copy.
struct Twin {
    machine: Machine,
    runs: bool,
    /// It runs, and its client port is closed.
    closed: bool,
    /// What its process speaks, where its files say something else.
    otherwise: Option<Speaks>,
}

fn twin(original: Original<'_>, name: &str, address: &str) -> Result<Twin, String> {
    let seen = original.facts.node(name).ok_or("it was not looked at")?;
    if seen.flavour != Flavour::Apache {
        return Err("it runs DSE, and Apache Cassandra alone is simulated".into());
    }
    let member = original.facts.member_of(seen, address).ok_or("it is not in the ring")?;
    let files = Files { by_path: files(seen, original.stores.get(name))?, ..Files::default() };
    let machine = Machine {
        port: seen.native.port,
        clock_skew_s: seen.clock_offset_s,
        ..Machine::new(name, Install::of(seen), member.clone(), seen.version, files)
    };
    let otherwise = speaks_otherwise(seen, &machine)?;
    Ok(Twin { machine, runs: seen.process.is_some(), closed: !seen.native.listening, otherwise })
}

fn files(
    seen: &NodeFacts,
    stores: Option<&BTreeMap<String, Zeroizing<Vec<u8>>>>,
) -> Result<BTreeMap<String, File>, String> {
    let yaml = seen.yaml.text.expose().as_bytes().to_vec();
    let there = seen.files.iter().filter_map(|(path, file)| Some((path, file.as_ref()?)));
    let mut files = BTreeMap::new();
    for (path, file) in there {
        let bytes = stores.and_then(|stores| stores.get(path));
        let bytes = bytes.ok_or_else(|| format!("{path} was not read"))?.clone();
        files.insert(path.clone(), File { bytes, ..attributes(file) });
    }
    files.insert(seen.yaml.real_path.clone(), File { bytes: yaml.into(), ..attributes(&seen.yaml.file) });
    if let Some(run) = &seen.owed {
        let bytes = format!("{run}\n").into_bytes();
        let mark = File { bytes: bytes.into(), owner: "root".into(), group: "root".into(), mode: 0o600 };
        files.insert(format!("{}/owed", seen.state_dir), mark);
    }
    Ok(files)
}

fn attributes(file: &crate::facts::FileFacts) -> File {
    File {
        bytes: Zeroizing::default(),
        owner: file.owner.clone(),
        group: file.group.clone(),
        mode: file.mode,
    }
}

/// What the process speaks, where it runs with older files than those that stand there; `None`: what its files say.
fn speaks_otherwise(seen: &NodeFacts, machine: &Machine) -> Result<Option<Speaks>, String> {
    if seen.process.is_none() {
        return Ok(None);
    }
    let speaks = speaks(&machine.files, &machine.install, seen.version, machine.port)
        .map_err(|words| format!("a simulated Cassandra does not start with its files: {words}"))?;
    let ports = [Some((seen.native.port, speaks.policy)), speaks.second].into_iter().flatten();
    let differs = ports.filter_map(|(port, policy): (u16, Policy)| {
        let shows = seen.shows.get(&port)?;
        let is_so = (shows.plaintext, shows.tls) == (policy.accepts_plaintext(), policy.accepts_tls());
        (!is_so).then_some((port, policy, shows))
    });
    match differs.into_iter().next() {
        None => Ok(None),
        Some((_, _, shows)) if shows.plaintext && !shows.tls => {
            Ok(Some(Speaks { policy: Policy::Plaintext, tls: None, second: None }))
        }
        Some((port, policy, shows)) => Err(format!(
            "port {port} shows {shows}, and with its files as they are it would take {policy}: its process runs with \
             older files, which are not there to be copied"
        )),
    }
}
