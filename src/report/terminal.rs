//! A run on a terminal: one bar for all of it, a row for each node at work, and above them what came to an end.

use super::lines::{Lines, why};
use super::track::{Standing, Visit};
use super::words::{CLUSTER, count, printable};
use super::{Reporter, Screen, summary};
use crate::journal::event::{Event, Progress, StepEvent};
use crate::journal::state::RunState;
use crate::plan::StepId;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;

pub struct Terminal {
    bars: MultiProgress,
    screen: Screen,
    rows: Box<dyn Fn() -> u16 + Send>,
    lines: Lines,
    total: ProgressBar,
    /// How many nodes are at work without a row.
    more: ProgressBar,
    /// By visit: the rows on the screen.
    shown: BTreeMap<usize, ProgressBar>,
    /// By visit: what nodes do for which there is no row.
    hidden: BTreeMap<usize, String>,
    /// A question stands on the screen: nothing is drawn until it is answered.
    asking: bool,
}

// The total, the line that counts the rest, and three for what is printed above.
const OTHER_ROWS: usize = 5;

// Times on the screen are in seconds.
const TICK: Duration = Duration::from_secs(1);

// As wide as in the plain lines; longer names are cut.
const NODE: &str = "  {prefix:12!} {wide_msg} {elapsed:>6}";
const TOTAL: &str = "{wide_msg} [{bar:20}] {pos}/{len} {elapsed_precise}";
const MORE: &str = "  {wide_msg}";

impl Terminal {
    pub fn stdout(screen: Screen) -> Terminal {
        let rows = || console::Term::stdout().size().0;
        Terminal::new(ProgressDrawTarget::stdout(), Box::new(rows), screen)
    }

    /// `rows` is asked whenever a node begins: windows change their size.
    pub fn new(target: ProgressDrawTarget, rows: Box<dyn Fn() -> u16 + Send>, screen: Screen) -> Terminal {
        let bars = MultiProgress::with_draw_target(target);
        let total = bars.add(ProgressBar::new(0).with_style(style(TOTAL).progress_chars("=> ")));
        let more = bars.add(ProgressBar::new_spinner().with_style(style(MORE)));
        let (shown, hidden) = (BTreeMap::new(), BTreeMap::new());
        Terminal { bars, screen, rows, lines: Lines::new(screen), total, more, shown, hidden, asking: false }
    }

    fn step_event(&mut self, event: &StepEvent, state: &RunState) {
        match event {
            StepEvent::StepStarted { step, .. } => self.doing(*step, state.plan.steps[*step].step.sentence()),
            StepEvent::StepFinished { step, .. } => {
                self.asking = false;
                let visit = self.lines.track.visit_of(*step);
                match self.lines.track.visits[visit].standing {
                    Standing::Done { .. } | Standing::Failed { .. } => self.leave(visit),
                    // A pause that does not let the run go on leaves nothing begun.
                    Standing::Untouched => self.leave(visit),
                    Standing::AtWork { .. } => {}
                }
            }
            StepEvent::RunStarted { .. }
            | StepEvent::Resumed { .. }
            | StepEvent::Interrupted
            | StepEvent::WindowClosed { .. }
            | StepEvent::WindowOpened
            | StepEvent::RollbackPlanned { .. }
            | StepEvent::RollbackRefused { .. }
            | StepEvent::RollbackEnded { .. }
            | StepEvent::RunFinished { .. } => {}
        }
    }

    fn progress(&mut self, progress: &Progress) {
        match progress {
            Progress::Asks { step, .. } => self.make_way(*step),
            // The line above the bars says it.
            Progress::Closed { .. } => {}
            Progress::JobStage { step, stage } => self.doing(*step, format!("restart: {}", printable(stage))),
            Progress::Looked { step, passed_in_a_row, of, waiting } => {
                let text = match why(waiting) {
                    Some(why) => format!("waits: {why}"),
                    None => format!("healthy in {passed_in_a_row} of {of} looks"),
                };
                self.doing(*step, text);
            }
        }
    }

    /// Says what a node does: in its row, or in a new one while there is room.
    fn doing(&mut self, step: StepId, text: String) {
        let visit = self.lines.track.visit_of(step);
        match self.shown.get(&visit) {
            Some(row) => row.set_message(text),
            None if self.has_room() => self.show(visit, text),
            None => {
                self.hidden.insert(visit, text);
                self.say_more();
            }
        }
    }

    fn has_room(&self) -> bool {
        self.shown.len() + OTHER_ROWS < usize::from((self.rows)())
    }

    fn show(&mut self, visit: usize, text: String) {
        let row = self.bars.insert_before(&self.more, ProgressBar::new_spinner().with_style(style(NODE)));
        let node = &self.lines.track.visits[visit].node;
        row.set_prefix(if node.is_empty() { CLUSTER.to_owned() } else { node.clone() });
        row.set_message(text);
        row.enable_steady_tick(TICK);
        self.shown.insert(visit, row);
    }

    /// Takes a node off the screen; the one that has waited longest for a row gets it.
    fn leave(&mut self, visit: usize) {
        self.hidden.remove(&visit);
        if let Some(row) = self.shown.remove(&visit) {
            self.drop_row(&row);
        }
        if self.has_room()
            && let Some((visit, text)) = self.hidden.pop_first()
        {
            self.show(visit, text);
        }
        self.say_more();
    }

    fn drop_row(&self, row: &ProgressBar) {
        row.finish_and_clear();
        self.bars.remove(row);
    }

    fn say_more(&self) {
        match self.hidden.len() {
            0 if self.more.message().is_empty() => {}
            0 => self.more.set_message(""),
            more => self.more.set_message(format!("and {} at work", count(more, "more node"))),
        }
    }

    /// The question is the last line that was printed; bars beneath it would move it away from its answer.
    fn make_way(&mut self, step: StepId) {
        self.leave(self.lines.track.visit_of(step));
        self.asking = true;
        let _ = self.bars.clear();
    }

    fn say_total(&self, state: &RunState) {
        if self.asking {
            return;
        }
        let track = &self.lines.track;
        let visit = self.shown.keys().next_back().map(|visit| &track.visits[*visit]);
        let place = visit.map_or(String::new(), |visit| place(visit, state));
        self.total.set_length(track.visits.len() as u64);
        self.total.set_message(format!("{}{place}", state.plan.playbook));
        self.total.set_position(track.done as u64);
    }
}

fn place(visit: &Visit, state: &RunState) -> String {
    let phase = state.plan.phases.get(visit.phase).map_or("", |phase| &phase.name);
    format!(", phase {phase}, wave {}", state.plan.ordinal(visit.wave))
}

impl Reporter for Terminal {
    fn event(&mut self, event: &Event, state: &RunState) {
        for line in self.lines.of(event, state).iter().filter(|line| line.of_note) {
            // A terminal that is gone must not stop a run.
            let _ = self.bars.println(&line.text);
        }
        match event {
            Event::Step { event, .. } => self.step_event(event, state),
            Event::Progress { progress, .. } => self.progress(progress),
        }
        self.say_total(state);
    }

    fn finish(&mut self, state: &RunState) {
        for row in std::mem::take(&mut self.shown).into_values() {
            self.drop_row(&row);
        }
        self.more.finish_and_clear();
        self.total.finish_and_clear();
        let _ = self.bars.println(format!("\n{}", summary::text(state, self.screen).trim_end()));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants of this file")
}
