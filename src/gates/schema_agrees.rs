//! Is there one schema version on every release line?

use super::Verdict;
use crate::facts::schema::{self, Line, Versions};
use std::collections::BTreeSet;

/// `versions`: as the node itself sees them. Nodes that are down keep the version they had, so `down` does not count.
pub fn check(versions: &Versions, down: &BTreeSet<String>, line: impl Fn(&str) -> Option<Line>) -> Verdict {
    let held = schema::held(versions, |node| !down.contains(node));
    if held.is_empty() {
        return Verdict::Wait("no schema version is known yet".into());
    }
    let apart = schema::apart(&held, line);
    match apart.len() {
        0 => Verdict::Pass,
        many => Verdict::Wait(format!("{many} schema versions: {}", apart.join("; "))),
    }
}
