//! A saved plan against the world as it is now: what moved on, by node and file.

use super::{Plan, Seen};
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
    if problems.is_empty() && saved != fresh {
        problems.push(what_the_operator_changed(saved, fresh));
    }
    problems
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

/// The nodes are as they were, the plan is not: a store, the playbook or the ring differs.
fn what_the_operator_changed(saved: &Plan, fresh: &Plan) -> Diagnostic {
    let differs =
        |(then, now): (&super::PlannedStep, &super::PlannedStep)| (then != now).then(|| now.clone());
    let step = saved.steps.iter().zip(&fresh.steps).find_map(differs);
    let message = match step {
        Some(step) => format!("`{}`: the plan would now {}", step.node, step.step.sentence()),
        None => "the playbook, the inventory, a store or the ring differs from when the plan was made".into(),
    };
    problem("plan", message)
}

fn problem(place: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(place, message).help("run `ringwalk plan` again, look at it, and apply that one")
}
