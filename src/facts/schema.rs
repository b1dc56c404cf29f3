//! Which schema versions speak against a cluster.

use super::Facts;
use super::version::Version;
use std::collections::{BTreeMap, BTreeSet};

/// Addresses by the schema version that they hold.
pub type Versions = BTreeMap<String, BTreeSet<String>>;

/// A release line: `3.11`, `4.0`.
pub type Line = (u16, u16);

/// What is held where nodes of one release line hold several versions, in words: nothing where each line holds one.
///
/// A version is a digest of the rows of the schema tables, and every line has columns of its own in them; lines do not
/// pull schema from one another either (`MigrationCoordinator`, `MigrationManager`). So a cluster that is being upgraded
/// holds a version a line until all of it is upgraded (measured: 3.11.19 beside 4.0.19).
pub fn apart(versions: &Versions, line: impl Fn(&str) -> Option<Line>) -> Vec<String> {
    // Nearly always; and in a ring of a thousand every line is looked up in it.
    if versions.len() < 2 {
        return Vec::new();
    }
    let mut by_line: BTreeMap<Option<Line>, BTreeSet<&String>> = BTreeMap::new();
    for (version, nodes) in versions {
        for node in nodes {
            by_line.entry(line(node)).or_default().insert(version);
        }
    }
    let torn = by_line.into_values().filter(|held| held.len() > 1);
    let of_torn: BTreeSet<&String> = torn.flatten().collect();
    let told = |version: &&String| {
        let nodes: Vec<&str> = versions[*version].iter().map(String::as_str).take(3).collect();
        format!("{} on {}", version.get(..8).unwrap_or(version), nodes.join(", "))
    };
    of_torn.iter().map(told).collect()
}

/// Only what somebody who is up holds: a node that is down keeps the version that it had.
pub fn held(versions: &Versions, is_up: impl Fn(&str) -> bool) -> Versions {
    let held = versions.iter().filter(|(_, nodes)| nodes.iter().any(|node| is_up(node)));
    held.map(|(version, nodes)| (version.clone(), nodes.clone())).collect()
}

impl Facts {
    /// The release line of the node at this address; `None` where nobody told.
    pub fn line_of(&self, address: &str) -> Option<Line> {
        let line = |version: Version| (version.major, version.minor);
        let told = self.ring.member(address).and_then(|member| member.release_version.parse().ok());
        let seen = || self.nodes.iter().find(|node| node.known_as.contains(address)).map(|node| node.version);
        told.or_else(seen).map(line)
    }
}
