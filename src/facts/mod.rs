//! What the cluster is: each node as a probe saw it, and the ring they form.

pub mod clients;
pub mod internode;
pub mod placement;
pub mod policy;
pub mod ring;
pub mod schema;
pub mod settings;
pub mod suites;
pub mod version;

use crate::secret::Secret;
use internode::Ports;
use placement::Member;
use ring::Ring;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv6Addr;
use version::{Flavour, Version};

/// Everything that a plan is made from, besides what the operator wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    pub nodes: Vec<NodeFacts>,
    pub ring: Ring,
    /// Host ids of the members that at least one observer calls down.
    pub down: BTreeSet<String>,
    /// Our clock when the nodes were looked at, in seconds since 1970.
    #[serde(default)]
    pub looked_at_s: i64,
}

/// One node as one probe saw it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeFacts {
    /// Its name in the inventory.
    pub node: String,
    pub layout: Layout,
    pub flavour: Flavour,
    pub version: Version,
    pub service: Service,
    /// The running Cassandra, if there is one.
    pub process: Option<Process>,
    /// The version of the Java that runs it, as its `release` file has it: `1.8.0_292`, `11.0.13`.
    #[serde(default)]
    pub java: Option<String>,
    pub yaml: Yaml,
    /// What stands at each path that the playbook or the yaml names as a store. `None`: nothing there.
    pub files: BTreeMap<String, Option<FileFacts>>,
    /// Where the client port really listens.
    pub native: NativeTransport,
    /// Where other nodes reach it.
    #[serde(default)]
    pub storage: StorageTransport,
    /// By port: what it showed to a connection when the plan was made. Empty where nothing listens.
    #[serde(default)]
    pub shows: BTreeMap<u16, PortShows>,
    /// What this node calls itself in gossip: the addresses it may be listed under in the ring.
    pub known_as: BTreeSet<String>,
    /// Directory for backups and jobs: `/var/lib/ringwalk`, or one in the login user's home without privilege.
    pub state_dir: String,
    /// A run changed files here and did not see the node healthy afterwards: its id.
    pub owed: Option<String>,
    /// It put old files back by itself since, or tried to.
    #[serde(default)]
    pub healed: Option<SelfHealed>,
    /// Free bytes of the file system under each directory that would be written to.
    pub free_bytes: BTreeMap<String, u64>,
    /// Those of them that cannot be written to: not allowed, or a read-only file system.
    #[serde(default)]
    pub unwritable: BTreeSet<String>,
    /// The node's clock minus ours.
    pub clock_offset_s: i64,
    /// Of a node that takes TLS from clients: whom its truststore trusts, subjects by fingerprint.
    #[serde(default)]
    pub trusts: Option<BTreeMap<String, String>>,
    /// Of a node that speaks TLS to other nodes: whom its internode truststore trusts.
    #[serde(default)]
    pub internode_trusts: Option<BTreeMap<String, String>>,
    /// How many clients were connected to a node that asks them for certificates, in TLS; unknown before 4.0, which has
    /// no `system_views.clients`.
    #[serde(default)]
    pub tls_clients: Option<usize>,
}

impl NodeFacts {
    /// Whether other nodes speak plaintext and TLS to one port.
    pub fn internode_ports(&self) -> Ports {
        let base = self.flavour.apache_base(self.version);
        if base >= Version::new(4, 0, 0) {
            return Ports::One;
        }
        let strict_since = if base < Version::new(3, 1, 0) { (3, 0, 24) } else { (3, 11, 10) };
        let (major, minor, patch) = strict_since;
        Ports::Two { strict: base >= Version::new(major, minor, patch) }
    }

    /// The port on which other nodes meet TLS.
    pub fn internode_tls_port(&self) -> u16 {
        match self.internode_ports() {
            Ports::One => self.storage.port,
            Ports::Two { .. } => self.storage.port_ssl,
        }
    }
}

/// The password by which Cassandra opens a store where none is written: `EncryptionOptions` had a word of its own before
/// 4.1.2 (CASSANDRA-18124).
pub fn unwritten_password(base: Version) -> &'static str {
    if base < Version::new(4, 1, 2) { "cassandra" } else { "" }
}

/// What a node did by itself while nobody was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfHealed {
    /// The run that changed it and was gone.
    pub run: String,
    /// By the node's clock, in seconds since 1970.
    pub at_s: i64,
    /// A clause: what it did.
    pub what: String,
}

impl fmt::Display for SelfHealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it healed itself")?;
        if let Ok(at) = jiff::Timestamp::from_second(self.at_s) {
            write!(f, " at {}", at.strftime("%Y-%m-%d %H:%M:%S UTC"))?;
        }
        write!(
            f,
            ", since Cassandra did not answer after its restart and run {} was gone: {}",
            self.run, self.what
        )
    }
}

/// Where things are on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    pub kind: LayoutKind,
    pub conf_dir: String,
    /// The nodetool to call.
    pub nodetool: String,
    pub log_dir: String,
    /// The account that runs Cassandra, and its group: stores must be readable for it.
    pub user: String,
    pub group: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayoutKind {
    DebianPackage,
    RpmPackage,
    ApacheTarball,
    DsePackage,
    DseTarball,
    /// The file that the running process was told to use, in no known layout.
    Explicit,
}

/// How Cassandra is stopped and started on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// `systemctl stop|start UNIT`; also a SysV script wrapped by systemd.
    Systemd { unit: String },
    /// `/etc/init.d/SCRIPT stop|start` where no systemd runs.
    Sysv { script: String },
    /// SIGTERM to the process (or `stop`, if the inventory names it), then the inventory's start command.
    Command { start: String, stop: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// Start time in clock ticks since boot (`/proc/PID/stat`, field 22): a restart changes it even if the pid recurs.
    pub started_ticks: u64,
    pub user: String,
    pub cwd: String,
}

/// `cassandra.yaml`: the path as found, the file behind its links, and its text, which holds passwords.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Yaml {
    pub path: String,
    pub real_path: String,
    pub file: FileFacts,
    #[serde(skip, default = "empty_secret")]
    pub text: Secret,
}

fn empty_secret() -> Secret {
    Secret::new("")
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Lowercase hex.
    pub sha256: String,
    pub size_bytes: u64,
    pub owner: String,
    pub group: String,
    /// Permission bits, e.g. 0o640.
    pub mode: u32,
}

/// Where a client would connect on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeTransport {
    /// An address that reaches the port from the node itself.
    pub address: String,
    /// `native_transport_port`.
    pub port: u16,
    /// `native_transport_port_ssl`, where it differs from `port`.
    pub port_ssl: Option<u16>,
    /// Whether something listened on `port` when the probe looked.
    pub listening: bool,
}

/// Where other nodes would connect on the node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageTransport {
    /// An address that reaches it from the node itself.
    pub address: String,
    /// `storage_port`: plaintext, and since 4.0 TLS as well.
    pub port: u16,
    /// `ssl_storage_port`: TLS only; since 4.0 closed unless `legacy_ssl_storage_port_enabled`.
    pub port_ssl: u16,
    /// Those of them on which something listened when the probe looked.
    pub listening: BTreeSet<u16>,
}

/// What a client port accepts and serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortShows {
    pub plaintext: bool,
    pub tls: bool,
    /// SHA-256 of the leaf certificate, lowercase hex.
    pub certificate: Option<String>,
    /// SHA-256 of the certificates that it shows behind its leaf.
    #[serde(default)]
    pub issuers: BTreeSet<String>,
    /// Who signed the last certificate that it shows.
    #[serde(default)]
    pub issuer: Option<String>,
    /// That one signed itself: no root is left out.
    #[serde(default)]
    pub is_whole: bool,
}

impl fmt::Display for PortShows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.plaintext, self.tls) {
            (true, false) => return f.write_str("plaintext only"),
            (false, false) => return f.write_str("nothing"),
            (true, true) => f.write_str("plaintext and TLS")?,
            (false, true) => f.write_str("TLS only")?,
        }
        match &self.certificate {
            Some(sha256) => write!(f, " with certificate {}", &sha256[..sha256.len().min(16)]),
            None => Ok(()),
        }
    }
}

/// An address as CQL and the socket tables are read here: Java writes IPv6 in full, `2001:db8:0:0:0:0:0:1`.
pub fn canonical(address: &str) -> String {
    let is_v6 = address.contains(':');
    let parsed = is_v6.then(|| address.parse::<Ipv6Addr>().ok()).flatten();
    parsed.map_or_else(|| address.to_owned(), |address| address.to_string())
}

impl Facts {
    /// The member of the ring that a node is: the only one under a name that the node calls itself, under its inventory
    /// address, or with its client address. The last comes last, since several nodes may serve clients on `127.0.0.1`.
    pub fn member_of(&self, node: &NodeFacts, address: &str) -> Option<&Member> {
        let known = |name: &str| node.known_as.contains(name);
        let address = canonical(address);
        self.only(|member| known(&member.address))
            .or_else(|| self.only(|member| member.address == address))
            .or_else(|| self.only(|member| known(&member.rpc_address) || member.rpc_address == address))
    }

    fn only(&self, is_it: impl Fn(&Member) -> bool) -> Option<&Member> {
        let mut found = self.ring.members.iter().filter(|member| is_it(member));
        found.next().filter(|_| found.next().is_none())
    }

    pub fn node(&self, name: &str) -> Option<&NodeFacts> {
        self.nodes.iter().find(|facts| facts.node == name)
    }
}
