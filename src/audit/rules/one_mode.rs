//! All nodes of a cluster serve clients in one mode: a driver meets all of them.

use crate::audit::Modes;
use crate::audit::finding::{Finding, Severity};
use std::collections::BTreeMap;

/// Told of the nodes that are behind the most advanced one.
pub fn findings(modes: &Modes<'_>) -> Vec<Finding> {
    let known: Vec<_> = modes.iter().filter_map(|(node, mode)| Some((*node, (*mode)?))).collect();
    let mut count = BTreeMap::new();
    known.iter().for_each(|(_, mode)| *count.entry(*mode).or_insert(0) += 1);
    let Some((last, nodes)) = count.last_key_value() else { return Vec::new() };
    let behind = known.iter().filter(|(_, mode)| mode < last);
    let finding = |(node, mode): &(&str, _)| Finding {
        node: (*node).to_owned(),
        rule: "one_mode",
        severity: Severity::Warning,
        reason: format!("is in mode `{mode}` while {nodes} of {} nodes are in `{last}`", known.len()),
        help: "bring the run to its end: `ringwalk runs`, then `ringwalk resume`; or plan and apply again"
            .into(),
    };
    behind.map(finding).collect()
}
