//! What a wish and a cluster come to: the plan, whole, or the problems that speak against it.
//!
//! A case is a folder of `tests/plans` with `inventory.yaml`, `playbook.yaml`, `facts.json` (see `plan/case.rs`) and the
//! nodes' `cassandra.yaml`. `UPDATE=1 cargo test --test plan` writes its `plan.txt` or `problems.txt`.

#[path = "plan/back.rs"]
mod back;
#[path = "plan/carried_out.rs"]
mod carried_out;
#[path = "plan/case.rs"]
mod case;
#[path = "support/debian.rs"]
mod debian;
#[path = "plan/drift.rs"]
mod drift;
#[path = "plan/rules.rs"]
mod rules;
#[path = "plan/truth.rs"]
mod truth;
#[path = "support/truth_table.rs"]
mod truth_table;

use case::Case;
use ringwalk::diagnostic::render;
use ringwalk::plan::step::{Gate, Step};
use ringwalk::plan::{Plan, plan};
use ringwalk::report;
use std::fmt::Write;
use std::fs;

#[test]
fn every_case_comes_to_its_plan_or_its_problems() {
    let mut wrong = Vec::new();
    for name in case::names() {
        let (file, other, text) = match planned(&Case::read(&name)) {
            Ok(plan) => ("plan.txt", "problems.txt", shown(&plan)),
            Err(problems) => ("problems.txt", "plan.txt", problems),
        };
        let path = case::directory().join(&name).join(file);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
            let _ = fs::remove_file(path.with_file_name(other));
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push(format!("--- {name}/{file} should read\n{text}"));
        } else if path.with_file_name(other).exists() {
            wrong.push(format!("--- {name}/{other} is of another time"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The plan, or the problems as they are shown.
fn planned(case: &Case) -> Result<Plan, String> {
    plan(&case.input, &case.material, &case.facts).map_err(|problems| render(&problems))
}

/// The plan as the operator reads it, and its steps in order.
fn shown(plan: &Plan) -> String {
    let mut text = report::plan::text(plan, 100, false);
    if !plan.is_empty() {
        text.push_str("\nsteps\n");
    }
    for step in &plan.steps {
        let node = step.on_node().unwrap_or("cluster");
        let _ = writeln!(text, "  {node}: {}{}", step.step.sentence(), details(&step.step));
    }
    text
}

/// What a step's sentence leaves out and its order hangs on.
fn details(step: &Step) -> String {
    match step {
        Step::Hold(hold) => {
            let wires = hold.gates.iter().filter_map(|gate| match gate {
                Gate::OfferIsRight(wish) => Some(format!("; {}", wish)),
                Gate::WireIsRight(wire) => Some(format!("; {wire}")),
                Gate::InternodeIsRight(wire) => Some(format!("; between nodes {wire}")),
                Gate::CanBeSpared { .. }
                | Gate::NodeIsUp
                | Gate::CqlAnswers
                | Gate::PeersSeeItUp
                | Gate::SchemaAgrees
                | Gate::ClientsReady(_) => None,
            });
            let watched = match hold.at_least_s {
                0 => String::new(),
                seconds => format!("; watched for {seconds} s"),
            };
            watched + &wires.collect::<String>()
        }
        Step::PushStore(push) => match push.was {
            Some(_) => format!(" over another, {} {:04o}", push.owner, push.mode),
            None => format!(", {} {:04o}", push.owner, push.mode),
        },
        Step::EditYaml(_)
        | Step::RestoreFile(_)
        | Step::Restart(_)
        | Step::Reload(_)
        | Step::Confirm
        | Step::Pause(_) => String::new(),
    }
}
