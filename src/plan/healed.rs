//! A run in the light of what its nodes did by themselves while it was gone.

use super::stand::Progress;
use super::{Plan, PlannedStep};
use crate::facts::{Facts, NodeFacts};
use std::collections::BTreeMap;

/// How far the steps of a run got, given what nodes did by themselves while nobody was there: what was done since a node
/// was last seen healthy may have been put back.
pub fn progress(run: &str, plan: &Plan, progress: Vec<Progress>, facts: &Facts) -> Vec<Progress> {
    let healed = |node: &str| facts.node(node).is_some_and(|seen| has_healed(seen, run));
    let last_walk = |node: &str| {
        let begun = |(step, progress): &(&PlannedStep, &Progress)| {
            step.node == node && **progress != Progress::NotBegun
        };
        plan.steps.iter().zip(&progress).rfind(begun).map(|(step, _)| step.wave)
    };
    let walks: BTreeMap<&str, Option<usize>> =
        plan.nodes().into_iter().filter(|node| healed(node)).map(|node| (node, last_walk(node))).collect();
    let of_step = |(step, progress): (&PlannedStep, &Progress)| match progress {
        Progress::Done if walks.get(step.node.as_str()) == Some(&Some(step.wave)) => Progress::Perhaps,
        Progress::NotBegun | Progress::Perhaps | Progress::Done => *progress,
    };
    plan.steps.iter().zip(&progress).map(of_step).collect()
}

/// The node has put its old files back by itself and runs with them.
pub fn has_healed(seen: &NodeFacts, run: &str) -> bool {
    seen.process.is_some() && seen.healed.as_ref().is_some_and(|healed| healed.run == run)
}
