//! Restarts that go on by themselves on their nodes, and nodes that heal themselves, where the run that began them is gone.

use crate::cluster::Cluster;
use crate::cluster::survey::chain;
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::journal::state::{RunState, Status};
use crate::node::job::{self, Stands};
use crate::plan::StepId;
use crate::plan::stand::Progress;
use crate::plan::step::Step;
use crate::transport::HostError;

const HEALS: &str = "the node is putting its old files back by itself";
const IN_A_MOMENT: &str = "try again in a moment: it takes a few minutes at most";

/// What stands against taking the run back: a second job would stop what the first starts.
pub async fn restarts(state: &RunState, cluster: &Cluster, facts: &Facts) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (node, stands) in jobs(state, cluster, facts).await {
        let (problem, help) = match stands {
            Ok(Stands::Unknown | Stands::Over) => continue,
            Ok(Stands::Heals) => (HEALS.to_owned(), IN_A_MOMENT),
            Ok(Stands::AtWork) => (
                "the restart that the run began there is under way still".to_owned(),
                "wait a minute, then roll back again",
            ),
            Err(error) => (
                format!("cannot tell whether a restart is under way: {}", chain(&error)),
                "wait a minute, then roll back again",
            ),
        };
        problems.push(Diagnostic::new(node, problem).help(help));
    }
    problems
}

/// What stands against going on with the run. A restart that is under way is followed to its end.
pub async fn heals(state: &RunState, cluster: &Cluster, facts: &Facts) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (node, stands) in jobs(state, cluster, facts).await {
        match stands {
            Ok(Stands::Heals) => problems.push(Diagnostic::new(node, HEALS).help(IN_A_MOMENT)),
            Ok(Stands::Unknown | Stands::Over | Stands::AtWork) | Err(_) => {}
        }
    }
    problems
}

/// By node, how each restart job stands whose node was not seen healthy since.
async fn jobs(
    state: &RunState,
    cluster: &Cluster,
    facts: &Facts,
) -> Vec<(String, Result<Stands, HostError>)> {
    let mut jobs = Vec::new();
    for id in (0..state.plan.steps.len()).filter(|id| is_open(state, *id)) {
        let name = &state.plan.steps[id].node;
        let (Some(node), Some(seen)) = (cluster.node(name), facts.node(name)) else { continue };
        for tries in 0..=state.tries[id] {
            let job = job::restart_id(id, tries);
            let stands = job::stands(node.host.as_ref(), &seen.state_dir, &state.run, &job).await;
            jobs.push((name.clone(), stands));
        }
    }
    jobs
}

/// A restart that was begun, of a walk that was not confirmed.
fn is_open(state: &RunState, id: StepId) -> bool {
    let own = &state.plan.steps[id];
    let is_confirmed = || {
        state.plan.steps.iter().zip(&state.status).any(|(step, status)| {
            let is_of_walk = step.node == own.node && step.wave == own.wave;
            is_of_walk && matches!(step.step, Step::Confirm) && matches!(status, Status::Done { .. })
        })
    };
    matches!(own.step, Step::Restart(_))
        && match state.progress(id) {
            Progress::NotBegun => false,
            Progress::Perhaps => true,
            Progress::Done => !is_confirmed(),
        }
}
