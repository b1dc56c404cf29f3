//! `ringwalk apply`: makes it so. A saved plan is refused if a node is no longer what the plan saw.

use super::arguments::{ApplyArguments, Global, OutputForm};
use super::exit::Exit;
use super::load::{Loaded, load};
use super::plan::{Made, make, show};
use super::{Trouble, interrupt, runs};
use crate::engine::perform::Performer;
use crate::engine::{Engine, EngineError};
use crate::journal::event::{Event, StepEvent};
use crate::journal::file::Journal;
use crate::journal::runs::{Standing, list, run_id};
use crate::journal::state::RunState;
use crate::plan::saved::Saved;
use crate::plan::{Plan, drift};
use crate::report::plan::Detail;
use crate::report::{self, Color, Reporter, Screen};
use crate::transport::transcript::{Transcribed, Transcript};
use anyhow::Context;
use jiff::Timestamp;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub async fn run(global: &Global, options: &ApplyArguments) -> Result<Exit, Trouble> {
    let saved = options.plan.as_deref().map(read).transpose()?;
    let loaded = load_for(global, saved.as_ref())?;
    let made = make(&loaded).await?;
    if let Some(saved) = &saved {
        let moved_on = drift::between(&saved.plan, &made.plan);
        if !moved_on.is_empty() {
            return Err(moved_on.into());
        }
    }
    match global.output {
        OutputForm::Text => show(&made.plan, global)?,
        // Standard output is for events; who answers for themselves reads the plan in the first of them.
        OutputForm::Json if options.yes => {}
        OutputForm::Json => {
            say(&report::plan::text_in(&made.plan, Screen::of_stdout(Color::Never), Detail::Short))
        }
    }
    if made.plan.is_empty() {
        return Ok(Exit::Success);
    }
    if !agreed(options, &made.plan)? {
        say("nothing was changed\n");
        return Ok(Exit::StoppedUnchanged);
    }
    nobody_else_is_at_work(global, &made.plan.cluster)?;
    carry_out(global, options, loaded, made).await
}

fn read(path: &Path) -> Result<Saved, Trouble> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the plan {}", path.display()))?;
    Saved::parse(&path.display().to_string(), &text).map_err(|problem| vec![problem].into())
}

/// The files that are named on the command line, or those that the saved plan was made from.
fn load_for(global: &Global, saved: Option<&Saved>) -> Result<Loaded, Trouble> {
    let or_saved =
        |typed: &Option<PathBuf>, saved: Option<&String>| typed.clone().or(saved.map(PathBuf::from));
    let inventory = or_saved(&global.inventory, saved.and_then(|saved| saved.inventory.as_ref()));
    let playbook = or_saved(&global.playbook, saved.and_then(|saved| saved.playbook.as_ref()));
    Ok(load(inventory.as_deref(), playbook.as_deref())?)
}

/// Asks, unless `--yes` has answered. Without a terminal nobody can be asked.
fn agreed(options: &ApplyArguments, plan: &Plan) -> Result<bool, Trouble> {
    if options.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(anyhow::anyhow!(
            "there is no terminal to ask on; add --yes if this plan is what you want"
        )
        .into());
    }
    say(&format!("\nChange {} nodes of `{}` as above? Type yes: ", plan.nodes().len(), plan.cluster));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(answer.trim() == "yes")
}

/// Two runs would each find that a node can be spared, and take one down. This sees the runs of this machine only.
fn nobody_else_is_at_work(global: &Global, cluster: &str) -> Result<(), Trouble> {
    let directory = runs::directory(global)?;
    let runs =
        list(&directory).with_context(|| format!("cannot list the runs in {}", directory.display()))?;
    let at_work = runs.iter().find(|run| {
        run.standing == Standing::Running && run.begun.as_ref().is_some_and(|begun| begun.cluster == cluster)
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
fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

async fn carry_out(
    global: &Global,
    options: &ApplyArguments,
    loaded: Loaded,
    made: Made,
) -> Result<Exit, Trouble> {
    let Made { plan, cluster, facts, looks } = made;
    let interrupts = interrupt::listen().context("cannot listen for signals")?;
    let now = Timestamp::now();
    let run = run_id(&plan.cluster, now);
    let runs_dir = runs::directory(global)?;
    let mut journal = Journal::create(&runs_dir, &run).map_err(anyhow::Error::new)?;
    let transcript = Transcript::open(&runs_dir.join(&run).join("transcript.jsonl"));
    let transcript = Arc::new(transcript.context("cannot begin the transcript")?);
    let cluster = cluster.with_hosts(|host| Arc::new(Transcribed::new(host, Arc::clone(&transcript))));
    let started = StepEvent::RunStarted { run: run.clone(), operator: operator(), plan: Box::new(plan) };
    journal.append(now, &started).map_err(anyhow::Error::new)?;
    let state = RunState::begin(now, &started).map_err(anyhow::Error::new)?;
    let mut reporter = reporter(global);
    reporter.event(&Event::Step { at: now, event: started }, &state);
    let performer = Performer {
        run,
        cluster: Arc::new(cluster),
        facts: Arc::new(facts),
        material: Arc::new(loaded.material),
        noted: Default::default(),
        // A person thinks for minutes, or closes the lid; what observers said before is of the past then.
        recent: Mutex::new(options.yes.then_some(looks)),
    };
    let mut engine = Engine { state, journal: &mut journal, reporter: reporter.as_mut() };
    let ended = engine.run(Arc::new(performer), interrupts).await;
    let state = engine.state;
    reporter.finish(&state);
    match ended {
        Ok(result) => Ok(result.into()),
        Err(EngineError::Left) => {
            let _ = writeln!(std::io::stderr(), "error: {}", EngineError::Left);
            Ok(Exit::Interrupted)
        }
        Err(error) => {
            let exit = if state.changed_something() { Exit::StoppedMidway } else { Exit::StoppedUnchanged };
            let _ = writeln!(std::io::stderr(), "error: {:#}", anyhow::Error::new(error));
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
fn operator() -> String {
    let user =
        std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "unknown".into());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{user}@{}", host.trim())
}
