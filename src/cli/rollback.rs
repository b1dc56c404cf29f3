//! `ringwalk rollback`: takes a run back, as a run of its own.

use super::apply::{agreed, exit, nobody_else_is_at_work, operator, reporter, say, show_before, transcribed};
use super::arguments::{Global, RunArguments};
use super::exit::Exit;
use super::load::{Loaded, load_inventory};
use super::{Trouble, interrupt, lock, reach, runs, show};
use crate::cluster::survey::{Survey, survey_with};
use crate::engine::back;
use crate::engine::carry::{self, Means};
use crate::facts::Facts;
use crate::journal::event::Origin;
use crate::journal::file::{self, Journal};
use crate::journal::runs::run_id;
use crate::journal::state::RunState;
use crate::plan::{Plan, stand};
use anyhow::{Context, anyhow};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub async fn run(global: &Global, options: &RunArguments) -> Result<Exit, Trouble> {
    let runs_dir = runs::directory(global)?;
    let undone = undone(&runs_dir, options.run.as_deref())?;
    let inventory = global.inventory.clone().or(undone.origin.inventory.as_ref().map(PathBuf::from));
    let playbook = global.playbook.clone().or(undone.origin.playbook.as_ref().map(PathBuf::from));
    let loaded = load_inventory(inventory.as_deref(), playbook.as_deref())?;
    let cluster = reach::cluster(&loaded);
    let paths = |node: &crate::cluster::Node| stand::paths(&undone.plan, &node.name).into_iter().collect();
    let Survey { facts, .. } = survey_with(&cluster, &loaded.input.inventory, paths).await?;
    let plan = back::plan(&undone, &cluster, &loaded.input.inventory, &facts).await?;
    if plan.is_empty() {
        say(&format!("nothing to take back: every node is as before run {}\n", undone.run));
        return Ok(Exit::Success);
    }
    show_before(&plan, global, options.yes)?;
    let question = format!("Put back {} nodes of `{}` as above?", plan.nodes().len(), plan.cluster);
    if !agreed(options.yes, &question)? {
        say("nothing was changed\n");
        return Ok(Exit::StoppedUnchanged);
    }
    nobody_else_is_at_work(global, &plan.cluster, None)?;
    let origin = Origin {
        inventory: super::apply::absolute(&inventory),
        playbook: super::apply::absolute(&playbook),
        undoes: Some(undone.run.clone()),
    };
    carry_out(global, &runs_dir, Prepared { loaded, cluster, facts, plan, origin }).await
}

/// All that is known once the operator has agreed.
struct Prepared {
    loaded: Loaded,
    cluster: crate::cluster::Cluster,
    facts: Facts,
    plan: Plan,
    origin: Origin,
}

async fn carry_out(global: &Global, runs_dir: &Path, prepared: Prepared) -> Result<Exit, Trouble> {
    let Prepared { loaded, cluster, facts, plan, origin } = prepared;
    let interrupts = interrupt::listen().context("cannot listen for signals")?;
    let run = run_id(&plan.cluster, Timestamp::now());
    let lease = lock::take(&cluster, &run).await?;
    let journal = lock::or_give_back(&lease, Journal::create(runs_dir, &run)).await?;
    let mut reporter = reporter(global);
    let means = Means {
        cluster: Arc::new(transcribed(cluster, runs_dir, &run)?),
        facts: Arc::new(facts),
        material: Arc::new(loaded.material),
        looks: None,
        reporter: reporter.as_mut(),
        interrupts,
        permission: lease.clone(),
        operator: operator(),
    };
    let ended = carry::begin(journal, &run, origin, plan, means).await;
    lock::give_back(&lease, &ended).await;
    exit(ended)
}

/// The run that is meant, as far as it came; one that is at work is not taken back.
fn undone(runs_dir: &Path, wanted: Option<&str>) -> Result<RunState, Trouble> {
    let run = show::choose(runs_dir, wanted)?;
    let path = file::path(runs_dir, &run);
    if file::is_locked(&path).map_err(anyhow::Error::new)? {
        return Err(anyhow!("run {run} is at work; stop it with Ctrl-C first, then roll it back").into());
    }
    let read = file::read(&path).map_err(anyhow::Error::new)?;
    read.state.ok_or_else(|| anyhow!("run {run} never began: there is nothing to take back").into())
}
