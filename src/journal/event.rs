//! Events, of two classes: a `StepEvent` is never lost and makes the run's state; `Progress` may be.

use crate::plan::conduct::Extent;
use crate::plan::step::Gate;
use crate::plan::{Plan, StepId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Step {
        #[schemars(with = "String", extend("format" = "date-time"))]
        at: Timestamp,
        event: StepEvent,
    },
    Progress {
        #[schemars(with = "String", extend("format" = "date-time"))]
        at: Timestamp,
        progress: Progress,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum StepEvent {
    RunStarted {
        run: String,
        operator: String,
        origin: Origin,
        plan: Box<Plan>,
    },
    /// A process took the run up again: what failed is tried again, what was stopped goes on.
    Resumed {
        operator: String,
    },
    /// Written before the act. `kept`: what a step that replaces a file leaves beside it on the node.
    StepStarted {
        step: StepId,
        kept: Option<Kept>,
    },
    StepFinished {
        step: StepId,
        outcome: Outcome,
    },
    /// The operator asked to stop: nothing new is begun.
    Interrupted,
    /// The run ends, since no node may be begun before the plan's window opens.
    WindowClosed {
        #[schemars(with = "String", extend("format" = "date-time"))]
        opens: Timestamp,
    },
    /// The window was waited for and is open: clients that a pause waited for are looked at anew.
    WindowOpened,
    /// A node failed, and as the playbook wishes it another run takes back what this one did. Written before that run
    /// begins; from there on its own journal tells of it.
    RollbackPlanned {
        extent: Extent,
        /// The run that does it. `None`: nothing is left to be put back.
        run: Option<String>,
        /// Those that are put back.
        nodes: Vec<String>,
    },
    /// It could not be taken back, as the playbook wishes it.
    RollbackRefused {
        why: String,
    },
    /// How the run that takes it back ended.
    RollbackEnded {
        result: RunResult,
    },
    RunFinished {
        result: RunResult,
    },
}

/// What a run was made from; whoever resumes it needs the stores and the secret sources that these files name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Absolute paths on the operator's side.
    pub inventory: Option<String>,
    pub playbook: Option<String>,
    /// The run that this one takes back.
    pub undoes: Option<String>,
    /// It takes back no more than what that run did to the nodes that failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
}

/// The backup on the node from which a file can be put back as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    pub path: String,
    pub backup: String,
    /// `None`: there was no file.
    pub sha256: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Done, with what was seen: a fingerprint on the wire, a new process id.
    Done { seen: String },
    Failed {
        why: String,
        help: String,
        log: Vec<String>,
        /// The step has left its node as it was. A journal that does not say so does not know.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unchanged: bool,
    },
    /// What a pause waits for is not so, and the run does not wait for it now; it can be resumed.
    NotYet { why: String, help: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    Done,
    /// A step failed before anything was changed on any node.
    StoppedUnchanged,
    StoppedMidway,
    /// A step failed, and as the playbook wishes it every node was put back as it was before the run.
    Restored,
    Interrupted,
    /// The run ended at a pause, or since its window is closed.
    Waiting,
}

/// What goes on inside a step; for the eye only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// A look at the gates of a hold: those that did not pass, with what they wait for.
    Looked { step: StepId, passed_in_a_row: u32, of: u32, waiting: Vec<Waiting> },
    /// The restart job on the node reached this stage: disablebinary, drain, stop, start.
    JobStage { step: StepId, stage: String },
    /// No node may be begun before the plan's window opens.
    Closed {
        #[schemars(with = "String", extend("format" = "date-time"))]
        opens: Timestamp,
    },
    /// A pause asks the operator.
    Asks { step: StepId, question: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waiting {
    pub gate: Gate,
    pub why: String,
}
