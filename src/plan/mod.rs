//! What will change, why, in what order. Pure: the same wish and the same facts give the same plan.

pub mod agree;
mod as_root;
pub mod back;
pub mod backwards;
pub mod change;
pub mod conduct;
pub mod cut_off;
pub mod diff;
mod down;
pub mod drift;
mod fits;
pub mod generation;
pub mod healed;
pub mod internode;
pub mod judge;
pub mod material;
pub mod options;
pub mod pauses;
pub mod ports;
mod projected;
pub mod reload;
pub mod room;
pub mod saved;
pub mod settings;
pub mod settled;
pub mod stand;
mod starts;
pub mod step;
mod untaken;
pub mod waves;
pub mod work;

use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, NodeFacts};
use crate::input::Input;
use change::NodeChange;
use conduct::Conduct;
use material::Material;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use step::Step;
use waves::{Ordered, PhaseWork};

/// The difference between wish and fact as ordered, fully decided steps; or everything that speaks against it.
pub fn plan(input: &Input, material: &Material, facts: &Facts) -> Result<Plan, Vec<Diagnostic>> {
    let mut problems = agree::problems(&input.inventory, facts);
    let (refused, ignored) = options::judge(input, facts);
    problems.extend(refused);
    let (refused, thrift) = untaken::thrift(input, facts);
    problems.extend(refused);
    problems.extend(pauses::problems(input, facts));
    problems.extend(internode::problems(input, facts));
    let mut findings = judge::judge(input, material, facts);
    problems.extend(judge::refusals(input, &findings));
    let works = match works(input, material, facts) {
        Ok(works) if problems.is_empty() => works,
        Ok(_) => return Err(bounded(problems)),
        Err(more) => return Err(bounded(problems.into_iter().chain(more).collect())),
    };
    let ordered = waves::order(input, facts, works);
    let blocked = blocked(input, &ordered);
    if !blocked.is_empty() {
        return Err(bounded(blocked));
    }
    findings.retain(|finding| finding.severity == judge::Severity::Warning);
    Ok(Plan {
        format: PLAN_FORMAT,
        cluster: facts.ring.cluster_name.clone(),
        playbook: input.playbook.name.clone(),
        at_once: input.playbook.rollout.at_once as usize,
        conduct: Conduct::of(&input.playbook.rollout),
        warnings: healed(facts)
            .into_iter()
            .chain(unwell(input, facts))
            .chain(as_root::warnings(input, facts))
            .chain(ordered.warnings)
            .chain(ignored)
            .chain(thrift)
            .chain(untaken::unspoken(input, facts))
            .chain(settings::unknown(input, facts))
            .collect(),
        seen: facts.nodes.iter().map(Seen::of).collect(),
        findings,
        phases: ordered.phases,
        steps: ordered.steps,
    })
}

/// Nodes that run and do not serve: their files may be as wished, and no restart of ours is sure to mend them.
fn unwell(input: &Input, facts: &Facts) -> Vec<String> {
    let of_node = |node: &crate::input::inventory::Node| {
        let seen = facts.node(&node.name).filter(|seen| seen.process.is_some())?;
        let is_down =
            facts.member_of(seen, &node.address).is_some_and(|member| facts.down.contains(&member.host_id));
        let what = match (seen.native.listening, is_down) {
            (false, _) => format!("its client port {} is closed", seen.native.port),
            (true, true) => "its peers see it down".into(),
            (true, false) => return None,
        };
        Some(format!("Cassandra runs on `{}`, but {what}: see its log in {}", node.name, seen.layout.log_dir))
    };
    input.inventory.nodes.iter().filter_map(of_node).collect()
}

/// What nodes did by themselves when nobody was there: the cause may be in what is about to be done again.
fn healed(facts: &Facts) -> Vec<String> {
    let of_node = |seen: &NodeFacts| {
        let healed = seen.healed.as_ref()?;
        Some(format!("`{}`: {healed}; see its log in {}", seen.node, seen.layout.log_dir))
    };
    facts.nodes.iter().filter_map(of_node).collect()
}

/// A thousand nodes with one mistake among them are one mistake; more than this is not read.
const PROBLEMS_SHOWN: usize = 20;

pub fn bounded(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = problems.len().saturating_sub(PROBLEMS_SHOWN);
    if more > 0 {
        problems.truncate(PROBLEMS_SHOWN);
        let last = &mut problems[PROBLEMS_SHOWN - 1];
        let help = last.help.take().unwrap_or_default();
        last.help = Some(format!("{help}\n({more} more problems are not shown)").trim_start().to_owned());
    }
    problems
}

/// Every phase with the work on each node.
fn works<'a>(
    input: &'a Input,
    material: &Material,
    facts: &Facts,
) -> Result<Vec<PhaseWork<'a>>, Vec<Diagnostic>> {
    let empty = |phase: &crate::input::playbook::Phase| PhaseWork {
        name: phase.name.clone(),
        unchanged: Vec::new(),
        works: Vec::new(),
    };
    let mut phases: Vec<PhaseWork<'_>> = input.playbook.phases.iter().map(empty).collect();
    let mut problems = Vec::new();
    let nodes: Vec<_> =
        input.inventory.nodes.iter().filter_map(|node| Some((node, facts.node(&node.name)?))).collect();
    let answers = on_every_core(&nodes, |(node, seen)| work::of_node(input, material, node, seen));
    for ((node, seen), answer) in nodes.into_iter().zip(answers) {
        match answer {
            Err(more) => problems.extend(more),
            Ok(works) => {
                problems.extend(room::problems(&input.inventory, node, seen, &works));
                works.into_iter().zip(&mut phases).for_each(|(work, phase)| match work {
                    Some(work) => phase.works.push((node, work)),
                    None => phase.unchanged.push(node.name.clone()),
                });
            }
        }
    }
    if problems.is_empty() { Ok(phases) } else { Err(problems) }
}

/// The answer for each item, in their order: a node's file has thousands of lines, which are read several times.
pub(crate) fn on_every_core<T: Sync, A: Send>(items: &[T], answer: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let share = items.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let answer = &answer;
        let shares = items.chunks(share);
        let running: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(answer).collect::<Vec<A>>())).collect();
        let joined =
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    })
}

fn blocked(input: &Input, ordered: &Ordered) -> Vec<Diagnostic> {
    let diagnostic = |(node, blocked): &(String, Vec<crate::facts::ring::Blocked>)| {
        let shown: Vec<String> = blocked.iter().take(3).map(ToString::to_string).collect();
        let message = format!("`{node}` cannot be spared: {}", shown.join("; "));
        let help =
            "bring the nodes that are down back first, then plan again (or lower `rollout.keep_available`)";
        input.inventory.diagnostic(node, message, help)
    };
    ordered.blocked.iter().map(diagnostic).collect()
}

/// The version of a saved plan's form; a program refuses one that it does not know.
pub const PLAN_FORMAT: u32 = 1;

/// Everything that will be done, in order; holds hashes where contents may be secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub format: u32,
    pub cluster: String,
    pub playbook: String,
    /// How many nodes of a wave may be in work at the same time.
    pub at_once: usize,
    /// Beyond its steps.
    #[serde(default)]
    pub conduct: Conduct,
    /// What the operator should know before saying yes.
    pub warnings: Vec<String>,
    /// What the rules have against the stores and do not refuse.
    #[serde(default)]
    pub findings: Vec<judge::Finding>,
    /// Each node as it was when the plan was made: a saved plan is refused where this is no longer so.
    pub seen: Vec<Seen>,
    pub phases: Vec<Phase>,
    /// Every step of every phase and wave, in order; a `StepId` is an index into it.
    pub steps: Vec<PlannedStep>,
}

pub type StepId = usize;

/// What of a node a plan rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    pub node: String,
    pub version: String,
    /// SHA-256 by path: `cassandra.yaml` and every store. `None`: nothing there.
    pub files: BTreeMap<String, Option<String>>,
}

impl Seen {
    pub fn of(facts: &NodeFacts) -> Seen {
        let stores =
            facts.files.iter().map(|(path, file)| (path.clone(), file.as_ref().map(|f| f.sha256.clone())));
        let yaml = (facts.yaml.real_path.clone(), Some(facts.yaml.file.sha256.clone()));
        Seen {
            node: facts.node.clone(),
            version: facts.version.to_string(),
            files: stores.chain([yaml]).collect(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    pub phase: usize,
    /// Counted through all phases.
    pub wave: usize,
    /// Empty for a pause, which is on no node.
    pub node: String,
    pub step: Step,
}

impl PlannedStep {
    /// `None` for a pause.
    pub fn on_node(&self) -> Option<&str> {
        Some(self.node.as_str()).filter(|node| !node.is_empty())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    pub name: String,
    /// What is waited for before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enter: Option<String>,
    /// Nodes that need nothing in this phase.
    pub unchanged: Vec<String>,
    pub waves: Vec<Wave>,
}

/// Nodes that may be down together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wave {
    pub number: usize,
    pub canary: bool,
    /// What makes it safe to take these nodes down together.
    pub proof: String,
    pub nodes: Vec<NodeChange>,
}

impl Plan {
    /// Nothing differs from the wish.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A wave's number as people count: from 1, and a pause is none.
    pub fn ordinal(&self, wave: usize) -> usize {
        let waves = self.phases.iter().flat_map(|phase| &phase.waves);
        waves.filter(|other| other.number <= wave).count()
    }

    /// Every node that the plan changes, once, in the order of the plan.
    pub fn nodes(&self) -> Vec<&str> {
        let mut known = BTreeSet::new();
        let nodes = self.steps.iter().filter_map(PlannedStep::on_node);
        nodes.filter(|node| known.insert(*node)).collect()
    }
}
