//! `ringwalk rollback`: takes a run back, as a run of its own.

use super::act::{Agreed, Files, agreed, begin, nobody_else_is_at_work, of_journal, say, show_before};
use super::arguments::{Global, RunArguments};
use super::exit::Exit;
use super::load::load_inventory;
use super::{Trouble, reach, runs, show};
use crate::cluster::survey::{Survey, survey_with};
use crate::cluster::{Cluster, clients};
use crate::engine::answers::Answers;
use crate::engine::back;
use crate::facts::Facts;
use crate::facts::clients::{Clients, Encryption};
use crate::gates::clients_ready::told;
use crate::journal::file;
use crate::journal::runs::{Begun, RunSummary, Standing, moment};
use crate::journal::state::RunState;
use crate::plan::conduct::Extent;
use crate::plan::cut_off::{is_cut_off, may_cut_off};
use crate::plan::{Plan, stand};
use anyhow::anyhow;
use std::path::Path;

pub async fn run(global: &Global, options: &RunArguments) -> Result<Exit, Trouble> {
    let runs_dir = runs::directory(global)?;
    let undone = undone(&runs_dir, options.run.as_deref())?;
    if undone.is_put_back_whole() {
        say(&format!("nothing to take back: every node was put back when run {} failed\n", undone.run));
        return Ok(Exit::Success);
    }
    let files = Files::named_or(global, Some((&undone.origin.inventory, &undone.origin.playbook)));
    let loaded = load_inventory(files.inventory.as_deref(), files.playbook.as_deref())?;
    let cluster = reach::cluster(&loaded);
    let paths =
        |node: &crate::cluster::Node| stand::paths_back(&undone.plan, &node.name).into_iter().collect();
    let Survey { facts, .. } = survey_with(&cluster, &loaded.input.inventory, paths).await?;
    let plan = back::plan(&undone, Extent::Run, &cluster, &loaded.input.inventory, &facts).await?;
    if plan.is_empty() {
        say(&format!("nothing to take back: every node is as before run {}\n", undone.run));
        return Ok(Exit::Success);
    }
    show_before(&plan, global, options.yes)?;
    let cuts_off = cuts_off(&plan, &cluster, &facts).await;
    let question = format!("Put back {} nodes of `{}` as above{cuts_off}?", plan.nodes().len(), plan.cluster);
    if !agreed(options.yes, &question)? {
        say("nothing was changed\n");
        return Ok(Exit::StoppedUnchanged);
    }
    nobody_else_is_at_work(global, &plan.cluster, None)?;
    let origin = files.origin(Some(undone.run));
    // A way back has no pauses.
    let answers = Answers::default();
    begin(global, Agreed { loaded, cluster, facts, looks: None, plan, origin, answers }).await
}

/// Says who is connected now and would not be served any more; what of it belongs into the question.
async fn cuts_off(plan: &Plan, cluster: &Cluster, facts: &Facts) -> String {
    if !may_cut_off(plan) {
        return String::new();
    }
    let mut seen = Clients::default();
    seen.add(clients::look(cluster, &facts.nodes).await);
    for (node, why) in &seen.silent {
        say(&format!("warning: {node} does not tell who is connected: {why}\n"));
    }
    let not_known = seen.only(|client| client.encryption == Encryption::NotKnown).connections.len();
    if not_known > 0 {
        say(&format!(
            "warning: of {not_known} connections it is not known whether they would still be served\n"
        ));
    }
    let cut_off = seen.only(|client| is_cut_off(plan, client));
    match cut_off.connections.len() {
        0 => String::new(),
        count => {
            say(&format!("warning: connected now, and not served any more after it: {}\n", told(&cut_off)));
            format!(", which cuts off {count} connections that clients have now")
        }
    }
}

/// The run that is meant, as far as it came; one that is at work is not taken back.
fn undone(runs_dir: &Path, wanted: Option<&str>) -> Result<RunState, Trouble> {
    let run = match wanted {
        Some(_) => show::choose(runs_dir, wanted)?,
        None => newest(runs_dir)?,
    };
    let path = file::path(runs_dir, &run);
    if file::is_locked(&path).map_err(of_journal)? {
        return Err(anyhow!("run {run} is at work; stop it with Ctrl-C first, then roll it back").into());
    }
    let read = file::read(&path).map_err(of_journal)?;
    read.state.ok_or_else(|| anyhow!("run {run} never began: there is nothing to take back").into())
}

/// The newest run that takes none back itself: to take back what a rollback did would bring the fault in again. What nobody
/// can read is not passed over, since an older run is not what is meant.
fn newest(runs_dir: &Path) -> Result<String, Trouble> {
    let runs = runs::list(runs_dir)?;
    match runs.iter().max_by_key(|run| moment(&run.id)) {
        Some(newest) => Ok(meant(newest, &runs)?),
        None => show::choose(runs_dir, None),
    }
}

fn meant(newest: &RunSummary, runs: &[RunSummary]) -> Result<String, anyhow::Error> {
    let id = &newest.id;
    // What came before its last pause stands.
    let stands_in_part = |undone: &String| {
        let undone = runs.iter().find(|run| run.id == *undone).and_then(|run| run.begun.as_ref());
        undone.is_some_and(|undone| undone.taken_back == Some(Extent::SincePause))
    };
    let help = "help: name the run that is meant; `ringwalk runs` lists them";
    match (&newest.begun, &newest.standing) {
        (_, Standing::Unreadable { problem }) => {
            Err(anyhow!("the newest run, {id}, cannot be read: {problem}\n{help}"))
        }
        (None, _) => Err(anyhow!("the newest run, {id}, never began\n{help}")),
        (Some(Begun { undoes: Some(undone), in_part: true, .. }), _) => Ok(undone.clone()),
        (Some(Begun { undoes: Some(undone), .. }), _) if newest.is_done() && stands_in_part(undone) => {
            Ok(undone.clone())
        }
        (Some(Begun { undoes: Some(undone), .. }), _) if newest.is_done() => {
            Err(anyhow!("run {undone} was taken back already, by run {id}\n{help}"))
        }
        (Some(Begun { undoes: Some(undone), .. }), _) => Err(anyhow!(
            "run {id} takes run {undone} back and is not over\nhelp: `ringwalk resume {id}` goes on with that"
        )),
        (Some(Begun { undoes: None, .. }), _) => Ok(id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::event::RunResult;

    fn run(undoes: Option<&str>, in_part: bool, standing: Standing) -> RunSummary {
        let begun = Begun {
            cluster: "orders".into(),
            playbook: "enable".into(),
            operator: "ops@desk".into(),
            started: jiff::Timestamp::UNIX_EPOCH,
            undoes: undoes.map(Into::into),
            in_part,
            taken_back_by: None,
            taken_back: None,
            changed_something: true,
            nodes_done: 1,
            nodes_total: 3,
        };
        RunSummary { id: "newest".into(), begun: Some(begun), standing }
    }

    fn finished(result: RunResult) -> Standing {
        Standing::Finished { at: jiff::Timestamp::UNIX_EPOCH, result }
    }

    #[test]
    fn a_rollback_is_not_taken_back_unless_somebody_names_it() {
        let said = |run: RunSummary| meant(&run, &[]).map_err(|error| error.to_string());
        let mut first = RunSummary { id: "first".into(), ..run(None, false, finished(RunResult::Restored)) };
        first.begun.as_mut().unwrap().taken_back = Some(Extent::SincePause);
        let since_pause = run(Some("first"), false, finished(RunResult::Done));
        assert_eq!(meant(&since_pause, &[first]).ok(), Some("first".into()));
        assert_eq!(said(run(None, false, finished(RunResult::StoppedMidway))), Ok("newest".into()));
        assert_eq!(said(run(None, false, Standing::Abandoned)), Ok("newest".into()));
        assert_eq!(said(run(Some("first"), true, finished(RunResult::Done))), Ok("first".into()));
        for (wrong, expected) in [
            (
                run(Some("first"), false, finished(RunResult::Done)),
                "run first was taken back already, by run newest",
            ),
            (run(Some("first"), false, Standing::Abandoned), "`ringwalk resume newest` goes on with that"),
            (RunSummary { begun: None, ..run(None, false, Standing::Abandoned) }, "never began"),
            (
                run(None, false, Standing::Unreadable { problem: "line 3 is damaged".into() }),
                "the newest run, newest, cannot be read: line 3 is damaged",
            ),
        ] {
            let why = said(wrong).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }
}
