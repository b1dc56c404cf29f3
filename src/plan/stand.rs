//! Where a half-done plan has left the files of a node, and whether they still stand so.

use super::step::Step;
use super::{Plan, StepId};
use crate::diagnostic::Diagnostic;
use crate::facts::NodeFacts;
use std::collections::{BTreeMap, BTreeSet};

/// How far a step got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    NotBegun,
    /// Begun, and its end is not on record or was a failure.
    Perhaps,
    Done,
}

/// By path: the SHA-256 that may be found there. `None`: nothing stands there.
pub type Stands = BTreeMap<String, BTreeSet<Option<String>>>;

/// What may be found on a node. `progress`: of each step of the plan.
pub fn of_node(plan: &Plan, progress: &[Progress], node: &str) -> Stands {
    let seen = plan.seen.iter().find(|seen| seen.node == node);
    let mut stands: Stands = seen
        .iter()
        .flat_map(|seen| &seen.files)
        .map(|(path, sha256)| (path.clone(), [sha256.clone()].into()))
        .collect();
    for (id, step) in plan.steps.iter().enumerate().filter(|(_, step)| step.node == node) {
        let Some(write) = step.step.writes() else { continue };
        let (was, becomes) = (write.was.map(str::to_owned), write.becomes.map(str::to_owned));
        let found: BTreeSet<Option<String>> = match progress[id] {
            Progress::NotBegun => continue,
            Progress::Done if !may_be_put_back(plan, progress, id) => [becomes].into(),
            Progress::Done | Progress::Perhaps => [was, becomes].into(),
        };
        stands.insert(write.path.to_owned(), found);
    }
    stands
}

/// A reload that was refused puts the stores of its walk back, and may have been cut off in that.
fn may_be_put_back(plan: &Plan, progress: &[Progress], id: StepId) -> bool {
    let own = &plan.steps[id];
    plan.steps.iter().zip(progress).any(|(step, progress)| {
        let is_own = step.node == own.node && step.wave == own.wave;
        is_own && *progress == Progress::Perhaps && matches!(step.step, Step::Reload(_))
    })
}

/// Files that something else has changed meanwhile, and a version that is another one.
pub fn problems(plan: &Plan, progress: &[Progress], now: &NodeFacts) -> Vec<Diagnostic> {
    let help = "it was changed by something else than this run, which is left alone: see what it is, then run \
                `ringwalk plan`, which goes by what is there now";
    let mut problems = Vec::new();
    for (path, stands) in of_node(plan, progress, &now.node) {
        let found = match (now.files.get(&path), path == now.yaml.real_path) {
            (_, true) => Some(now.yaml.file.sha256.clone()),
            (Some(file), false) => file.as_ref().map(|file| file.sha256.clone()),
            // The yaml names it no more, and the plan does not write it.
            (None, false) => continue,
        };
        if !stands.contains(&found) {
            let happened = if found.is_some() { "is not as the run left it" } else { "is gone" };
            problems.push(Diagnostic::new(format!("{}:{path}", now.node), happened).help(help));
        }
    }
    let version = now.version.to_string();
    let seen = plan.seen.iter().find(|seen| seen.node == now.node);
    if let Some(seen) = seen.filter(|seen| seen.version != version) {
        let message = format!("Cassandra is {version} now; the plan was made for {}", seen.version);
        problems.push(Diagnostic::new(&now.node, message).help(help));
    }
    problems
}

/// The files on a node that the way back from this plan goes by: those that it writes, and those that it found there, which
/// an old `cassandra.yaml` names.
pub fn paths_back(plan: &Plan, node: &str) -> BTreeSet<String> {
    let found = plan.seen.iter().filter(|seen| seen.node == node).flat_map(|seen| seen.files.keys().cloned());
    found.chain(paths(plan, node)).collect()
}

/// The files that the plan writes on a node.
pub fn paths(plan: &Plan, node: &str) -> BTreeSet<String> {
    let writes = plan.steps.iter().filter(|step| step.node == node).filter_map(|step| step.step.writes());
    writes.map(|write| write.path.to_owned()).collect()
}
