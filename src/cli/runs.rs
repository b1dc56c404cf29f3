//! `ringwalk runs`: the runs that were made from this machine.

use super::arguments::{Global, OutputForm};
use super::exit::Exit;
use super::{Trouble, print};
use crate::journal::runs::{self, RunSummary};
use crate::report::{self, Screen};
use anyhow::{Context, anyhow};
use std::path::{Path, PathBuf};

pub fn run(global: &Global) -> Result<Exit, Trouble> {
    let directory = directory(global)?;
    let runs = list(&directory)?;
    match global.output() {
        OutputForm::Text => print(&report::runs::text(&runs, Screen::of_stdout(global.color.into()))),
        OutputForm::Json => print(&(serde_json::to_string(&runs).context("cannot write JSON")? + "\n")),
    }
    Ok(Exit::Success)
}

/// Every run in a directory, newest first.
pub fn list(directory: &Path) -> Result<Vec<RunSummary>, Trouble> {
    let listed = runs::list(directory);
    Ok(listed.with_context(|| format!("cannot list the runs in {}", directory.display()))?)
}

/// Where runs are kept: `--runs-dir`, or the place that the XDG base directories name for state.
pub fn directory(global: &Global) -> Result<PathBuf, Trouble> {
    if let Some(named) = &global.runs_dir {
        return Ok(named.clone());
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| std::env::home_dir().map(|home| home.join(".local/state")));
    let state = state.ok_or_else(|| {
        anyhow!("cannot tell where to keep runs: there is no home directory; add --runs-dir")
    })?;
    Ok(state.join("ringwalk/runs"))
}
