//! What the steps of a node leave for those after them; for a resumed run, out of what its journal says.

use crate::cluster::moment::Moment;
use crate::facts::Process;
use crate::journal::state::{RunState, Status};
use crate::plan::StepId;
use crate::plan::step::{Gate, Hold, Step, Write};
use std::collections::BTreeMap;

#[derive(Clone, Default)]
pub(super) struct Noted {
    /// The node bears the mark of this run.
    pub(super) owes: bool,
    /// SHA-256 by path of the files that this run has put there.
    pub(super) written: BTreeMap<String, String>,
    /// When the node could be spared, and the hold that found it; no moment: in an earlier process.
    pub(super) spared: Option<(Option<Moment>, Hold)>,
    /// The process that the restart ended, and the one that it started.
    pub(super) before: Option<Process>,
    pub(super) started: Option<Process>,
    /// The restart whose job was seen to its end, be it by an earlier process of this run: it tells what it started.
    pub(super) restarted: Option<StepId>,
}

impl Noted {
    /// What the steps of a walk that are done leave for those that are not. That the node bears the mark is not taken
    /// for granted: marking it again is harmless.
    pub(super) fn of(state: &RunState, node: &str) -> Noted {
        let mut noted = Noted::default();
        for (id, step) in state.plan.steps.iter().enumerate().filter(|(_, step)| step.node == node) {
            if !matches!(state.status[id], Status::Done { .. }) {
                continue;
            }
            match &step.step {
                Step::PushStore(_) | Step::EditYaml(_) | Step::RestoreFile(_) => {
                    noted.wrote(step.step.writes());
                }
                Step::Restart(_) => noted.restarted = Some(id),
                // What was answered before counts no more: a restart that has not begun asks again.
                Step::Hold(hold) if asks_to_go(hold) => {
                    noted.spared = Some((None, hold.clone()));
                }
                Step::Hold(_) | Step::Reload(_) | Step::Pause(_) => {}
                Step::Confirm => (noted.spared, noted.restarted) = (None, None),
            }
        }
        noted
    }

    fn wrote(&mut self, write: Option<Write<'_>>) {
        let Some(Write { path, becomes, .. }) = write else { return };
        match becomes {
            Some(sha256) => drop(self.written.insert(path.to_owned(), sha256.to_owned())),
            None => drop(self.written.remove(path)),
        }
    }
}

pub(super) fn asks_to_go(hold: &Hold) -> bool {
    hold.gates.iter().any(|gate| matches!(gate, Gate::CanBeSpared { .. }))
}

/// What passing these gates has shown.
pub(super) fn held(gates: &[Gate]) -> String {
    let wires: Vec<String> = gates.iter().filter_map(Gate::wire).map(ToString::to_string).collect();
    if wires.is_empty() { "it can".into() } else { wires.join("; ") }
}
