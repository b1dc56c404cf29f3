//! How a run left the cluster: which nodes are done, which are not and why, and what to type next.

use super::track::{Standing, Track, Visit};
use super::words::{CLUSTER, count, duration, printable};
use super::{Screen, names, rollback};
use crate::journal::event::{Kept, RunResult};
use crate::journal::state::{NotYet, RunState, Status};
use crate::plan::StepId;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// The last words on a run, at whatever point it stands.
pub fn text(state: &RunState, screen: Screen) -> String {
    let track = Track::of(state);
    let fates = Fates::of(&track, state);
    let mut text = screen.wrap("", &headline(state, &fates));
    // Where all is as before, who came how far is of no more use.
    let groups = if state.is_put_back_whole() { Vec::new() } else { fates.groups(state) };
    for (word, nodes) in groups {
        text += &screen.wrap(&format!("  {word:<11} "), &names::folded(&nodes));
    }
    text += &not_yet(state, screen);
    text += &failures(&fates, state, screen);
    text += &rollback::last_words(state, screen);
    text += &unfinished(&fates, state, screen);
    let _ = write!(text, "\n{}", screen.wrap("next: ", &next(state, &fates)));
    paint(&text, screen)
}

/// What to type next, at whatever point the run stands.
pub fn what_next(state: &RunState) -> String {
    let track = Track::of(state);
    next(state, &Fates::of(&track, state))
}

/// How each node came out, in the order of the plan.
#[derive(Default)]
struct Fates<'a> {
    done: Vec<&'a str>,
    /// Done in the phases up to this one, untouched in those after it.
    up_to: Vec<(usize, Vec<&'a str>)>,
    failed: Vec<(&'a str, StepId)>,
    /// With the step that was begun and did not end, or the one that was not begun.
    unfinished: Vec<(&'a str, StepId)>,
    untouched: Vec<&'a str>,
    /// A pause that found the cluster to be another one.
    failed_pause: Option<StepId>,
}

impl<'a> Fates<'a> {
    fn of(track: &'a Track, state: &RunState) -> Fates<'a> {
        let mut order = Vec::new();
        let mut visits: HashMap<&str, Vec<&Visit>> = HashMap::new();
        let mut failed_pause = None;
        for visit in &track.visits {
            if visit.node.is_empty() {
                let is_failed = matches!(visit.standing, Standing::Failed { .. });
                failed_pause = failed_pause.or(visit.steps.first().copied().filter(|_| is_failed));
                continue;
            }
            let of_node = visits.entry(&visit.node).or_default();
            if of_node.is_empty() {
                order.push(visit.node.as_str());
            }
            of_node.push(visit);
        }
        let mut fates = Fates { failed_pause, ..Fates::default() };
        for node in order {
            fates.add(node, &visits[node], state);
        }
        fates.up_to.sort_by_key(|(phase, _)| *phase);
        fates
    }

    fn add(&mut self, node: &'a str, visits: &[&Visit], state: &RunState) {
        let mut last_done = None;
        for visit in visits {
            match visit.standing {
                Standing::Failed { .. } => {
                    let failed = |step: &&StepId| matches!(state.status[**step], Status::Failed { .. });
                    return self.failed.extend(visit.steps.iter().find(failed).map(|step| (node, *step)));
                }
                Standing::AtWork { .. } => {
                    let open = |step: &&StepId| !matches!(state.status[**step], Status::Done { .. });
                    return self.unfinished.extend(visit.steps.iter().find(open).map(|step| (node, *step)));
                }
                Standing::Untouched => {}
                Standing::Done { .. } => last_done = Some(visit.phase),
            }
        }
        let all_done = visits.iter().all(|visit| matches!(visit.standing, Standing::Done { .. }));
        match last_done {
            Some(_) if all_done => self.done.push(node),
            None => self.untouched.push(node),
            Some(phase) => match self.up_to.iter_mut().find(|(known, _)| *known == phase) {
                Some((_, nodes)) => nodes.push(node),
                None => self.up_to.push((phase, vec![node])),
            },
        }
    }

    fn groups(&self, state: &RunState) -> Vec<(String, Vec<&'a str>)> {
        let names = |nodes: &[(&'a str, StepId)]| nodes.iter().map(|(node, _)| *node).collect::<Vec<_>>();
        let phase = |phase: usize| state.plan.phases.get(phase).map_or("", |phase| phase.name.as_str());
        let mut groups = vec![("done".to_string(), self.done.clone())];
        groups
            .extend(self.up_to.iter().map(|(up_to, nodes)| (format!("in {}", phase(*up_to)), nodes.clone())));
        groups.push(("failed".into(), names(&self.failed)));
        groups.push(("unfinished".into(), names(&self.unfinished)));
        groups.push(("untouched".into(), self.untouched.clone()));
        groups.retain(|(_, nodes)| !nodes.is_empty());
        groups
    }

    fn counts(&self) -> String {
        let up_to: usize = self.up_to.iter().map(|(_, nodes)| nodes.len()).sum();
        let (done, failed) = (self.done.len(), self.failed.len());
        let (unfinished, untouched) = (self.unfinished.len(), self.untouched.len());
        let total = done + up_to + failed + unfinished + untouched;
        let mut text = format!("{done} of {} done", count(total, "node"));
        let others = [
            (up_to, "between phases"),
            (failed, "failed"),
            (unfinished, "unfinished"),
            (untouched, "untouched"),
        ];
        for (number, word) in others.iter().filter(|(number, _)| *number > 0) {
            let _ = write!(text, ", {number} {word}");
        }
        text
    }
}

fn headline(state: &RunState, fates: &Fates) -> String {
    let run = &state.run;
    let after = |at: Timestamp| duration(state.started, at);
    match state.finished {
        Some((at, RunResult::Done)) => format!("run {run} is done after {}: {}", after(at), fates.counts()),
        Some((at, RunResult::StoppedUnchanged)) => {
            format!("run {run} stopped after {}: nothing was changed on any node", after(at))
        }
        Some((at, RunResult::StoppedMidway)) => {
            format!("run {run} stopped midway after {}: {}", after(at), fates.counts())
        }
        Some((at, RunResult::Restored)) => {
            format!("run {run} failed after {}: every node is put back as it was before", after(at))
        }
        Some((at, RunResult::Interrupted)) => {
            format!("run {run} was interrupted after {}: {}", after(at), fates.counts())
        }
        Some((at, RunResult::Waiting)) => {
            format!("run {run} waits, after {}: {}", after(at), fates.counts())
        }
        None => format!(
            "the end of run {run} is not on record: it was killed, or is still at work: {}",
            fates.counts()
        ),
    }
}

/// Why the run ended at a pause, or before its window.
fn not_yet(state: &RunState, screen: Screen) -> String {
    let Some(NotYet { step, why, closed, .. }) = &state.not_yet else { return String::new() };
    let text = match closed {
        true => printable(why),
        false => format!("{}: {}", state.plan.steps[*step].step.sentence(), printable(why)),
    };
    format!("\n{}", screen.wrap("not yet: ", &text))
}

// One failure is rarely alone when its cause is shared, and five show whether it is.
const IN_FULL: usize = 5;

fn failures(fates: &Fates, state: &RunState, screen: Screen) -> String {
    let mut text = String::new();
    let of_pause = fates.failed_pause.map(|step| (CLUSTER, step));
    for (node, step) in of_pause.iter().chain(fates.failed.iter().take(IN_FULL)) {
        let Status::Failed { started, at, why, help, log, unchanged: _ } = &state.status[*step] else {
            continue;
        };
        let what = state.plan.steps[*step].step.sentence();
        let _ = write!(
            text,
            "\n{}",
            screen
                .wrap(&format!("{node}: "), &format!("\"{what}\" failed after {}", duration(*started, *at)))
        );
        text += &screen.wrap("  why:  ", &printable(why));
        for line in log {
            let _ = writeln!(text, "  log:  {}", printable(line));
        }
        if !help.is_empty() {
            text += &screen.wrap("  help: ", help);
        }
        if !state.is_put_back(*step) {
            text += &kept(node, state, screen);
        }
    }
    text + &others(fates.failed.len(), "failed", state)
}

fn others(number: usize, how: &str, state: &RunState) -> String {
    match number.saturating_sub(IN_FULL) {
        0 => String::new(),
        more => format!("\nand {more} more {how}: `ringwalk show {}` tells of each\n", state.run),
    }
}

fn unfinished(fates: &Fates, state: &RunState, screen: Screen) -> String {
    let mut text = String::new();
    for (node, step) in fates.unfinished.iter().take(IN_FULL) {
        let what = state.plan.steps[*step].step.sentence();
        let how = match state.status[*step] {
            Status::Started { .. } => format!("\"{what}\" was begun, and its end is not on record"),
            Status::Waiting | Status::Done { .. } | Status::Failed { .. } => {
                format!("stopped before \"{what}\"")
            }
        };
        let _ = write!(text, "\n{}", screen.wrap(&format!("{node}: "), &how));
        text += &kept(node, state, screen);
    }
    text + &others(fates.unfinished.len(), "unfinished", state)
}

/// The files that were replaced on a node, and where the old ones are. Of two backups of a file the first is the old.
fn kept(node: &str, state: &RunState, screen: Screen) -> String {
    let mut told = HashSet::new();
    let touched = state.touched.iter().filter(|touched| touched.node == node);
    let first = touched.filter(|touched| told.insert(&touched.kept.path));
    let lines = first.map(|touched| {
        let Kept { path, backup, sha256 } = &touched.kept;
        match (sha256, was_replaced(node, path, state)) {
            (Some(_), true) => screen.wrap("  kept: ", &format!("{path} is in {backup}")),
            (Some(_), false) => {
                screen.wrap("  kept: ", &format!("if {path} was replaced, it is in {backup}"))
            }
            (None, true) => screen.wrap("  new:  ", &format!("{path} was not there before")),
            (None, false) => screen.wrap("  new:  ", &format!("{path} was not there before, if it is now")),
        }
    });
    lines.collect()
}

/// Whether some step is known to have replaced the file; one that failed has most likely not.
fn was_replaced(node: &str, path: &str, state: &RunState) -> bool {
    state.plan.steps.iter().zip(&state.status).any(|(planned, status)| {
        let is_it = planned.step.writes().is_some_and(|write| write.path == path);
        is_it && planned.node == node && matches!(status, Status::Done { .. })
    })
}

fn next(state: &RunState, fates: &Fates) -> String {
    let run = &state.run;
    let go_on = format!("`ringwalk resume {run}` goes on, `ringwalk rollback {run}` takes it back");
    let kept = format!(
        "the files that were replaced are kept on their nodes, in /var/lib/ringwalk/runs/{}",
        state.run
    );
    if let Some(next) = rollback::next(state) {
        return next;
    }
    match state.finished.map(|(_, result)| result) {
        Some(RunResult::Done) if state.origin.undoes.is_some() => {
            let undone = state.origin.undoes.as_deref().unwrap_or_default();
            match state.origin.in_part {
                true => format!("`ringwalk resume {undone}` goes on with that run"),
                false => format!(
                    "what was put back is as before run {undone}; `ringwalk plan` shows what a playbook would do again"
                ),
            }
        }
        Some(RunResult::Done) => {
            format!("`ringwalk plan` finds nothing to do; `ringwalk show {}` shows this run again", state.run)
        }
        Some(RunResult::StoppedUnchanged | RunResult::Restored) => {
            format!("mend the cause, then `ringwalk resume {run}`")
        }
        Some(RunResult::StoppedMidway) => format!("mend the cause; then {go_on}; {kept}"),
        Some(RunResult::Waiting) => {
            let help = state.not_yet.as_ref().map_or("", |not_yet| not_yet.help.as_str());
            format!("{help}; `ringwalk rollback {run}` takes it back")
        }
        Some(RunResult::Interrupted) | None if fates.failed.is_empty() => format!("{go_on}; {kept}"),
        Some(RunResult::Interrupted) | None => format!("mend the cause; then {go_on}; {kept}"),
    }
}

/// Colours the words that the eye looks for.
fn paint(text: &str, screen: Screen) -> String {
    let paint = |line: &str| match line.split_whitespace().next() {
        Some("done") => screen.green(line),
        Some("failed" | "why:") => screen.red(line),
        Some("unfinished") => screen.yellow(line),
        Some("run" | "next:") => screen.bold(line),
        Some(_) | None => line.to_string(),
    };
    text.lines().map(|line| paint(line) + "\n").collect()
}
