//! How a run conducts itself beyond its steps, as the playbook wishes it: what a failure leads to, when nodes may be begun.

use crate::input::playbook::{OnFailure, Rollout};
use crate::input::window::Window;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conduct {
    #[serde(default)]
    pub on_failure: OnFailure,
    /// `None`: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    pub window: Option<Window>,
}

impl Conduct {
    pub fn of(rollout: &Rollout) -> Conduct {
        Conduct { on_failure: rollout.on_failure, window: rollout.window.clone() }
    }

    /// How much is taken back once a node has failed; `None`: nothing, the operator decides.
    pub fn takes_back(&self) -> Option<Extent> {
        match self.on_failure {
            OnFailure::Stop => None,
            OnFailure::RestoreNode => Some(Extent::Failed),
            OnFailure::RestoreRun => Some(Extent::Run),
        }
    }
}

/// How much of a run is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// What was done to the nodes that failed, in the wave in which they did: they are as they were last seen healthy.
    Failed,
    /// All that the run did, on every node.
    Run,
    /// What the run did since the last pause that it passed: clients have moved for that pause, or somebody said yes to it,
    /// so what came before it stays.
    SincePause,
}
