//! `ringwalk rehearse`: plays the operator's own plan on a simulated copy of the probed cluster; touches nothing.

use super::act::{say, show_before};
use super::apply::{Wanted, wanted};
use super::arguments::{Global, OutputForm, RehearseArguments};
use super::exit::Exit;
use super::plan::Made;
use super::{Trouble, print, runs, wait};
use crate::cluster::stores;
use crate::journal::file;
use crate::journal::state::RunState;
use crate::rehearsal::{Desk, Wish, known, rehearse};
use crate::report::Screen;
use crate::report::rehearsal as shown;
use anyhow::Context;

pub fn run(global: &Global, options: &RehearseArguments) -> Result<Exit, Trouble> {
    let Some(desk) = wait(gathered(global, options))? else { return Ok(Exit::Success) };
    let (restart_s, known_from) = match options.restart_seconds {
        Some(said) => (said, 0),
        None => known(global, &desk.plan.cluster)?.unwrap_or((UNLESS_KNOWN_S, 0)),
    };
    let wish = Wish { seeds: seeds(options), restart_s, known_from };
    say(&format!("rehearsing {} times on a copy in memory\n", wish.seeds.len() + 1));
    let rehearsal = rehearse(&desk, &wish)?;
    print(&match global.output() {
        OutputForm::Text => shown::text(&rehearsal, Screen::of_stdout(global.color.into())),
        OutputForm::Json => shown::json(&rehearsal).context("cannot write the rehearsal as JSON")?,
    });
    Ok(if rehearsal.is_well() { Exit::Success } else { Exit::RehearsedBadly })
}

/// All that is to be looked at on the nodes; `None`: there is nothing to do.
async fn gathered(global: &Global, options: &RehearseArguments) -> Result<Option<Desk>, Trouble> {
    let Wanted { loaded, made, .. } = wanted(global, options.plan.as_deref(), &options.accept).await?;
    let Made { plan, cluster, facts, .. } = made;
    if plan.is_empty() {
        show_before(&plan, global, false)?;
        return Ok(None);
    }
    let stores = stores::read(&cluster, &loaded.input.inventory, &facts).await?;
    let (input, material, identities) = (loaded.input, loaded.material, loaded.identities);
    Ok(Some(Desk { input, material, identities, facts, stores, plan }))
}

/// What a node with little data takes on a busy machine (measured: 10 to 20 s).
const UNLESS_KNOWN_S: u64 = 30;
/// Older ones are of another time.
const RUNS_READ: usize = 10;

/// What earlier runs on the cluster took, and from how many restarts that is told. A journal that cannot be read tells
/// nothing.
fn known(global: &Global, cluster: &str) -> Result<Option<(u64, usize)>, Trouble> {
    let directory = runs::directory(global)?;
    let all = runs::list(&directory)?;
    let own = all.iter().filter(|run| run.begun.as_ref().is_some_and(|begun| begun.cluster == cluster));
    let states: Vec<RunState> = own
        .take(RUNS_READ)
        .filter_map(|run| file::read(&file::path(&directory, &run.id)).ok()?.state)
        .collect();
    Ok(known::start_s(&states))
}

fn seeds(options: &RehearseArguments) -> Vec<u64> {
    match options.seed {
        Some(seed) => vec![seed],
        None => (1..=options.seeds).collect(),
    }
}
