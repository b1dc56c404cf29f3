//! Does every range keep what it must, if this node goes down now?

use super::{Verdict, View, doing};
use crate::facts::ring::{KeepAvailable, Ring};
use crate::node::nodetool::output::State;
use std::collections::BTreeSet;

/// Asks with fresh eyes: a node that any observer calls down counts as down. While a node joins, leaves or moves,
/// ranges are changing hands and no answer would hold; so it is while an observer does not know every member yet.
pub fn check(ring: &Ring, views: &[View], host_id: &str, keep: KeepAvailable) -> Verdict {
    if views.is_empty() {
        return Verdict::Wait("no node could be asked who is up".into());
    }
    let rows = || views.iter().flat_map(|view| &view.rows);
    if let Some(row) = rows().find(|row| row.state != State::Normal) {
        return Verdict::Wait(format!("{} is {}: ranges are changing hands", row.address, doing(row.state)));
    }
    let mut down = BTreeSet::new();
    for view in views {
        match down_in(ring, view) {
            Ok(seen) => down.extend(seen),
            Err(verdict) => return verdict,
        }
    }
    match ring.can_be_spared(host_id, &down, keep) {
        Ok(_) => Verdict::Pass,
        Err(blocked) => {
            let why: Vec<String> = blocked.iter().take(2).map(ToString::to_string).collect();
            Verdict::Wait(why.join("; "))
        }
    }
}

/// Host ids of the members that one observer calls down; or why it cannot be believed.
fn down_in(ring: &Ring, view: &View) -> Result<BTreeSet<String>, Verdict> {
    let ids: BTreeSet<&str> = ring.members.iter().map(|member| member.host_id.as_str()).collect();
    let mut seen = BTreeSet::new();
    let mut down = BTreeSet::new();
    for row in &view.rows {
        let id = match row.host_id.as_str() {
            // Gossip has told none yet.
            "" => match ring.member(&row.address) {
                Some(member) => member.host_id.as_str(),
                None => {
                    return Err(Verdict::Wait(format!(
                        "{} does not know who {} is",
                        view.observer, row.address
                    )));
                }
            },
            id if ids.contains(id) => id,
            _ => {
                return Err(Verdict::Fail(format!("{} joined the ring since the plan was made", row.address)));
            }
        };
        seen.insert(id);
        if !row.up {
            down.insert(id.to_owned());
        }
    }
    match ring.members.iter().find(|member| !seen.contains(member.host_id.as_str())) {
        Some(member) => Err(Verdict::Wait(format!("{} does not know {}", view.observer, member.address))),
        None => Ok(down),
    }
}
