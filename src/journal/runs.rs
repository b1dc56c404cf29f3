//! The runs that were made here: their names, and how each of them stands.

use super::event::RunResult;
use super::file::{self, JournalRead};
use super::rollback::Rollback;
use super::state::{RunState, Status};
use crate::plan::conduct::Extent;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// One run, as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    pub id: String,
    /// What its first event says; `None` if it was killed before that, or cannot be read.
    pub begun: Option<Begun>,
    pub standing: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Begun {
    pub cluster: String,
    pub playbook: String,
    pub operator: String,
    pub started: Timestamp,
    /// The run that it takes back.
    pub undoes: Option<String>,
    /// It takes back no more than what that run did to the nodes that failed.
    pub in_part: bool,
    /// The run that takes it back, since a node failed, and how much of it.
    pub taken_back_by: Option<String>,
    #[serde(skip)]
    pub taken_back: Option<Extent>,
    /// Whether it may have changed anything that is not put back.
    #[serde(skip)]
    pub changed_something: bool,
    pub nodes_done: usize,
    pub nodes_total: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// A process is at work on it.
    Running,
    Finished {
        at: Timestamp,
        result: RunResult,
    },
    /// No process is at work on it, and its end is not on record: interrupted without a word.
    Abandoned,
    /// Its journal is damaged, or of another version.
    Unreadable {
        problem: String,
    },
}

/// A name for a run: `orders-20261124-071233-3f9a`. The last part is the fraction of the second, so that two runs
/// that begin together differ; `Journal::create` refuses a name that is taken.
pub fn run_id(cluster: &str, at: Timestamp) -> String {
    // It becomes a directory on nodes too; 40 characters name any cluster and keep paths short.
    const CLUSTER_CHARACTERS: usize = 40;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = cluster.chars().take(CLUSTER_CHARACTERS).map(plain).collect();
    let name = match name.trim_matches('-') {
        "" => "cluster",
        name => name,
    };
    let fraction = (i64::from(at.subsec_nanosecond()) << 16) / 1_000_000_000;
    format!("{name}-{}-{fraction:04x}", at.strftime("%Y%m%d-%H%M%S"))
}

/// Every run under `runs_dir`, newest first; none if the directory does not exist.
pub fn list(runs_dir: &Path) -> io::Result<Vec<RunSummary>> {
    let entries = match std::fs::read_dir(runs_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut runs = Vec::new();
    for entry in entries {
        let id = entry?.file_name().to_string_lossy().into_owned();
        let path = file::path(runs_dir, &id);
        if path.is_file() {
            runs.push(summary(id, &path));
        }
    }
    runs.sort_by(|a, b| newest(b).cmp(&newest(a)));
    Ok(runs)
}

/// The run that took this one back, or is about to; one that was left before it did anything is none, nor is one that was
/// itself taken back.
pub fn taken_back_by<'a>(runs: &'a [RunSummary], run: &str) -> Option<&'a RunSummary> {
    let undoes = |other: &&RunSummary| {
        other.begun.as_ref().is_some_and(|begun| {
            let did_something = begun.changed_something || other.standing == Standing::Running;
            let is_undone = || taken_back_by(runs, &other.id).is_some_and(RunSummary::is_done);
            !begun.in_part && begun.undoes.as_deref() == Some(run) && did_something && !is_undone()
        })
    };
    runs.iter().filter(|other| other.id != run).find(undoes)
}

impl RunSummary {
    pub fn is_done(&self) -> bool {
        matches!(self.standing, Standing::Finished { result: RunResult::Done, .. })
    }
}

/// When a run was begun, as far as its id tells; of one whose journal cannot be read nothing else does.
pub fn moment(id: &str) -> &str {
    const CHARACTERS: usize = "20261124-074345-4ffb".len();
    id.get(id.len().saturating_sub(CHARACTERS)..).unwrap_or(id)
}

fn newest(run: &RunSummary) -> (Option<Timestamp>, &str) {
    (run.begun.as_ref().map(|begun| begun.started), &run.id)
}

fn summary(id: String, path: &Path) -> RunSummary {
    // Asked before reading: a run that ends in between shows as running, never as abandoned.
    let locked = file::is_locked(path);
    let (locked, JournalRead { state, .. }) = match (locked, file::read(path)) {
        (Ok(locked), Ok(read)) => (locked, read),
        (Err(error), _) | (_, Err(error)) => {
            return RunSummary {
                id,
                begun: None,
                standing: Standing::Unreadable { problem: error.to_string() },
            };
        }
    };
    let finished = state.as_ref().and_then(|state| state.finished);
    let standing = match finished {
        Some((at, result)) => Standing::Finished { at, result },
        None if locked => Standing::Running,
        None => Standing::Abandoned,
    };
    RunSummary { id, begun: state.map(begun), standing }
}

fn begun(state: RunState) -> Begun {
    let (nodes_done, nodes_total) = nodes_done(&state);
    let changed_something = state.changed_something();
    let (taken_back_by, taken_back) = match state.rollback {
        Some(Rollback::Planned { run, extent, .. }) => (run, Some(extent)),
        Some(Rollback::Refused { .. }) | None => (None, None),
    };
    Begun {
        cluster: state.plan.cluster,
        playbook: state.plan.playbook,
        operator: state.operator,
        started: state.started,
        undoes: state.origin.undoes,
        in_part: state.origin.in_part,
        taken_back_by,
        taken_back,
        changed_something,
        nodes_done,
        nodes_total,
    }
}

/// How many nodes have nothing left to do, of how many that the plan changes.
fn nodes_done(state: &RunState) -> (usize, usize) {
    let mut nodes: HashMap<&str, bool> = HashMap::new();
    for (planned, status) in state.plan.steps.iter().zip(&state.status) {
        let Some(node) = planned.on_node() else { continue };
        let done = nodes.entry(node).or_insert(true);
        *done &= matches!(status, Status::Done { .. });
    }
    (nodes.values().filter(|done| **done).count(), nodes.len())
}
