//! `ringwalk resume`: goes on with a run that was stopped, killed or left, in the same loop.

use super::act::{
    Files, agreed, exit, nobody_else_is_at_work, of_journal, operator, reporter, say, transcribed,
};
use super::arguments::{Global, OutputForm, ResumeArguments};
use super::exit::Exit;
use super::load::{Loaded, load, load_inventory};
use super::{Trouble, interrupt, lock, print, reach, runs, show};
use crate::cluster::survey::{Survey, survey_with};
use crate::engine::carry::{self, Means};
use crate::engine::under_way;
use crate::journal::event::{Origin, RunResult, StepEvent};
use crate::journal::file::Journal;
use crate::journal::rollback::Rollback;
use crate::journal::runs::{RunSummary, Standing, taken_back_by};
use crate::journal::state::RunState;
use crate::plan::conduct::Extent;
use crate::plan::stand;
use crate::report::{self, Color, Screen};
use anyhow::{Context, anyhow};
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

pub async fn run(global: &Global, options: &ResumeArguments) -> Result<Exit, Trouble> {
    let runs_dir = runs::directory(global)?;
    let run = match &options.run {
        Some(wanted) => show::choose(&runs_dir, Some(wanted))?,
        None => newest_open(&runs_dir)?,
    };
    let (mut journal, read) = Journal::resume(&runs_dir, &run).map_err(of_journal)?;
    if read.torn {
        tracing::warn!("the last line of {} was cut off; it is left out", journal.path().display());
    }
    let mut state =
        read.state.ok_or_else(|| anyhow!("run {run} never began; `ringwalk apply` begins anew"))?;
    if matches!(state.finished, Some((_, RunResult::Done))) {
        say(&format!("run {run} is done: nothing is left to do\n"));
        return Ok(Exit::Success);
    }
    let put_back = may_go_on(&state, &runs_dir)?;
    let loaded = loaded(global, &state.origin)?;
    let cluster = reach::cluster(&loaded);
    let paths = |node: &crate::cluster::Node| stand::paths(&state.plan, &node.name).into_iter().collect();
    let Survey { facts, looks } = survey_with(&cluster, &loaded.input.inventory, paths).await?;
    let mut problems = under_way::heals(&state, &cluster, &facts).await;
    if problems.is_empty() {
        problems = carry::problems(&state, &facts, &loaded.material);
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    show_what_is_left(&state, global);
    let question = format!("Go on with run {run} on `{}`?", state.plan.cluster);
    if !agreed(options.yes, &question)? {
        say("nothing more was changed\n");
        return Ok(Exit::from(state.finished.map_or(RunResult::Interrupted, |(_, result)| result)));
    }
    nobody_else_is_at_work(global, &state.plan.cluster, Some(&run))?;
    let answers = options.pauses.answers(&state.plan)?;
    let interrupts = interrupt::listen().context("cannot listen for signals")?;
    let lease = lock::take_over(&cluster, &run, state.origin.undoes.as_deref(), &runs_dir).await?;
    let cluster = lock::or_give_back(&lease, transcribed(cluster, &runs_dir, &run)).await?;
    if let Some(result) = put_back {
        lock::or_give_back(&lease, note_end(&mut journal, &mut state, result)).await?;
    }
    let mut reporter = reporter(global);
    let means = Means {
        cluster: Arc::new(cluster),
        facts: Arc::new(facts),
        material: Arc::new(loaded.material),
        looks: options.yes.then_some(looks),
        reporter: reporter.as_mut(),
        interrupts,
        permission: lease.clone(),
        answers,
        operator: operator(),
        runs_dir,
        inventory: loaded.input.inventory,
    };
    let ended = carry::go_on(&mut journal, state, means).await;
    lock::give_back(&lease, &ended).await;
    exit(ended)
}

/// The run that put back what failed ended while nobody wrote this journal.
fn note_end(journal: &mut Journal, state: &mut RunState, result: RunResult) -> Result<(), Trouble> {
    let (at, event) = (Timestamp::now(), StepEvent::RollbackEnded { result });
    journal.append(at, &event).map_err(of_journal)?;
    state.apply(at, &event).map_err(|error| anyhow!(error))?;
    Ok(())
}

/// A run that is taken back, or of which nodes are, goes on only once that is over. How that ended, if only the journal of
/// the other run has it so far.
fn may_go_on(state: &RunState, runs_dir: &Path) -> Result<Option<RunResult>, Trouble> {
    let run = &state.run;
    let Some(Rollback::Planned { extent, run: back, result, .. }) = &state.rollback else {
        return is_not_taken_back(run, runs_dir).map(|()| None);
    };
    let of = |back: &String| runs::list(runs_dir).ok()?.into_iter().find(|other| other.id == *back);
    let back_now = back.as_ref().and_then(of);
    // Nothing is done before the first event is on record.
    if back_now.as_ref().is_some_and(|back| back.standing == Standing::Abandoned && back.begun.is_none()) {
        return Ok(None);
    }
    let standing = back_now.map(|back| back.standing);
    let is_over = match standing {
        Some(Standing::Finished { result, .. }) => result == RunResult::Done,
        Some(Standing::Running | Standing::Abandoned | Standing::Unreadable { .. }) => false,
        None => *result == Some(RunResult::Done),
    };
    match (extent, back, is_over) {
        (Extent::Failed, _, true) => {
            is_not_taken_back(run, runs_dir)?;
            let is_news = result.is_none() && state.finished.is_none();
            Ok(is_news.then_some(RunResult::Done))
        }
        (Extent::Run, _, true) => Err(anyhow!(
            "run {run} was taken back, as its playbook wishes after a failure: nothing is left of it to go on with\n\
             help: mend the cause (`ringwalk show {run}`), then run `ringwalk plan` again"
        )
        .into()),
        (Extent::SincePause, _, true) => Err(anyhow!(
            "what run {run} did since its last pause was taken back, as its playbook wishes after a failure: it does not go on\n\
             help: mend the cause (`ringwalk show {run}`), then run `ringwalk plan` again, which goes on from where that \
             pause was"
        )
        .into()),
        (Extent::Failed | Extent::Run | Extent::SincePause, Some(back), false) => Err(anyhow!(
            "run {run} failed and is being taken back by run {back}, which is not over\n\
             help: `ringwalk resume {back}` goes on with that, and `ringwalk rollback {run}` takes all of the run back; the \
             journal of {back} belongs beside that of {run}"
        )
        .into()),
        (Extent::Failed | Extent::Run | Extent::SincePause, None, false) => Ok(None),
    }
}

/// What is done of a run that was taken back stands no more.
fn is_not_taken_back(run: &str, runs_dir: &Path) -> Result<(), Trouble> {
    let runs = runs::list(runs_dir)?;
    match taken_back_by(&runs, run) {
        Some(back) if back.is_done() => Err(anyhow!(
            "run {run} was taken back by run {}: nothing is left of it to go on with\n\
             help: `ringwalk plan` goes by what the nodes have now",
            back.id
        )
        .into()),
        Some(RunSummary { id, .. }) => Err(anyhow!(
            "run {run} is being taken back by run {id}, which is not over\n\
             help: `ringwalk resume {id}` goes on with that"
        )
        .into()),
        None => Ok(()),
    }
}

/// The newest run that is not over and was not taken back since.
fn newest_open(runs_dir: &Path) -> Result<String, Trouble> {
    let runs = runs::list(runs_dir)?;
    let is_open = |run: &&RunSummary| match run.standing {
        Standing::Abandoned => run.begun.is_some(),
        Standing::Finished { result, .. } => result != RunResult::Done,
        Standing::Running | Standing::Unreadable { .. } => false,
    };
    let open = runs.iter().filter(is_open).find(|run| taken_back_by(&runs, &run.id).is_none());
    match open {
        Some(run) => Ok(run.id.clone()),
        None => Err(anyhow!(
            "no run is to be resumed in {}: each is done, taken back or at work; `ringwalk runs` lists them",
            runs_dir.display()
        )
        .into()),
    }
}

/// The files that are named on the command line, or those that the run was made from. A run that takes another back
/// needs nothing of the playbook: what it puts back is on the nodes.
fn loaded(global: &Global, origin: &Origin) -> Result<Loaded, Trouble> {
    let files = Files::named_or(global, Some((&origin.inventory, &origin.playbook)));
    let (inventory, playbook) = (files.inventory.as_deref(), files.playbook.as_deref());
    match origin.undoes {
        Some(_) => Ok(load_inventory(inventory, playbook)?),
        None => Ok(load(inventory, playbook)?),
    }
}

fn show_what_is_left(state: &RunState, global: &Global) {
    match global.output() {
        OutputForm::Text => {
            print(&report::summary::text(state, Screen::of_stdout(global.color.into())));
        }
        OutputForm::Json => say(&report::summary::text(state, Screen::of_stdout(Color::Never))),
    }
}
