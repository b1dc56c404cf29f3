//! Which nodes may be down at the same time as a plan goes on, and what makes it safe.

use crate::facts::Facts;
use crate::facts::placement::Member;
use crate::facts::ring::{Availability, Blocked, KeepAvailable, Proof};
use std::collections::{BTreeSet, VecDeque};

/// The ring where a plan has got to: who is down still.
pub struct Down<'a> {
    availability: Availability<'a>,
    down: BTreeSet<String>,
}

/// What it means that nodes go down together.
#[derive(Default)]
pub struct Together {
    pub proof: String,
    /// A warning a range that no order of restarts keeps.
    pub unprotected: Vec<String>,
    /// By node, why it cannot go down.
    pub blocked: Vec<(String, Vec<Blocked>)>,
}

impl<'a> Down<'a> {
    pub fn of(facts: &'a Facts) -> Down<'a> {
        Down { availability: facts.ring.availability(), down: facts.down.clone() }
    }

    /// Whether some peer calls it down.
    pub fn has(&self, member: &Member) -> bool {
        self.down.contains(&member.host_id)
    }

    /// Nobody yet, for [`Company::takes`].
    pub fn company(&self, keep: KeepAvailable) -> Company<'_> {
        Company { availability: &self.availability, down: self.down.clone(), keep }
    }

    /// Takes these nodes down, by name and, where they are in the ring, as its members. By the next wave's turn they have
    /// been seen up. `reloads`: whether a process of the wave takes up what is new without going down.
    pub fn take_down(
        &mut self,
        nodes: &[(&str, Option<&Member>)],
        reloads: bool,
        keep: KeepAvailable,
    ) -> Together {
        if nodes.is_empty() {
            let proof = if reloads { "the process goes on, and so do its connections" } else { "no restart" };
            return Together { proof: proof.into(), ..Together::default() };
        }
        let with = match nodes.len() {
            1 => String::new(),
            many => format!("with all {many} down, "),
        };
        let ids: BTreeSet<&String> =
            nodes.iter().filter_map(|(_, member)| Some(&(*member)?.host_id)).collect();
        let (mut together, mut texts) = (Together::default(), BTreeSet::new());
        for (node, member) in nodes {
            let Some(member) = member else {
                texts.insert("not in the ring".into());
                continue;
            };
            let beside = ids.iter().copied().filter(|id| **id != member.host_id);
            let down = self.down.iter().chain(beside).cloned().collect();
            match self.availability.can_be_spared(&member.host_id, &down, keep) {
                Ok(Proof { text, unprotected, .. }) => {
                    // One warning a keyspace, however many of its nodes there are.
                    let whose = format!("while {} restarts", member.address);
                    let of_any =
                        |warning: String| warning.replace(&whose, "while a node that holds them restarts");
                    together.unprotected.extend(unprotected.into_iter().map(of_any));
                    texts.insert(format!("{with}{text}"));
                }
                Err(blocked) => together.blocked.push(((*node).to_owned(), blocked)),
            }
        }
        self.down.retain(|id| !ids.contains(id));
        together.proof = texts.into_iter().collect::<Vec<_>>().join("; ");
        together
    }
}

/// Nodes that may be down together, as far as they have been named.
pub struct Company<'a> {
    availability: &'a Availability<'a>,
    down: BTreeSet<String>,
    keep: KeepAvailable,
}

impl Company<'_> {
    /// Whether this one may go down beside the others; from then on it is one of them.
    pub fn takes(&mut self, member: &Member) -> bool {
        let takes = self.availability.can_be_spared(&member.host_id, &self.down, self.keep).is_ok();
        if takes {
            self.down.insert(member.host_id.clone());
        }
        takes
    }
}

/// The first, and of those that are left the ones that go with it; the others stay in their order.
pub fn gather<T>(first: T, left: &mut VecDeque<T>, goes: impl FnMut(&T) -> bool) -> Vec<T> {
    let (with, others): (Vec<T>, Vec<T>) = std::mem::take(left).into_iter().partition(goes);
    *left = others.into();
    std::iter::once(first).chain(with).collect()
}
