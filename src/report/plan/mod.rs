//! A plan, for the one who has to say yes: what would change and why, in what order, and what proves it safe.
//!
//! A thousand nodes are read like six: waves of one node and nodes that change alike are told once.

mod changes;
mod waves;

use super::Screen;
use super::words::count;
use crate::plan::conduct::Extent;
use crate::plan::step::Step;
use crate::plan::{Phase, Plan, judge};
use std::collections::HashSet;

/// How much is told of nodes that change alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Short,
    /// Whole fingerprints, and every node's own stores.
    Full,
}

/// The plan as text, `width` characters wide.
pub fn text(plan: &Plan, width: usize, color: bool) -> String {
    text_in(plan, Screen { width, color }, Detail::Short)
}

/// The plan as text, for `-v` with [`Detail::Full`].
pub fn text_in(plan: &Plan, screen: Screen, detail: Detail) -> String {
    let title = format!("plan: {} on {}", plan.playbook, plan.cluster);
    let mut text = format!("{}\n", screen.bold(&title));
    if plan.is_empty() {
        text += &warnings(plan, screen);
        text += "nothing to do: every node is as the playbook wishes\n";
        return text;
    }
    text += &screen.wrap("", &sum(plan));
    text += &conduct(plan, screen);
    text += &warnings(plan, screen);
    for (number, phase) in plan.phases.iter().enumerate() {
        text += &phase_text(plan, number, phase, screen, detail);
    }
    text
}

/// What to type after `ringwalk plan`; `saved`: the file that the plan was saved in.
pub fn next(saved: Option<&str>, screen: Screen) -> String {
    let next = match saved {
        Some(file) => format!("`ringwalk apply {file}` carries out exactly this plan, or refuses if a node has changed"),
        None => "`ringwalk apply` with the same inventory and playbook makes it so; `ringwalk plan --out FILE` saves \
                 this plan, and `ringwalk apply FILE` carries out that one and no other"
            .into(),
    };
    format!("\n{}", screen.wrap("next: ", &next))
}

fn sum(plan: &Plan) -> String {
    let changes = plan.phases.iter().flat_map(|phase| &phase.waves).flat_map(|wave| &wave.nodes);
    let restarts = changes.clone().filter(|change| !change.restart.is_empty()).count();
    let reloads = changes.clone().filter(|change| !change.reload.is_empty()).count();
    let changed: HashSet<&str> = changes.map(|change| change.node.as_str()).collect();
    let unchanged = plan.phases.iter().flat_map(|phase| &phase.unchanged).map(String::as_str);
    let all: HashSet<&str> = changed.iter().copied().chain(unchanged).collect();
    let waves = plan.phases.iter().map(|phase| phase.waves.len()).sum();
    let phases: Vec<&str> = plan.phases.iter().map(|phase| phase.name.as_str()).collect();
    let at_once = match plan.at_once {
        0 | 1 => String::new(),
        at_once => format!(", at most {at_once} nodes at once"),
    };
    format!(
        "{} of {} change, in {} ({}) and {}, {}{at_once}",
        changed.len(),
        count(all.len(), "node"),
        count(phases.len(), "phase"),
        phases.join(", "),
        count(waves, "wave"),
        match (restarts, reloads) {
            (0, 0) => "without a restart".to_string(),
            (0, _) => format!("with {} and no restart", count(reloads, "reload")),
            (_, 0) => format!("with {}", count(restarts, "restart")),
            (_, _) => format!("with {} and {}", count(restarts, "restart"), count(reloads, "reload")),
        },
    )
}

/// What the playbook wishes beyond the ordinary.
fn conduct(plan: &Plan, screen: Screen) -> String {
    let conduct = &plan.conduct;
    let pauses = plan.steps.iter().any(|step| matches!(step.step, Step::Pause(_)));
    let window =
        conduct.window.as_ref().map(|window| format!("nodes are begun within {window} only")).into_iter();
    let on_failure = conduct.takes_back().map(|extent| match extent {
        Extent::Failed => "a node that fails is put back as it was last seen healthy".to_owned(),
        Extent::Run | Extent::SincePause if pauses => {
            "if a node fails, what the run did since the last pause that it passed is taken back".to_owned()
        }
        Extent::Run | Extent::SincePause => "if a node fails, all that the run did is taken back".to_owned(),
    });
    window.chain(on_failure).map(|text| screen.wrap("", &text)).collect()
}

fn warnings(plan: &Plan, screen: Screen) -> String {
    let mark = screen.yellow("warning:");
    let findings = judge::warnings(&plan.findings);
    plan.warnings.iter().chain(&findings).map(|warning| screen.wrap(&format!("{mark} "), warning)).collect()
}

fn phase_text(plan: &Plan, number: usize, phase: &Phase, screen: Screen, detail: Detail) -> String {
    let changed: usize = phase.waves.iter().map(|wave| wave.nodes.len()).sum();
    let title = format!(
        "phase {} ({} of {}): {}, {} as wished",
        phase.name,
        number + 1,
        plan.phases.len(),
        match changed {
            1 => "1 node changes".to_string(),
            _ => format!("{changed} nodes change"),
        },
        phase.unchanged.len(),
    );
    let changes: Vec<_> = phase.waves.iter().flat_map(|wave| &wave.nodes).collect();
    let heading = screen.bold(&title);
    format!(
        "\n{heading}\n{}{}{}",
        enter(phase, screen),
        waves::text(plan, &phase.waves, screen, detail),
        changes::text(&changes, screen, detail)
    )
}

fn enter(phase: &Phase, screen: Screen) -> String {
    phase.enter.as_ref().map_or(String::new(), |enter| screen.wrap("  first: ", enter))
}
