//! Exit codes: an interface for scripts, so in one place.

use crate::journal::event::RunResult;
use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Success,
    /// A run stopped, and the cluster is as it was before: nothing was changed, or all of it was put back.
    StoppedUnchanged,
    /// Bad input, or a cluster that cannot be reached or is not fit.
    Refused,
    /// A run stopped after it had changed something.
    StoppedMidway,
    /// A run waits for clients, for a yes or for its window.
    Waiting,
    /// `plan` found changes.
    Changes,
    /// `audit` found something.
    Findings,
    /// `rehearse`: without faults the run did not come to its end, or something happened that must not.
    RehearsedBadly,
    Interrupted,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::StoppedUnchanged => 1,
            Exit::Refused => 2,
            Exit::StoppedMidway => 3,
            Exit::Waiting => 4,
            Exit::Changes => 10,
            Exit::Findings => 11,
            Exit::RehearsedBadly => 12,
            // As a shell reports a program that SIGINT ended.
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl From<RunResult> for Exit {
    fn from(result: RunResult) -> Exit {
        match result {
            RunResult::Done => Exit::Success,
            RunResult::StoppedUnchanged | RunResult::Restored => Exit::StoppedUnchanged,
            RunResult::StoppedMidway => Exit::StoppedMidway,
            RunResult::Interrupted => Exit::Interrupted,
            RunResult::Waiting => Exit::Waiting,
        }
    }
}
