//! The operator's own plan, played on a simulated copy of the cluster that was probed: once as it should go, and again
//! under faults. Nothing of it reaches a node.

pub mod known;
mod operator;
mod playable;
mod story;

use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::facts::ring::RingSource;
use crate::input::Input;
use crate::node::wire::ClientIdentity;
use crate::plan::material::Material;
use crate::plan::{Plan, on_every_core};
use crate::report::rehearsal::Rehearsal;
use crate::sim::StoredFiles;
use std::collections::BTreeMap;

/// All that is known of a cluster and of what is to become of it.
pub struct Desk {
    pub input: Input,
    pub material: Material,
    pub identities: BTreeMap<String, Vec<ClientIdentity>>,
    pub facts: Facts,
    /// What stands in the stores of the nodes.
    pub stores: StoredFiles,
    pub plan: Plan,
}

/// What is rehearsed.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Each makes the faults of one rehearsal.
    pub seeds: Vec<u64>,
    /// How long Cassandra takes from its start until it serves; under faults up to twice as long.
    pub restart_s: u64,
    /// How many restarts of earlier runs say so; 0: it is assumed.
    pub known_from: usize,
}

/// Plays the plan. The error says what of the cluster cannot be simulated.
pub fn rehearse(desk: &Desk, wish: &Wish) -> Result<Rehearsal, Vec<Diagnostic>> {
    if desk.facts.ring.source == RingSource::NodetoolOnly {
        let message =
            "the ring was read without CQL: who holds which range is not known, so no copy can be judged";
        let help = "set `cassandra.cql: { username, password }` in the inventory";
        return Err(vec![Diagnostic::new(&desk.input.inventory.source.file, message).help(help)]);
    }
    let calm = story::without_faults(desk, wish)?;
    let seeds = on_every_core(&wish.seeds, |seed| story::under_faults(desk, wish, *seed));
    Ok(Rehearsal {
        cluster: desk.plan.cluster.clone(),
        playbook: desk.plan.playbook.clone(),
        nodes: desk.plan.nodes().len(),
        restart_s: wish.restart_s,
        known_from: wish.known_from,
        as_if: playable::as_if(desk),
        ranges: calm.ranges,
        took_s: calm.played.took_s,
        calm: calm.played,
        events: calm.events,
        seeds: seeds.into_iter().collect::<Result<_, _>>()?,
    })
}
