//! Which nodes of a wave may be down at the same time: read from the plan, so that it stands there once.

use super::Performer;
use crate::cluster::Cluster;
use crate::facts::Facts;
use crate::plan::Plan;
use crate::plan::step::Step;
use std::collections::BTreeMap;

/// By wave, the name and host id of each node that is restarted in it.
pub(super) type Together = BTreeMap<usize, BTreeMap<String, String>>;

/// Of the waves in which several are.
pub(super) fn together(plan: &Plan, cluster: &Cluster, facts: &Facts) -> Together {
    let mut restarted: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| matches!(step.step, Step::Restart(_))) {
        restarted.entry(step.wave).or_default().push(&step.node);
    }
    let host_id = |name: &&str| {
        let address = &cluster.node(name)?.inventory.address;
        let member = facts.member_of(facts.node(name)?, address)?;
        Some(((*name).to_owned(), member.host_id.clone()))
    };
    let several = restarted.into_iter().filter(|(_, names)| names.len() > 1);
    several.map(|(wave, names)| (wave, names.iter().filter_map(host_id).collect())).collect()
}

impl Performer {
    /// The other nodes that may be down while this one is.
    pub(super) fn beside(&self, wave: usize, node: &str) -> BTreeMap<String, String> {
        let mut beside = self.together.get(&wave).cloned().unwrap_or_default();
        beside.remove(node);
        beside
    }
}
