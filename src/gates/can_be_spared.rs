//! Does every range keep what it must, if this node goes down now?

use super::{Verdict, View};
use crate::facts::ring::{KeepAvailable, Ring};
use crate::node::nodetool::output::State;
use std::collections::BTreeSet;

/// Asks with fresh eyes: a node that any observer calls down counts as down. While a node joins, leaves or moves,
/// ranges are changing hands and no answer would hold.
pub fn check(ring: &Ring, views: &[View], host_id: &str, keep: KeepAvailable) -> Verdict {
    if views.is_empty() {
        return Verdict::Wait("no node could be asked who is up".into());
    }
    let rows = || views.iter().flat_map(|view| &view.rows);
    if let Some(row) = rows().find(|row| row.state != State::Normal) {
        return Verdict::Wait(format!("{} is {}: ranges are changing hands", row.address, doing(row.state)));
    }
    if let Some(row) = rows().find(|row| ring.member(&row.host_id).is_none()) {
        return Verdict::Fail(format!("{} joined the ring since the plan was made", row.address));
    }
    let down: BTreeSet<String> = rows().filter(|row| !row.up).map(|row| row.host_id.clone()).collect();
    match ring.can_be_spared(host_id, &down, keep) {
        Ok(_) => Verdict::Pass,
        Err(blocked) => {
            let why: Vec<String> = blocked.iter().take(2).map(ToString::to_string).collect();
            Verdict::Wait(why.join("; "))
        }
    }
}

fn doing(state: State) -> &'static str {
    match state {
        State::Normal => "normal",
        State::Joining => "joining",
        State::Leaving => "leaving",
        State::Moving => "moving",
    }
}
