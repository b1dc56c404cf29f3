//! Events for programs: one `Event` a line, and nothing else; `docs/events.md` has the form.

use super::Reporter;
use crate::journal::event::Event;
use crate::journal::state::RunState;
use crate::plan::Plan;
use std::io::Write;

/// `--output json`.
pub struct Json<W> {
    /// `None` once whoever read has gone: that is no reason to stop a run.
    out: Option<W>,
}

impl<W: Write + Send> Json<W> {
    pub fn new(out: W) -> Json<W> {
        Json { out: Some(out) }
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn event(&mut self, event: &Event, _state: &RunState) {
        let Some(out) = &mut self.out else {
            return;
        };
        let written = serde_json::to_vec(event).map_err(std::io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            out.write_all(&line)?;
            out.flush()
        });
        if written.is_err() {
            self.out = None;
        }
    }

    fn finish(&mut self, _state: &RunState) {}
}

/// `plan --output json`: the plan as it is saved.
pub fn plan(plan: &Plan) -> serde_json::Result<String> {
    serde_json::to_string_pretty(plan)
}

/// The JSON Schema of an `Event`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Event).to_value()
}
