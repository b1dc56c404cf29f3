//! `ringwalk apply`: makes it so. A saved plan is refused if a node is no longer what the plan saw.

use super::arguments::{ApplyArguments, Global, OutputForm};
use super::exit::Exit;
use super::load::{Loaded, load};
use super::plan::{Made, make, show};
use super::{Trouble, interrupt, lock, runs};
use crate::cluster::Cluster;
use crate::engine::EngineError;
use crate::engine::carry::{self, Ended, Means};
use crate::journal::event::Origin;
use crate::journal::file::Journal;
use crate::journal::runs::{Standing, list, run_id};
use crate::plan::saved::Saved;
use crate::plan::{Plan, drift};
use crate::report::plan::Detail;
use crate::report::{self, Color, Reporter, Screen};
use crate::transport::transcript::{Transcribed, Transcript};
use anyhow::Context;
use jiff::Timestamp;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub async fn run(global: &Global, options: &ApplyArguments) -> Result<Exit, Trouble> {
    let saved = options.plan.as_deref().map(read).transpose()?;
    let files = files(global, saved.as_ref());
    let loaded = load(files.0.as_deref(), files.1.as_deref())?;
    let made = make(&loaded).await?;
    if let Some(saved) = &saved {
        let moved_on = drift::between(&saved.plan, &made.plan);
        if !moved_on.is_empty() {
            return Err(moved_on.into());
        }
    }
    show_before(&made.plan, global, options.yes)?;
    if made.plan.is_empty() {
        return Ok(Exit::Success);
    }
    let question = format!("Change {} nodes of `{}` as above?", made.plan.nodes().len(), made.plan.cluster);
    if !agreed(options.yes, &question)? {
        say("nothing was changed\n");
        return Ok(Exit::StoppedUnchanged);
    }
    nobody_else_is_at_work(global, &made.plan.cluster, None)?;
    let origin = Origin { inventory: absolute(&files.0), playbook: absolute(&files.1), undoes: None };
    carry_out(global, options, loaded, made, origin).await
}

/// Shows what is asked about.
pub fn show_before(plan: &Plan, global: &Global, yes: bool) -> Result<(), Trouble> {
    match global.output {
        OutputForm::Text => show(plan, global)?,
        // Standard output is for events; who answers for themselves reads the plan in the first of them.
        OutputForm::Json if yes => {}
        OutputForm::Json => say(&report::plan::text_in(plan, Screen::of_stdout(Color::Never), Detail::Short)),
    }
    Ok(())
}

fn read(path: &Path) -> Result<Saved, Trouble> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the plan {}", path.display()))?;
    Saved::parse(&path.display().to_string(), &text).map_err(|problem| vec![problem].into())
}

/// The inventory and the playbook that are named on the command line, or those that the saved plan was made from.
fn files(global: &Global, saved: Option<&Saved>) -> (Option<PathBuf>, Option<PathBuf>) {
    let or_saved =
        |typed: &Option<PathBuf>, saved: Option<&String>| typed.clone().or(saved.map(PathBuf::from));
    let inventory = or_saved(&global.inventory, saved.and_then(|saved| saved.inventory.as_ref()));
    let playbook = or_saved(&global.playbook, saved.and_then(|saved| saved.playbook.as_ref()));
    (inventory, playbook)
}

/// A path that is the same from wherever the run is resumed.
pub fn absolute(path: &Option<PathBuf>) -> Option<String> {
    Some(std::path::absolute(path.as_ref()?).ok()?.display().to_string())
}

/// Asks, unless `--yes` has answered. Without a terminal nobody can be asked.
pub fn agreed(yes: bool, question: &str) -> Result<bool, Trouble> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(anyhow::anyhow!(
            "there is no terminal to ask on; add --yes if this is what you want"
        )
        .into());
    }
    say(&format!("\n{question} Type yes: "));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(answer.trim() == "yes")
}

/// Two runs would each find that a node can be spared, and take one down. This sees the runs of this machine only.
pub fn nobody_else_is_at_work(global: &Global, cluster: &str, own: Option<&str>) -> Result<(), Trouble> {
    let directory = runs::directory(global)?;
    let runs =
        list(&directory).with_context(|| format!("cannot list the runs in {}", directory.display()))?;
    let at_work = runs.iter().find(|run| {
        let is_other = Some(run.id.as_str()) != own;
        is_other
            && run.standing == Standing::Running
            && run.begun.as_ref().is_some_and(|begun| begun.cluster == cluster)
    });
    match at_work {
        Some(run) => Err(anyhow::anyhow!(
            "run {} is at work on `{cluster}`; wait for its end (`ringwalk runs`), then apply again",
            run.id
        )
        .into()),
        None => Ok(()),
    }
}

/// Talks to who started this, beside what it prints.
pub fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

async fn carry_out(
    global: &Global,
    options: &ApplyArguments,
    loaded: Loaded,
    made: Made,
    origin: Origin,
) -> Result<Exit, Trouble> {
    let Made { plan, cluster, facts, looks } = made;
    let interrupts = interrupt::listen().context("cannot listen for signals")?;
    let run = run_id(&plan.cluster, Timestamp::now());
    let runs_dir = runs::directory(global)?;
    let lease = lock::take(&cluster, &run).await?;
    let journal = lock::or_give_back(&lease, Journal::create(&runs_dir, &run)).await?;
    let mut reporter = reporter(global);
    let means = Means {
        cluster: Arc::new(transcribed(cluster, &runs_dir, &run)?),
        facts: Arc::new(facts),
        material: Arc::new(loaded.material),
        // A person thinks for minutes, or closes the lid; what observers said before is of the past then.
        looks: options.yes.then_some(looks),
        reporter: reporter.as_mut(),
        interrupts,
        permission: lease.clone(),
        operator: operator(),
    };
    let ended = carry::begin(journal, &run, origin, plan, means).await;
    lock::give_back(&lease, &ended).await;
    exit(ended)
}

/// The same nodes, with every command noted beside the run's journal.
pub fn transcribed(cluster: Cluster, runs_dir: &Path, run: &str) -> Result<Cluster, Trouble> {
    let transcript = Transcript::open(&runs_dir.join(run).join("transcript.jsonl"));
    let transcript = Arc::new(transcript.context("cannot begin the transcript")?);
    Ok(cluster.with_hosts(|host| Arc::new(Transcribed::new(host, Arc::clone(&transcript)))))
}

/// How the program ends after a run.
pub fn exit(ended: Result<Ended, EngineError>) -> Result<Exit, Trouble> {
    let Ended { state, result } = ended.map_err(anyhow::Error::new)?;
    match result {
        Ok(result) => Ok(result.into()),
        Err(EngineError::Left) => {
            say(&format!("error: {}\n", EngineError::Left));
            Ok(Exit::Interrupted)
        }
        Err(error) => {
            let exit = if state.changed_something() { Exit::StoppedMidway } else { Exit::StoppedUnchanged };
            say(&format!("error: {:#}\n", anyhow::Error::new(error)));
            Ok(exit)
        }
    }
}

pub fn reporter(global: &Global) -> Box<dyn Reporter> {
    match global.output {
        OutputForm::Text => report::text(global.color.into()),
        OutputForm::Json => Box::new(report::json::Json::new(std::io::stdout())),
    }
}

/// Who runs this, for whoever finds the journal: `ops@laptop`.
pub fn operator() -> String {
    let user =
        std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "unknown".into());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{user}@{}", host.trim())
}
