//! `ringwalk show RUN`: a journal through the same reporters as the live run.

use super::act::{of_journal, reporter};
use super::arguments::{Global, OutputForm};
use super::exit::Exit;
use super::{Trouble, print, runs};
use crate::journal::file;
use crate::report::plain::Plain;
use crate::report::{self, Screen};
use anyhow::anyhow;
use std::path::Path;

pub fn run(global: &Global, wanted: Option<&str>) -> Result<Exit, Trouble> {
    let directory = runs::directory(global)?;
    let run = choose(&directory, wanted)?;
    let path = file::path(&directory, &run);
    let journal = file::read(&path).map_err(of_journal)?;
    let mut reporter = match global.output() {
        OutputForm::Json => reporter(global),
        // What is over is read line by line, on a terminal too.
        OutputForm::Text => Box::new(Plain::new(std::io::stdout(), Screen::of_stdout(global.color.into()))),
    };
    let state = report::replay(&journal.events, reporter.as_mut()).map_err(anyhow::Error::new)?;
    if state.is_none() {
        print("the run was killed before its first event\n");
    }
    if journal.torn {
        tracing::warn!("the last line of {} was cut off and is left out", path.display());
    }
    Ok(Exit::Success)
}

/// The run with this id, or the one that begins so; without one, the latest.
pub fn choose(directory: &Path, wanted: Option<&str>) -> Result<String, Trouble> {
    let runs = runs::list(directory)?;
    let wanted = wanted.unwrap_or_default();
    let mut found = runs.iter().filter(|run| run.id.starts_with(wanted));
    let exact = runs.iter().find(|run| run.id == wanted);
    let Some(run) = exact.or_else(|| found.next()) else {
        let place = directory.display();
        if runs.is_empty() {
            return Err(anyhow!(
                "no run was made here: {place} holds none (`--runs-dir` names another place)"
            )
            .into());
        }
        return Err(anyhow!("no run begins with `{wanted}` in {place}; `ringwalk runs` lists them").into());
    };
    if exact.is_none() && !wanted.is_empty() && found.next().is_some() {
        return Err(anyhow!("several runs begin with `{wanted}`; `ringwalk runs` lists them").into());
    }
    Ok(run.id.clone())
}
