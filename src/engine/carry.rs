//! A run carried out from wherever it stands: its journal, the loop and who performs, put together. The command line
//! and a simulated cluster come in by the same door.

use super::answers::Answers;
use super::clock::Clock;
use super::perform::Performer;
use super::take_back::WayBack;
use super::{Engine, EngineError, Interrupts, Permission, Record};
use crate::cluster::Cluster;
use crate::cluster::views::Looks;
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, NodeFacts, SelfHealed};
use crate::formats::yaml;
use crate::input::inventory::Inventory;
use crate::journal::event::{Event, Origin, RunResult, StepEvent};
use crate::journal::state::{RunState, Status};
use crate::plan::change::{edits, sha256_hex};
use crate::plan::material::Material;
use crate::plan::stand::{self, Progress};
use crate::plan::step::Step;
use crate::plan::{Plan, PlannedStep, StepId, bounded};
use crate::report::Reporter;
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// With what a run is carried out.
pub struct Means<'a> {
    pub cluster: Arc<Cluster>,
    /// A fresh look, made with the paths that the plan writes.
    pub facts: Arc<Facts>,
    pub material: Arc<Material>,
    /// What observers said for the facts a moment ago, if nobody was asked since.
    pub looks: Option<Looks>,
    pub reporter: &'a mut dyn Reporter,
    pub interrupts: Interrupts,
    /// What the run holds of the cluster, so that no other acts on it.
    pub permission: Arc<dyn Permission>,
    /// What the operator says to its pauses.
    pub answers: Answers,
    /// Who asks for it, for whoever finds the journal.
    pub operator: String,
    /// Where a run that takes this one back has its journal, and the nodes that it knows.
    pub runs_dir: PathBuf,
    pub inventory: Inventory,
}

/// How a run ended, or why it did not.
pub struct Ended {
    pub state: RunState,
    pub result: Result<RunResult, EngineError>,
}

/// Begins a run in a journal that holds nothing yet, and carries its plan out.
pub async fn begin(
    journal: &mut dyn Record,
    run: &str,
    origin: Origin,
    plan: Plan,
    means: Means<'_>,
) -> Result<Ended, EngineError> {
    let at = Timestamp::now();
    let operator = means.operator.clone();
    let started = StepEvent::RunStarted { run: run.into(), operator, origin, plan: Box::new(plan) };
    journal.append(at, &started)?;
    let state = RunState::begin(at, &started)?;
    means.reporter.event(&Event::Step { at, event: started }, &state);
    Ok(carry_out(journal, state, means, None).await)
}

/// Takes a run up where its journal ends. Ask [`problems`] first: what it finds must not be written over.
pub async fn go_on(
    journal: &mut dyn Record,
    mut state: RunState,
    means: Means<'_>,
) -> Result<Ended, EngineError> {
    let at = Timestamp::now();
    // A pause that a closed window kept from being begun has asked nobody.
    let paused_at = state.not_yet.as_ref().filter(|not_yet| !not_yet.closed).map(|not_yet| not_yet.step);
    let event = StepEvent::Resumed { operator: means.operator.clone() };
    journal.append(at, &event)?;
    state.apply(at, &event)?;
    means.reporter.event(&Event::Step { at, event }, &state);
    Ok(carry_out(journal, state, means, paused_at).await)
}

async fn carry_out(
    journal: &mut dyn Record,
    state: RunState,
    means: Means<'_>,
    paused_at: Option<StepId>,
) -> Ended {
    let Means { cluster, facts, material, looks, permission, reporter, mut interrupts, answers, .. } = means;
    let (runs_dir, inventory, operator) = (means.runs_dir, means.inventory, means.operator);
    let performer = Performer::of(&state, Arc::clone(&cluster), facts, material, Arc::clone(&permission));
    let clock = Clock { patience: answers.for_window, ..Clock::default() };
    let performer = Arc::new(performer.remembering(looks).told(answers, paused_at));
    let way_back = WayBack { runs_dir, inventory, cluster, permission, operator };
    let mut engine = Engine { state, journal, reporter: &mut *reporter, clock };
    let result = way_back.run(&mut engine, performer, &mut interrupts).await;
    let state = engine.state;
    reporter.finish(&state);
    Ended { state, result }
}

/// What stands against going on with a run: nodes that something else has changed since, and stores or secrets that are
/// not those of its plan. Nodes that are done are asked, too: what was put back since is not done any more.
pub fn problems(state: &RunState, facts: &Facts, material: &Material) -> Vec<Diagnostic> {
    let progress = state.progresses();
    // A node that has put back by itself what this run would put back is where this run brings it.
    let is_there = |healed: &SelfHealed| state.origin.undoes.as_ref() == Some(&healed.run);
    let perhaps = vec![Progress::Perhaps; progress.len()];
    let mut problems = Vec::new();
    for node in state.plan.nodes() {
        match facts.node(node) {
            Some(now) if now.healed.as_ref().is_some_and(is_there) => {
                problems.extend(stand::problems(&state.plan, &perhaps, now));
            }
            Some(NodeFacts { healed: Some(healed), layout, .. }) if healed.run == state.run => {
                let help = format!(
                    "see the cause in its log in {}; then `ringwalk plan` goes by what is there now, or \
                     `ringwalk rollback {}` takes the other nodes back",
                    layout.log_dir, state.run
                );
                problems.push(Diagnostic::new(node, healed.to_string()).help(help));
            }
            Some(now) => problems.extend(stand::problems(&state.plan, &progress, now)),
            // Taken out of the inventory since, as one that is broken.
            None if state.node_is_done(node) => {}
            None => problems.push(
                Diagnostic::new(node, "the run has to change this node, and the inventory lacks it")
                    .help("resume with an inventory that has every node of the plan"),
            ),
        }
    }
    for (step, status) in state.plan.steps.iter().zip(&state.status) {
        if !matches!(status, Status::Done { .. }) {
            problems.extend(facts.node(&step.node).and_then(|now| other_material(step, now, material)));
        }
    }
    bounded(problems)
}

/// Whether the operator's side still holds what the plan was made with. The edits of a later phase begin with a file
/// that does not stand yet; they are proved when their turn comes.
fn other_material(step: &PlannedStep, now: &NodeFacts, material: &Material) -> Option<Diagnostic> {
    let help =
        "resume with the playbook, stores and secrets that the run began with, or run `ringwalk plan` anew";
    let problem = |message: String| Some(Diagnostic::new(&step.node, message).help(help));
    match &step.step {
        Step::PushStore(push) if material.store_with(&push.becomes, &step.node, push.store).is_some() => None,
        Step::PushStore(push) => match material.store(step.phase, &step.node, push.store) {
            Some(local) => {
                problem(format!("{} is not the {} that the run began with", local.file, push.store))
            }
            None => problem(format!("the {} that the run began with is not at hand", push.store)),
        },
        Step::EditYaml(edit) if now.yaml.file.sha256 == edit.was => {
            let edited = edits(&edit.set, material)
                .ok()
                .and_then(|edits| yaml::edit(now.yaml.text.expose().as_bytes(), &edits).ok());
            match edited {
                Some(edited) if sha256_hex(&edited) == edit.becomes => None,
                Some(_) | None => problem(format!(
                    "{} would not become what the run began with: a secret differs",
                    edit.path
                )),
            }
        }
        Step::EditYaml(_)
        | Step::Hold(_)
        | Step::Restart(_)
        | Step::Reload(_)
        | Step::RestoreFile(_)
        | Step::Confirm
        | Step::Pause(_) => None,
    }
}
