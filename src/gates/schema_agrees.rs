//! Is there one schema version?

use super::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// `versions`: addresses by the schema version that they report, as the node itself sees them. Nodes that are down
/// keep the version they had, so `down` does not count.
pub fn check(versions: &BTreeMap<String, BTreeSet<String>>, down: &BTreeSet<String>) -> Verdict {
    let held: Vec<String> = versions
        .iter()
        .filter(|(_, nodes)| nodes.iter().any(|node| !down.contains(node)))
        .map(|(version, nodes)| {
            let nodes: Vec<&str> = nodes.iter().map(String::as_str).take(3).collect();
            format!("{} on {}", version.get(..8).unwrap_or(version), nodes.join(", "))
        })
        .collect();
    match held.len() {
        0 => Verdict::Wait("no schema version is known yet".into()),
        1 => Verdict::Pass,
        many => Verdict::Wait(format!("{many} schema versions: {}", held.join("; "))),
    }
}
