//! What will change, why, in what order. Pure: the same wish and the same facts give the same plan.

pub mod change;
pub mod step;

use change::NodeChange;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use step::Step;

/// The version of a saved plan's form; a program refuses one that it does not know.
pub const PLAN_FORMAT: u32 = 1;

/// Everything that will be done, in order; holds hashes where contents may be secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub format: u32,
    pub cluster: String,
    pub playbook: String,
    /// What the operator should know before saying yes.
    pub warnings: Vec<String>,
    pub phases: Vec<Phase>,
    /// Every step of every phase and wave, in order; a `StepId` is an index into it.
    pub steps: Vec<PlannedStep>,
}

pub type StepId = usize;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    pub phase: usize,
    /// Counted through all phases.
    pub wave: usize,
    pub node: String,
    pub step: Step,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    pub name: String,
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

    /// Every node that the plan changes, once, in the order of the plan.
    pub fn nodes(&self) -> Vec<&str> {
        let mut seen = Vec::new();
        for step in &self.steps {
            if !seen.contains(&step.node.as_str()) {
                seen.push(step.node.as_str());
            }
        }
        seen
    }
}
