//! A run as plain lines, for a CI log or a file: one for each thing that an operator wants to know of.

use super::lines::Lines;
use super::{Reporter, Screen, summary};
use crate::journal::event::Event;
use crate::journal::state::RunState;
use std::io::Write;

pub struct Plain<W> {
    /// `None` once whoever read has gone: that is no reason to stop a run.
    out: Option<W>,
    screen: Screen,
    lines: Lines,
}

impl<W: Write + Send> Plain<W> {
    pub fn new(out: W, screen: Screen) -> Plain<W> {
        Plain { out: Some(out), screen, lines: Lines::new(screen) }
    }

    fn print(&mut self, text: &str) {
        if let Some(out) = &mut self.out
            && out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err()
        {
            self.out = None;
        }
    }
}

impl<W: Write + Send> Reporter for Plain<W> {
    fn event(&mut self, event: &Event, state: &RunState) {
        for line in self.lines.of(event, state) {
            self.print(&format!("{}\n", line.text));
        }
    }

    fn finish(&mut self, state: &RunState) {
        let summary = summary::text(state, self.screen);
        self.print(&format!("\n{summary}"));
    }
}
