//! A saved plan against the world as it is now: what moved on, by node and file.

use super::change::NodeChange;
use super::step::Step;
use super::{Plan, PlannedStep, Seen};
use crate::diagnostic::Diagnostic;

/// Why a saved plan can no longer be applied; empty if it is still what a fresh plan would be.
pub fn between(saved: &Plan, fresh: &Plan) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for now in &fresh.seen {
        match saved.seen.iter().find(|then| then.node == now.node) {
            Some(then) => problems.extend(of_node(then, now)),
            None => problems.push(problem(&now.node, "the node was not there when the plan was made")),
        }
    }
    for then in &saved.seen {
        if !fresh.seen.iter().any(|now| now.node == then.node) {
            problems.push(problem(&then.node, "the node is gone since the plan was made"));
        }
    }
    if problems.is_empty() && but_for_remarks(saved) != but_for_remarks(fresh) {
        problems.push(what_else_changed(saved, fresh));
    }
    problems
}

/// What rules remark on and what is warned of goes with the clock, with who is connected and with what nodes went through:
/// it is told anew, and changes nothing that is done.
fn but_for_remarks(plan: &Plan) -> Plan {
    Plan { findings: Vec::new(), warnings: Vec::new(), ..plan.clone() }
}

fn of_node(then: &Seen, now: &Seen) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for path in then.files.keys().chain(now.files.keys().filter(|path| !then.files.contains_key(*path))) {
        let (was, is) = (then.files.get(path).cloned().flatten(), now.files.get(path).cloned().flatten());
        let happened = match (&was, &is) {
            (was, is) if was == is => continue,
            (Some(_), None) => "is gone since the plan was made",
            (None, _) => "appeared since the plan was made",
            (Some(_), Some(_)) => "changed since the plan was made",
        };
        problems.push(problem(&format!("{}:{path}", then.node), happened));
    }
    if then.version != now.version {
        let message = format!("Cassandra is {} now; the plan was made for {}", now.version, then.version);
        problems.push(problem(&then.node, message));
    }
    problems
}

/// The files are as they were, the plan is not.
fn what_else_changed(saved: &Plan, fresh: &Plan) -> Diagnostic {
    let changes = |plan: &Plan| -> Vec<NodeChange> {
        plan.phases.iter().flat_map(|phase| &phase.waves).flat_map(|wave| wave.nodes.clone()).collect()
    };
    let message =
        saved.steps.iter().zip(&fresh.steps).find_map(|(then, now)| of_step(then, now)).or_else(|| {
            changes(saved).iter().zip(&changes(fresh)).find_map(|(then, now)| of_state(then, now))
        });
    let unknown = "the playbook, the inventory or the ring differs from when the plan was made";
    problem("plan", message.unwrap_or_else(|| unknown.into()))
}

fn of_step(then: &PlannedStep, now: &PlannedStep) -> Option<String> {
    if then == now {
        return None;
    }
    let (was, is) = (then.step.sentence(), now.step.sentence());
    Some(match (&then.step, &now.step) {
        _ if then.node != now.node => {
            format!("it is the turn of `{}` now where it was that of `{}`", now.node, then.node)
        }
        (Step::PushStore(then), Step::PushStore(push))
            if then.path == push.path && then.becomes != push.becomes =>
        {
            format!("the {} for `{}` is another file than when the plan was made", push.store, now.node)
        }
        (_, _) if was == is => format!("`{}`: the plan would now {is} in another way", now.node),
        (_, _) => format!("`{}`: the plan would now {is}, not {was}", now.node),
    })
}

/// A node that is as it was in its files may have been stopped, or show something else on its port.
fn of_state(then: &NodeChange, now: &NodeChange) -> Option<String> {
    (then.restart != now.restart || then.reload != now.reload)
        .then(|| format!("`{}` is to be restarted for other reasons than before", now.node))
}

fn problem(place: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(place, message).help("run `ringwalk plan` again, look at it, and apply that one")
}
