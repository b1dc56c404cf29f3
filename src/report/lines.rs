//! What an event is to a reader: no line, one, or a few.

use super::track::{Standing, Track};
use super::words::{clock, count, duration, printable};
use super::{Screen, names, rollback};
use crate::journal::event::{Event, Outcome, Progress, StepEvent, Waiting};
use crate::journal::state::{RunState, Status};
use crate::plan::step::Step;
use crate::plan::{Plan, StepId, Wave};
use jiff::Timestamp;
use std::collections::HashMap;

pub struct Line {
    /// Worth reading when live bars show the rest.
    pub of_note: bool,
    pub text: String,
}

/// The lines of a run, event by event.
pub struct Lines {
    screen: Screen,
    pub track: Track,
    begun: bool,
    phase: Option<usize>,
    wave: Option<usize>,
    waits: HashMap<StepId, Wait>,
}

/// A hold that was said to wait.
struct Wait {
    since: Timestamp,
    said: Timestamp,
    why: String,
}

// Often enough to show that we are alive, rare enough to leave the log readable.
const REPEAT_WAIT_S: i64 = 30;

// Longer names push the text of their own lines only.
const NAME_WIDTH: usize = 12;

impl Lines {
    pub fn new(screen: Screen) -> Lines {
        Lines {
            screen,
            track: Track::default(),
            begun: false,
            phase: None,
            wave: None,
            waits: HashMap::new(),
        }
    }

    pub fn of(&mut self, event: &Event, state: &RunState) -> Vec<Line> {
        let at = match event {
            Event::Step { at, .. } | Event::Progress { at, .. } => *at,
        };
        let mut lines = Vec::new();
        let is_new = matches!(event, Event::Step { event: StepEvent::RunStarted { .. }, .. });
        if !self.begun || is_new || !self.track.fits(state) {
            self.track = Track::of(state);
            (self.phase, self.wave) = (None, None);
            self.waits.clear();
        }
        if !self.begun || is_new {
            self.begun = true;
            lines.push(self.header(at, event, state));
        }
        match event {
            Event::Step { event, .. } => self.step_event(at, event, state, &mut lines),
            Event::Progress { progress, .. } => lines.extend(self.progress(at, progress, state)),
        }
        lines
    }

    fn header(&self, at: Timestamp, event: &Event, state: &RunState) -> Line {
        let plan = &state.plan;
        let nodes = count(plan.nodes().len(), "node");
        let text = match event {
            Event::Step { event: StepEvent::RunStarted { .. }, .. } => format!(
                "run {} by {}: {} on {}, {nodes} (times are UTC)",
                state.run, state.operator, plan.playbook, plan.cluster
            ),
            Event::Step { .. } | Event::Progress { .. } => format!(
                "run {} goes on: {} on {}, {nodes}, {} of {} visits are done (times are UTC)",
                state.run,
                plan.playbook,
                plan.cluster,
                self.track.done,
                self.track.visits.len()
            ),
        };
        note(format!("{} {}", clock(at), self.screen.bold(&text)))
    }

    fn step_event(&mut self, at: Timestamp, event: &StepEvent, state: &RunState, lines: &mut Vec<Line>) {
        match event {
            StepEvent::RunStarted { .. } | StepEvent::RunFinished { .. } => {}
            StepEvent::StepStarted { step, .. } => {
                self.track.follow(*step, state);
                lines.extend(self.phase_line(at, *step, state));
                lines.extend(self.wave_line(at, *step, state));
                let planned = &state.plan.steps[*step];
                match &planned.step {
                    // A hold is worth a line once it waits; confirming shows in the node's last line.
                    Step::Hold(_) | Step::Confirm => {}
                    Step::PushStore(_)
                    | Step::EditYaml(_)
                    | Step::RestoreFile(_)
                    | Step::Restart(_)
                    | Step::Reload(_) => {
                        lines.push(detail(on_node(at, &planned.node, &planned.step.sentence())));
                    }
                    Step::Pause(_) => lines.push(note(on_node(at, "", &planned.step.sentence()))),
                }
            }
            StepEvent::Resumed { operator } => {
                self.track = Track::of(state);
                self.waits.clear();
                let text = format!(
                    "resumed by {operator}: {} of {} visits are done",
                    self.track.done,
                    self.track.visits.len()
                );
                lines.push(note(format!("{} {}", clock(at), self.screen.bold(&text))));
            }
            StepEvent::StepFinished { step, outcome } => self.finished(at, *step, outcome, state, lines),
            StepEvent::Interrupted => lines.push(note(format!(
                "{} {}",
                clock(at),
                self.screen.yellow("interrupt: nothing new is begun, what runs comes to its end")
            ))),
            StepEvent::WindowClosed { .. } => {
                let why = state.not_yet.as_ref().map_or("", |not_yet| not_yet.why.as_str());
                let text = format!("{}: {}", self.screen.yellow("not yet"), printable(why));
                lines.push(note(on_node(at, "", &text)));
            }
            StepEvent::WindowOpened => lines.push(note(on_node(at, "", "the window is open"))),
            StepEvent::RollbackPlanned { .. }
            | StepEvent::RollbackRefused { .. }
            | StepEvent::RollbackEnded { .. } => lines.extend(
                rollback::line(event, state, self.screen).map(|text| note(format!("{} {text}", clock(at)))),
            ),
        }
    }

    fn phase_line(&mut self, at: Timestamp, step: StepId, state: &RunState) -> Option<Line> {
        let phase = state.plan.steps[step].phase;
        if self.phase.is_some_and(|shown| shown >= phase) {
            return None;
        }
        self.phase = Some(phase);
        let name = &state.plan.phases.get(phase)?.name;
        let text = format!("phase {name} ({} of {})", phase + 1, state.plan.phases.len());
        Some(note(format!("{} {}", clock(at), self.screen.bold(&text))))
    }

    fn wave_line(&mut self, at: Timestamp, step: StepId, state: &RunState) -> Option<Line> {
        let planned = &state.plan.steps[step];
        if self.wave.is_some_and(|shown| shown >= planned.wave) {
            return None;
        }
        self.wave = Some(planned.wave);
        let wave =
            state.plan.phases.get(planned.phase)?.waves.iter().find(|wave| wave.number == planned.wave)?;
        // A wave of one node is that node; its own lines say enough.
        (wave.canary || wave.nodes.len() > 1)
            .then(|| note(format!("{} {}", clock(at), wave_title(&state.plan, wave))))
    }

    fn finished(
        &mut self,
        at: Timestamp,
        step: StepId,
        outcome: &Outcome,
        state: &RunState,
        lines: &mut Vec<Line>,
    ) {
        let waited = self.waits.remove(&step);
        let visit = self.track.follow(step, state);
        let node = visit.node.clone();
        match (outcome, visit.standing) {
            (Outcome::Failed { why, help, log, unchanged: _ }, Standing::Failed { since, .. }) => {
                let what = state.plan.steps[step].step.sentence();
                let failed = self.screen.red(&format!("failed after {}", duration(since, at)));
                lines.push(note(on_node(at, &node, &format!("{failed}: {what}: {}", printable(why)))));
                // Details: the summary, which follows soon, says them again.
                lines.extend(log.iter().map(|line| detail(beneath("log", &printable(line)))));
                lines.extend((!help.is_empty()).then(|| detail(beneath("help", help))));
            }
            (Outcome::NotYet { why, .. }, _) => {
                let text = format!("{}: {}", self.screen.yellow("not yet"), printable(why));
                lines.push(note(on_node(at, &node, &text)));
            }
            (_, Standing::Done { since, at }) => {
                let seen = seen(&visit.steps, state).map(|seen| format!(": {}", printable(seen)));
                let done = self.screen.green("done");
                let text = format!(
                    "{done} in {} ({} of {}){}",
                    duration(since, at),
                    self.track.done,
                    self.track.visits.len(),
                    seen.unwrap_or_default()
                );
                lines.push(note(on_node(at, &node, &text)));
            }
            (_, Standing::Untouched | Standing::AtWork { .. } | Standing::Failed { .. }) => {
                if let Some(wait) = waited {
                    let text = format!("goes on after {}", duration(wait.since, at));
                    lines.push(detail(on_node(at, &node, &text)));
                }
            }
        }
    }

    fn progress(&mut self, at: Timestamp, progress: &Progress, state: &RunState) -> Option<Line> {
        match progress {
            Progress::JobStage { step, stage } => {
                let node = &state.plan.steps.get(*step)?.node;
                Some(detail(on_node(at, node, &format!("restart: {}", printable(stage)))))
            }
            Progress::Closed { opens } => {
                let window = state.plan.conduct.window.as_ref()?;
                let opens = opens.strftime("on %a %Y-%m-%d at %H:%M UTC");
                let waits = self.screen.yellow("waits");
                let text = format!("{waits}: nodes are begun within {window} only, next {opens}");
                Some(note(on_node(at, "", &text)))
            }
            Progress::Asks { question, .. } => {
                let question = format!("{} Type yes: ", printable(question));
                Some(note(on_node(at, "", &self.screen.bold(&question))))
            }
            Progress::Looked { step, waiting, .. } => {
                let why = why(waiting)?;
                let wait = self.waits.get(step);
                let repeat = |said: Timestamp| at.duration_since(said).as_secs() >= REPEAT_WAIT_S;
                if wait.is_some_and(|wait| wait.why == why && !repeat(wait.said)) {
                    return None;
                }
                let since = wait.map_or(at, |wait| wait.since);
                let so_far = match since == at {
                    true => String::new(),
                    false => format!(" for {}", duration(since, at)),
                };
                let text = format!("{}{so_far}: {why}", self.screen.yellow("waits"));
                self.waits.insert(*step, Wait { since, said: at, why });
                Some(detail(on_node(at, &state.plan.steps.get(*step)?.node, &text)))
            }
        }
    }
}

/// What a hold waits for, as one text; `None` if for nothing but time.
pub fn why(waiting: &[Waiting]) -> Option<String> {
    let one = |waiting: &Waiting| format!("{} ({})", printable(&waiting.why), waiting.gate.question());
    (!waiting.is_empty()).then(|| waiting.iter().map(one).collect::<Vec<_>>().join("; "))
}

fn wave_title(plan: &Plan, wave: &Wave) -> String {
    let nodes: Vec<&str> = wave.nodes.iter().map(|change| change.node.as_str()).collect();
    let canary = if wave.canary { ", canary" } else { "" };
    format!("wave {}{canary}: {}", plan.ordinal(wave.number), names::in_order(&nodes))
}

/// What proves a node healthy: what its last look at the wire saw, else the last thing seen.
fn seen<'a>(steps: &[StepId], state: &'a RunState) -> Option<&'a str> {
    let looks_at_wire = |step: StepId| match &state.plan.steps[step].step {
        Step::Hold(hold) => hold.gates.iter().any(|gate| gate.wire().is_some()),
        Step::PushStore(_)
        | Step::EditYaml(_)
        | Step::RestoreFile(_)
        | Step::Restart(_)
        | Step::Reload(_)
        | Step::Confirm
        | Step::Pause(_) => false,
    };
    let text = |step: StepId| match &state.status[step] {
        Status::Done { seen, .. } if !seen.is_empty() => Some(seen.as_str()),
        Status::Done { .. } | Status::Waiting | Status::Started { .. } | Status::Failed { .. } => None,
    };
    let last = |wanted: &dyn Fn(StepId) -> bool| {
        steps.iter().rev().filter(|step| wanted(**step)).find_map(|step| text(*step))
    };
    last(&looks_at_wire).or_else(|| last(&|_| true))
}

/// What a pause does it does for all nodes.
fn on_node(at: Timestamp, node: &str, text: &str) -> String {
    let node = if node.is_empty() { super::words::CLUSTER } else { node };
    format!("{} {node:<NAME_WIDTH$} {text}", clock(at))
}

fn beneath(word: &str, text: &str) -> String {
    // As far in as the text of `on_node`: the clock has 8 characters.
    format!("{:1$}{word}: {text}", "", 8 + 1 + NAME_WIDTH + 1)
}

fn note(text: String) -> Line {
    Line { of_note: true, text }
}

fn detail(text: String) -> Line {
    Line { of_note: false, text }
}
