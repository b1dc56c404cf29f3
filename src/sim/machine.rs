//! One simulated machine: its Cassandra, its files, and what has happened to it.

use super::cassandra::Running;
use super::files::{File, Files};
use super::install::{self, Install};
use super::job::Job;
use super::lock::Lock;
use super::world::NodeWish;
use crate::facts::placement::Member;
use crate::facts::version::Version;
use crate::formats::yaml;
use std::collections::BTreeMap;
use tokio::time::Instant;

pub struct Machine {
    pub name: String,
    pub install: Install,
    pub member: Member,
    pub version: Version,
    /// Its client port.
    pub port: u16,
    pub lock: Option<Lock>,
    /// One that was broken, until the next is taken.
    pub broken_lock: Option<Lock>,
    pub files: Files,
    pub process: Option<Running>,
    pub jobs: BTreeMap<String, Job>,
    /// The restart job that began last: its run's directory and its name.
    pub latest: Option<(String, String)>,
    /// How often the machine has started.
    pub boots: usize,
    pub log: String,
    pub clock_skew_s: i64,
    pub wont_start_until: Option<Instant>,
    /// Switched off: no SSH, no process, until somebody sees to it.
    pub is_gone: bool,
    /// Ringwalk's restart took it down, and it has not served since.
    pub down_for_us: bool,
    pub down_since: Option<Instant>,
    /// What gossip has to tell: when it came or went, and how many seconds others need to hear of it.
    pub rumours: Vec<(Instant, bool, u64)>,
}

impl Machine {
    /// With Cassandra's own client port, and nothing that happens to it.
    pub fn new(name: &str, install: Install, member: Member, version: Version, files: Files) -> Machine {
        Machine {
            name: name.to_owned(),
            install,
            member,
            version,
            port: CLIENT_PORT,
            lock: None,
            broken_lock: None,
            files,
            process: None,
            jobs: BTreeMap::new(),
            latest: None,
            boots: 0,
            log: String::new(),
            clock_skew_s: 0,
            wont_start_until: None,
            is_gone: false,
            down_for_us: false,
            down_since: None,
            rumours: Vec::new(),
        }
    }
}

/// As a Debian package leaves it, with the yaml that is wished.
pub fn machine(node: &NodeWish, member: Member) -> Machine {
    let yaml = File {
        bytes: node.yaml.clone().into_bytes().into(),
        owner: "root".into(),
        group: "cassandra".into(),
        mode: 0o640,
    };
    let files = Files { by_path: BTreeMap::from([(install::YAML.to_owned(), yaml)]), ..Files::default() };
    let install = Install::package(&member.rpc_address);
    Machine { port: port(&node.yaml), ..Machine::new(&node.name, install, member, node.version, files) }
}

/// `DatabaseDescriptor`, `Config.native_transport_port`.
const CLIENT_PORT: u16 = 9042;

fn port(text: &str) -> u16 {
    let root = yaml::parse(text).ok().flatten();
    let named = root.as_ref().and_then(|root| root.get("native_transport_port"));
    named.and_then(yaml::as_integer_1_1).and_then(|port| u16::try_from(port).ok()).unwrap_or(CLIENT_PORT)
}
