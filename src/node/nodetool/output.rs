//! What nodetool prints, read into data: 3.0 to 5.0.

use super::NodetoolError;
use crate::facts::canonical;
use crate::facts::placement::{Member, Replication};
use crate::facts::ring::{Keyspace, Partitioner, Ring, RingSource};
use std::collections::{BTreeMap, BTreeSet};

/// One row of `nodetool status`: a node as the asked node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRow {
    pub up: bool,
    pub state: State,
    /// An IP address; a host name where nodetool resolved it (`-r`), `address:port` with `-pp`.
    pub address: String,
    /// Empty where gossip has told none yet.
    pub host_id: String,
    pub datacenter: String,
    pub rack: String,
    /// `None` in a ring of one token a node: there nodetool prints the token instead of the number.
    pub tokens_count: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Normal,
    Leaving,
    Joining,
    Moving,
}

/// The operation mode, as `nodetool netstats` shows it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    Starting,
    Normal,
    Joining,
    Leaving,
    Decommissioned,
    Moving,
    Draining,
    Drained,
    /// `JOINING_FAILED`, `DECOMMISSION_FAILED` (5.0), or one that a later version adds.
    Other(String),
}

/// `nodetool describering`: the replicas of every range of one keyspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Describering {
    pub schema_version: String,
    pub ranges: Vec<DescribedRange>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedRange {
    pub start: i128,
    pub end: i128,
    pub endpoints: Vec<String>,
}

/// `nodetool describecluster`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Describecluster {
    pub cluster_name: String,
    pub partitioner: Partitioner,
    pub schema_versions: BTreeMap<String, BTreeSet<String>>,
    pub unreachable: BTreeSet<String>,
    /// From 4.0 on; empty before.
    pub keyspaces: Vec<Keyspace>,
}

/// Reads `nodetool status`. Rows are recognized by their shape: 3.x shifts columns under a wide load. One in a state that is
/// not known is not passed over: it is a member of the ring.
pub fn status(text: &str) -> Result<Vec<StatusRow>, NodetoolError> {
    let mut datacenter = "";
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("Datacenter: ") {
            datacenter = name.trim();
        } else if is_status_row(line) {
            rows.push(status_row(line, datacenter).ok_or_else(|| unreadable("status", line))?);
        }
    }
    if rows.is_empty() { Err(unreadable("status", "it shows no node")) } else { Ok(rows) }
}

fn is_status_row(line: &str) -> bool {
    let start = line.as_bytes();
    matches!(start, [b'U' | b'D' | b'?', b'A'..=b'Z', b' ', ..])
}

/// `UN  127.0.0.1  70.75 KiB  256  100.0%  30848df6-…  rack1`; of the load `?` is one word, else two. Without the
/// column of token counts the token stands before the rack, which is the rest of the line and may hold blanks.
fn status_row(line: &str, datacenter: &str) -> Option<StatusRow> {
    let state = match line.as_bytes()[1] {
        // DSE says `S` of a member that has stopped serving: drained, or its disk policy did it.
        b'N' | b'S' => State::Normal,
        b'L' => State::Leaving,
        b'J' => State::Joining,
        b'M' => State::Moving,
        _ => return None,
    };
    // A cluster of a thousand nodes has as many rows in each answer, and each node is asked about several times.
    let host_id = line.split_ascii_whitespace().find(|word| is_uuid(word) || *word == "null")?;
    let at = host_id.as_ptr() as usize - line.as_ptr() as usize;
    let (before, after) = (&line[..at], &line[at + host_id.len()..]);
    let mut words = before.split_ascii_whitespace().skip(1);
    let address = words.next()?;
    if words.next()? != "?" {
        words.next()?;
    }
    // What is left before the host id: token count and share, or the share alone.
    let tokens_count = match (words.next(), words.next(), words.next()) {
        (Some(count), Some(_owns), None) => Some(count.parse().ok()?),
        (Some(_owns), None, None) => None,
        _ => return None,
    };
    let rack = match tokens_count {
        Some(_) => after.trim(),
        None => after.trim().split_once(char::is_whitespace)?.1.trim(),
    };
    Some(StatusRow {
        up: line.starts_with('U') && !line.starts_with("US"),
        state,
        address: canonical(address),
        host_id: if host_id == "null" { String::new() } else { host_id.into() },
        datacenter: datacenter.into(),
        rack: rack.into(),
        tokens_count,
    })
}

fn is_uuid(word: &str) -> bool {
    let is_dash = |at: usize| [8, 13, 18, 23].contains(&at);
    let is_right =
        |(at, byte): (usize, u8)| if is_dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    word.len() == 36 && word.bytes().enumerate().all(is_right)
}

/// Reads the mode from `nodetool netstats`.
pub fn mode(text: &str) -> Result<Mode, NodetoolError> {
    let mode = text.lines().find_map(|line| line.strip_prefix("Mode: "));
    Ok(match mode.ok_or_else(|| unreadable("netstats", "there is no line `Mode:`"))?.trim() {
        "STARTING" => Mode::Starting,
        "NORMAL" => Mode::Normal,
        "JOINING" => Mode::Joining,
        "LEAVING" => Mode::Leaving,
        "DECOMMISSIONED" => Mode::Decommissioned,
        "MOVING" => Mode::Moving,
        "DRAINING" => Mode::Draining,
        "DRAINED" => Mode::Drained,
        other => Mode::Other(other.into()),
    })
}

/// Reads `nodetool version`.
pub fn version(text: &str) -> Result<String, NodetoolError> {
    let version = text.lines().find_map(|line| line.strip_prefix("ReleaseVersion: "));
    version.map(|version| version.trim().into()).ok_or_else(|| unreadable("version", text))
}

/// Reads `nodetool statusbinary`: whether the node serves clients.
pub fn statusbinary(text: &str) -> Result<bool, NodetoolError> {
    match text.trim() {
        "running" => Ok(true),
        "not running" => Ok(false),
        other => Err(unreadable("statusbinary", other)),
    }
}

/// Reads `nodetool describering KEYSPACE`.
pub fn describering(text: &str) -> Result<Describering, NodetoolError> {
    let schema_version = text.lines().find_map(|line| line.strip_prefix("Schema Version:"));
    let ranges = text.lines().filter(|line| line.trim_start().starts_with("TokenRange("));
    let range = |line: &str| described_range(line).ok_or_else(|| unreadable("describering", line));
    Ok(Describering {
        schema_version: schema_version.unwrap_or_default().trim().into(),
        ranges: ranges.map(range).collect::<Result<_, _>>()?,
    })
}

fn described_range(line: &str) -> Option<DescribedRange> {
    let value = |name: &str, end: char| {
        let rest = line.split_once(name)?.1;
        Some(rest.split_once(end)?.0)
    };
    Some(DescribedRange {
        start: value("start_token:", ',')?.parse().ok()?,
        end: value("end_token:", ',')?.parse().ok()?,
        endpoints: value(", endpoints:[", ']')?.split(", ").map(canonical).collect(),
    })
}

/// Reads `nodetool describecluster`.
pub fn describecluster(text: &str) -> Result<Describecluster, NodetoolError> {
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
        value
            .map(str::trim)
            .ok_or_else(|| unreadable("describecluster", &format!("there is no line `{name}`")))
    };
    let mut schema_versions = BTreeMap::new();
    let mut unreachable = BTreeSet::new();
    let mut keyspaces = Vec::new();
    let mut section = "";
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line = line.trim();
        if line.ends_with(':') {
            section = line;
        } else if section == "Schema versions:" {
            let addresses =
                line.split_once(": [").and_then(|(name, rest)| Some((name, rest.strip_suffix(']')?)));
            let (version, addresses) = addresses.ok_or_else(|| unreadable("describecluster", line))?;
            let addresses: BTreeSet<String> = addresses.split(", ").map(canonical).collect();
            if version == "UNREACHABLE" {
                unreachable = addresses;
            } else {
                schema_versions.insert(version.into(), addresses);
            }
        } else if section == "Keyspaces:" && line.contains(" -> ") {
            keyspaces.push(keyspace(line).ok_or_else(|| unreadable("describecluster", line))?);
        }
    }
    Ok(Describecluster {
        cluster_name: field("Name:")?.into(),
        partitioner: Partitioner::parse(field("Partitioner:")?),
        schema_versions,
        unreachable,
        keyspaces,
    })
}

/// `rf3 -> Replication class: NetworkTopologyStrategy {dc1=3}`
fn keyspace(line: &str) -> Option<Keyspace> {
    let (name, replication) = line.split_once(" -> Replication class: ")?;
    let (class, options) = replication.split_once(" {")?;
    let mut settings = BTreeMap::from([("class".to_string(), class.to_string())]);
    for option in options.strip_suffix('}')?.split(", ").filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=')?;
        settings.insert(key.into(), value.into());
    }
    Some(Keyspace { name: name.into(), replication: Replication::of(name, &settings) })
}

/// The ring as nodetool alone knows it: who is in it, and nothing of who holds what.
pub fn ring(status: &[StatusRow], cluster: Describecluster) -> Ring {
    let member = |row: &StatusRow| Member {
        host_id: row.host_id.clone(),
        address: row.address.clone(),
        datacenter: row.datacenter.clone(),
        rack: row.rack.clone(),
        ..Member::default()
    };
    Ring {
        cluster_name: cluster.cluster_name,
        partitioner: cluster.partitioner,
        members: status.iter().map(member).collect(),
        keyspaces: cluster.keyspaces,
        schema_versions: cluster.schema_versions,
        source: RingSource::NodetoolOnly,
    }
}

fn unreadable(command: &'static str, problem: &str) -> NodetoolError {
    NodetoolError::Unreadable { command, problem: problem.trim().into() }
}
