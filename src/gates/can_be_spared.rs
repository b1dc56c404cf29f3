//! Does every range keep what it must, if this node goes down now?

use super::{Verdict, View, doing};
use crate::facts::placement::Member;
use crate::facts::ring::{KeepAvailable, Ring};
use crate::node::nodetool::output::State;
use std::collections::{BTreeSet, HashSet};

/// The node whose turn it is.
pub struct Turn<'a> {
    pub host_id: &'a str,
    /// Whether something listens for its clients, as far as is known.
    pub serves: bool,
    /// Host ids of the others of its wave: they count as down, whether they are already or only will be.
    pub beside: BTreeSet<&'a str>,
}

/// Asks with fresh eyes: a node that any observer calls down counts as down. Of the node itself it is the other way
/// round: only one that all call down, and where nothing listens, is down already and takes nothing away from its ranges.
/// In a partition each side calls the other down, and clients reach both; all who are asked may be on one side, and of a
/// node that has just come back they have not heard yet. While a node joins, leaves or moves, ranges are changing hands
/// and no answer would hold; so it is while an observer does not know every member yet.
pub fn check(ring: &Ring, views: &[View], turn: &Turn<'_>, keep: KeepAvailable) -> Verdict {
    if views.is_empty() {
        return Verdict::Wait("no node could be asked who is up".into());
    }
    let rows = || views.iter().flat_map(|view| &view.rows);
    if let Some(row) = rows().find(|row| row.state != State::Normal) {
        return Verdict::Wait(format!("{} is {}: ranges are changing hands", row.address, doing(row.state)));
    }
    let by_view = match views.iter().map(|view| down_in(ring, view)).collect::<Result<Vec<_>, _>>() {
        Ok(by_view) => by_view,
        Err(verdict) => return verdict,
    };
    let is_down_already = !turn.serves && by_view.iter().all(|down| down.contains(turn.host_id));
    let mut down: BTreeSet<String> = by_view.into_iter().flatten().collect();
    down.extend(turn.beside.iter().map(|host_id| (*host_id).to_owned()));
    if !is_down_already {
        down.remove(turn.host_id);
    }
    match ring.can_be_spared(turn.host_id, &down, keep) {
        Ok(_) => Verdict::Pass,
        Err(blocked) => {
            let why: Vec<String> = blocked.iter().take(2).map(ToString::to_string).collect();
            Verdict::Wait(why.join("; "))
        }
    }
}

/// What speaks against going on in a ring that is not the one the plan was made for. A member that is missing may be
/// unknown to the one node that was asked; a new one is in no inventory.
pub fn same_members(planned: &Ring, now: &Ring) -> Option<Verdict> {
    let strangers = |ring: &Ring, of: &Ring| {
        let known: HashSet<&str> = of.members.iter().map(|member| member.host_id.as_str()).collect();
        let is_strange = |member: &&Member| !known.contains(member.host_id.as_str());
        ring.members.iter().find(is_strange).map(|member| member.address.clone())
    };
    match (strangers(now, planned), strangers(planned, now)) {
        (Some(joined), _) => Some(Verdict::Fail(format!("{joined} joined the ring since the plan was made"))),
        (None, Some(left)) => {
            Some(Verdict::Wait(format!("{left} is not in the ring that was read just now")))
        }
        (None, None) => None,
    }
}

/// Host ids of the members that one observer calls down; or why it cannot be believed.
fn down_in(ring: &Ring, view: &View) -> Result<BTreeSet<String>, Verdict> {
    let ids: HashSet<&str> = ring.members.iter().map(|member| member.host_id.as_str()).collect();
    let mut seen = HashSet::new();
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
                return Err(Verdict::Fail(format!(
                    "{} joined the ring since the plan was made",
                    row.address
                )));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ring::{Partitioner, RingSource};

    fn ring(ids: &[&str]) -> Ring {
        let member = |id: &&str| Member {
            host_id: id.to_string(),
            address: format!("10.0.0.{id}"),
            ..Member::default()
        };
        Ring {
            cluster_name: "orders".into(),
            partitioner: Partitioner::Murmur3,
            members: ids.iter().map(member).collect(),
            keyspaces: Vec::new(),
            schema_versions: Default::default(),
            source: RingSource::Cql,
        }
    }

    #[test]
    fn a_new_member_ends_the_plan_and_a_missing_one_is_waited_for() {
        let planned = ring(&["1", "2"]);
        assert_eq!(same_members(&planned, &ring(&["2", "1"])), None);
        let joined = same_members(&planned, &ring(&["1", "2", "3"]));
        assert_eq!(joined, Some(Verdict::Fail("10.0.0.3 joined the ring since the plan was made".into())));
        let left = same_members(&planned, &ring(&["1"]));
        assert_eq!(left, Some(Verdict::Wait("10.0.0.2 is not in the ring that was read just now".into())));
    }
}
