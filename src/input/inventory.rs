//! The inventory: one cluster's nodes, and how each of them is reached and run.

use super::document::Document;
use super::nodes;
use super::reader::Reader;
use super::record::Record;
use crate::diagnostic::Diagnostic;
use crate::secret::SecretSource;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The `cluster_name` that every node must report.
    pub cluster: String,
    /// In the order of the file, ranges expanded.
    pub nodes: Vec<Node>,
    pub source: Document,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub address: String,
    pub datacenter: Option<String>,
    pub rack: Option<String>,
    /// The file's `ssh`, with what the node itself says laid over it; so is `cassandra`.
    pub ssh: Ssh,
    pub cassandra: Cassandra,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    pub user: Option<String>,
    pub port: Option<u16>,
    /// As written; a relative path is relative to the inventory file.
    pub identity: Vec<PathBuf>,
    pub passphrase: Option<SecretSource>,
    pub jump: Option<String>,
    pub become_: Become,
    pub accept_new_host_keys: bool,
    pub known_hosts: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub connect_timeout: Duration,
}

/// How the login user becomes root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Become {
    #[default]
    None,
    Sudo,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cassandra {
    pub install: Install,
    /// A tarball's directory.
    pub location: Option<String>,
    /// The `cassandra.yaml` to use, where it is not found by itself.
    pub config: Option<String>,
    pub service: Option<String>,
    pub start: Option<String>,
    pub stop: Option<String>,
    /// Who runs Cassandra.
    pub user: Option<String>,
    pub nodetool: Option<String>,
    pub jmx: Jmx,
    pub cql: Option<Cql>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Install {
    #[default]
    Auto,
    Package,
    Tarball,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jmx {
    pub port: Option<u16>,
    pub username: Option<String>,
    pub password: Option<SecretSource>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cql {
    pub username: String,
    pub password: SecretSource,
}

impl Default for Ssh {
    fn default() -> Ssh {
        Ssh {
            user: None,
            port: None,
            identity: Vec::new(),
            passphrase: None,
            jump: None,
            become_: Become::None,
            accept_new_host_keys: false,
            known_hosts: None,
            config: None,
            connect_timeout: CONNECT_TIMEOUT,
        }
    }
}

/// A host that does not answer within ten seconds is down or behind a firewall; a slow link needs two or three.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Inventory {
    /// A problem that shows only against the cluster, at the line of the inventory that names the node.
    pub fn diagnostic(&self, node: &str, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.source.diagnostic_of(&place_of(node), message, help)
    }
}

/// The path under which the inventory's document keeps a node's place.
pub(super) fn place_of(node: &str) -> String {
    format!("node {node}")
}

pub const PASSPHRASE: &str = "ssh.passphrase";
pub const JMX_PASSWORD: &str = "cassandra.jmx.password";
pub const CQL_PASSWORD: &str = "cassandra.cql.password";

/// The path under which it keeps the place of a value that holds for a node, wherever it is written.
pub fn place_in(node: &str, path: &str) -> String {
    format!("node {node} {path}")
}

/// An inventory out of what was read. Where a value is missing or wrong, which is a problem already, another stands in
/// for it, so that the rules can look at the rest.
pub(super) fn build(record: &Record, reader: &mut Reader) -> Inventory {
    let nodes = nodes::build(record, reader);
    let source = std::mem::take(&mut reader.document);
    Inventory { cluster: record.text("cluster").unwrap_or_default(), nodes, source }
}

impl Ssh {
    pub(super) fn build(record: &Record) -> Ssh {
        let path = |key: &str| record.text(key).map(PathBuf::from);
        Ssh {
            user: record.text("user"),
            port: record.port("port"),
            identity: record.texts("identity").into_iter().map(PathBuf::from).collect(),
            passphrase: record.secret("passphrase"),
            jump: record.text("jump"),
            become_: match record.choice("become") {
                Some("sudo") => Become::Sudo,
                _ => Become::None,
            },
            accept_new_host_keys: record.bool("accept_new_host_keys").unwrap_or(false),
            known_hosts: path("known_hosts"),
            config: path("config"),
            connect_timeout: record.duration("connect_timeout").unwrap_or(CONNECT_TIMEOUT),
        }
    }
}

impl Cassandra {
    pub(super) fn build(record: &Record) -> Cassandra {
        let cql = record.record("cql").map(|cql| Cql {
            username: cql.text("username").unwrap_or_default(),
            password: cql.secret("password").unwrap_or(SecretSource::Prompt),
        });
        let jmx = record.record("jmx").map(|jmx| Jmx {
            port: jmx.port("port"),
            username: jmx.text("username"),
            password: jmx.secret("password"),
        });
        Cassandra {
            install: match record.choice("install") {
                Some("package") => Install::Package,
                Some("tarball") => Install::Tarball,
                _ => Install::Auto,
            },
            location: record.text("location"),
            config: record.text("config"),
            service: record.text("service"),
            start: record.text("start"),
            stop: record.text("stop"),
            user: record.text("user"),
            nodetool: record.text("nodetool"),
            jmx: jmx.unwrap_or_default(),
            cql,
        }
    }
}
