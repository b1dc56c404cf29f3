//! What a rule found: of which node, how grave, why it matters, and a way out.

use super::Unseen;
use crate::plan::judge;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    pub node: String,
    /// A name of `docs/audit.md`, or of `docs/store-rules.md` where a store is the matter.
    pub rule: &'static str,
    pub severity: Severity,
    pub reason: String,
    /// A way out.
    pub help: String,
}

/// What an exit code and an alert go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Clients are or will be refused, or what should be secret is not.
    Error,
    /// To be looked into.
    Warning,
    /// To be known: it counts for no exit code.
    Notice,
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Notice];

    /// Whether an audit with it is not clean.
    pub fn counts(self) -> bool {
        self != Severity::Notice
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        })
    }
}

impl From<judge::Severity> for Severity {
    fn from(severity: judge::Severity) -> Severity {
        match severity {
            judge::Severity::Error => Severity::Error,
            judge::Severity::Warning => Severity::Warning,
        }
    }
}

/// What a rule has to say, before it is known whose rule it was and of which node.
pub struct Remark {
    pub severity: Severity,
    pub reason: String,
    pub help: String,
}

pub fn remark(severity: Severity, reason: impl Into<String>, help: impl Into<String>) -> Remark {
    Remark { severity, reason: reason.into(), help: help.into() }
}

/// A node of which nothing is known is not clean.
pub fn unreached(node: &str, unseen: &Unseen) -> Finding {
    Finding {
        node: node.to_owned(),
        rule: "unreached",
        severity: Severity::Error,
        reason: format!("cannot be audited: {}", unseen.why),
        help: unseen.help.clone(),
    }
}
