//! What a run waits for between phases and waves, with one sentence for each.

use super::ClientsMust;
use crate::input::shape::shown_duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a pause waits for: clients first, then a yes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// The phase that goes on after it.
    pub phase: String,
    pub before: Before,
    pub clients: Option<ClientsWish>,
    pub asks: Asks,
}

/// What comes after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    Phase,
    /// The next wave of a phase that has begun.
    Wave,
}

/// Whose yes a pause needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    Nobody,
    /// A run that is resumed at it asks again.
    Operator,
    /// Who resumes the run at it has said yes by that.
    OperatorOrResume,
}

/// What must hold of all clients of all nodes, over a window and not at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientsWish {
    pub must: Vec<ClientsMust>,
    /// So long it must have been so.
    pub for_s: u64,
    /// So long a run waits for it.
    pub within_s: u64,
    /// A person is asked afterwards, who vouches for what no node can tell.
    pub vouched: bool,
}

impl Pause {
    /// `phase require`, `the next wave of phase require`.
    pub fn what_follows(&self) -> String {
        match self.before {
            Before::Phase => format!("phase {}", self.phase),
            Before::Wave => format!("the next wave of phase {}", self.phase),
        }
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.what_follows();
        match (&self.clients, self.asks) {
            (None, Asks::Nobody) => write!(f, "go on with {before}"),
            (None, Asks::Operator | Asks::OperatorOrResume) => write!(f, "ask before {before}"),
            (Some(wish), Asks::Nobody) => write!(f, "wait before {before} until {wish}"),
            (Some(wish), Asks::Operator | Asks::OperatorOrResume) => {
                write!(f, "wait before {before} until {wish}, then ask")
            }
        }
    }
}

impl fmt::Display for ClientsWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let must: Vec<String> = self.must.iter().map(ToString::to_string).collect();
        write!(f, "{} for {}", must.join(" and "), shown_duration(self.for_s))
    }
}
