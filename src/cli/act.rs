//! What the commands that act have in common: whom they ask, under which lock they act, how they end.

use super::arguments::{Global, OutputForm};
use super::exit::Exit;
use super::load::Loaded;
use super::plan::show;
use super::{Trouble, interrupt, lock, runs};
use crate::cluster::Cluster;
use crate::cluster::views::Looks;
use crate::engine::EngineError;
use crate::engine::answers::Answers;
use crate::engine::carry::{self, Ended, Means};
use crate::facts::Facts;
use crate::journal::event::Origin;
use crate::journal::file::{Journal, JournalError};
use crate::journal::runs::{Standing, run_id};
use crate::plan::Plan;
use crate::report::plan::Detail;
use crate::report::{self, Color, Reporter, Screen};
use crate::transport::transcript::{Transcribed, Transcript};
use anyhow::{Context, anyhow};
use jiff::Timestamp;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All that is known once the operator has agreed to a plan.
pub struct Agreed {
    pub loaded: Loaded,
    pub cluster: Cluster,
    pub facts: Facts,
    /// What observers said for the facts, where nobody was asked since.
    pub looks: Option<Looks>,
    pub plan: Plan,
    pub origin: Origin,
    /// To the pauses of the run.
    pub answers: Answers,
}

/// Carries the plan out as a run of its own, under the cluster's lock.
pub async fn begin(global: &Global, agreed: Agreed) -> Result<Exit, Trouble> {
    let Agreed { loaded, cluster, facts, looks, plan, origin, answers } = agreed;
    let interrupts = interrupt::listen().context("cannot listen for signals")?;
    let run = run_id(&plan.cluster, Timestamp::now());
    let runs_dir = runs::directory(global)?;
    let lease = match origin.undoes.as_deref() {
        Some(undone) => lock::take_over(&cluster, &run, Some(undone), &runs_dir).await?,
        None => lock::take(&cluster, &run).await?,
    };
    let journal = Journal::create(&runs_dir, &run).map_err(of_journal);
    let mut journal = lock::or_give_back(&lease, journal).await?;
    let cluster = lock::or_give_back(&lease, transcribed(cluster, &runs_dir, &run)).await?;
    let mut reporter = reporter(global);
    let means = Means {
        cluster: Arc::new(cluster),
        facts: Arc::new(facts),
        material: Arc::new(loaded.material),
        looks,
        reporter: reporter.as_mut(),
        interrupts,
        permission: lease.clone(),
        answers,
        operator: operator(),
        runs_dir,
        inventory: loaded.input.inventory,
    };
    let ended = carry::begin(&mut journal, &run, origin, plan, means).await;
    lock::give_back(&lease, &ended).await;
    exit(ended)
}

/// The inventory and the playbook of a command.
pub struct Files {
    pub inventory: Option<PathBuf>,
    pub playbook: Option<PathBuf>,
}

impl Files {
    /// Those that are named on the command line, or else those on record.
    pub fn named_or(global: &Global, recorded: Option<(&Option<String>, &Option<String>)>) -> Files {
        let or = |typed: &Option<PathBuf>, recorded: Option<&Option<String>>| {
            typed.clone().or(recorded.and_then(Option::as_ref).map(PathBuf::from))
        };
        Files {
            inventory: or(&global.inventory, recorded.map(|(inventory, _)| inventory)),
            playbook: or(&global.playbook, recorded.map(|(_, playbook)| playbook)),
        }
    }

    /// What a journal tells of them, so that a run is resumed from wherever it is.
    pub fn origin(&self, undoes: Option<String>) -> Origin {
        let (inventory, playbook) = (absolute(&self.inventory), absolute(&self.playbook));
        Origin { inventory, playbook, undoes, in_part: false }
    }
}

/// Shows what is asked about.
pub fn show_before(plan: &Plan, global: &Global, yes: bool) -> Result<(), Trouble> {
    match global.output() {
        OutputForm::Text => show(plan, global)?,
        // Standard output is for events; who answers for themselves reads the plan in the first of them.
        OutputForm::Json if yes => {}
        OutputForm::Json => say(&report::plan::text_in(plan, Screen::of_stdout(Color::Never), Detail::Short)),
    }
    Ok(())
}

/// A path that means the same from wherever it is read again.
pub fn absolute(path: &Option<PathBuf>) -> Option<String> {
    Some(std::path::absolute(path.as_ref()?).ok()?.display().to_string())
}

/// Asks, unless `--yes` has answered. Without a terminal nobody can be asked.
pub fn agreed(yes: bool, question: &str) -> Result<bool, Trouble> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(
            anyhow::anyhow!("there is no terminal to ask on; add --yes if this is what you want").into()
        );
    }
    say(&format!("\n{question} Type yes: "));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(answer.trim() == "yes")
}

/// Two runs would each find that a node can be spared, and take one down. This sees the runs of this machine only.
pub fn nobody_else_is_at_work(global: &Global, cluster: &str, own: Option<&str>) -> Result<(), Trouble> {
    let directory = runs::directory(global)?;
    let runs = runs::list(&directory)?;
    let at_work = runs.iter().find(|run| {
        let is_other = Some(run.id.as_str()) != own;
        is_other
            && run.standing == Standing::Running
            && run.begun.as_ref().is_some_and(|begun| begun.cluster == cluster)
    });
    match at_work {
        Some(run) => Err(anyhow::anyhow!(
            "run {} is at work on `{cluster}`; wait for its end (`ringwalk runs`), then do this again",
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

/// The same nodes, with every command noted beside the run's journal.
pub fn transcribed(cluster: Cluster, runs_dir: &Path, run: &str) -> Result<Cluster, Trouble> {
    let transcript = Transcript::open(&runs_dir.join(run).join("transcript.jsonl"));
    let transcript = Arc::new(transcript.context("cannot begin the transcript")?);
    Ok(cluster.with_hosts(|host| Arc::new(Transcribed::new(host, Arc::clone(&transcript)))))
}

/// How the program ends after a run.
pub fn exit(ended: Result<Ended, EngineError>) -> Result<Exit, Trouble> {
    let Ended { state, result } = ended.map_err(|error| anyhow!(in_words(error)))?;
    match result {
        Ok(result) => Ok(result.into()),
        Err(EngineError::Left) => {
            say(&format!("error: {}\n", EngineError::Left));
            Ok(Exit::Interrupted)
        }
        Err(error) => {
            let exit = if state.changed_something() { Exit::StoppedMidway } else { Exit::StoppedUnchanged };
            say(&format!("error: {}\n", in_words(error)));
            Ok(exit)
        }
    }
}

/// What stopped a run, and the way out.
fn in_words(error: EngineError) -> String {
    let help = error.help();
    with_help(anyhow::Error::new(error), help)
}

/// What is wrong with a run's journal, and the way out.
pub fn of_journal(error: JournalError) -> Trouble {
    let help = error.help();
    anyhow!(with_help(anyhow::Error::new(error), help)).into()
}

fn with_help(error: anyhow::Error, help: Option<String>) -> String {
    match help {
        Some(help) => format!("{error:#}\nhelp: {help}"),
        None => format!("{error:#}"),
    }
}

pub fn reporter(global: &Global) -> Box<dyn Reporter> {
    match global.output() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_cannot_record_says_what_was_not_begun_and_what_to_type() {
        let full = JournalError::Full { path: "/runs/orders-1/journal.jsonl".into() };
        assert_eq!(
            in_words(EngineError::Journal(full)),
            "the run stopped before its next act: its journal cannot be written: cannot record in \
             /runs/orders-1/journal.jsonl: no space is left on the device\nhelp: free some space there, then `ringwalk \
             resume orders-1` goes on: nothing was begun that is not on record"
        );
    }
}
