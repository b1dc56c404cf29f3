//! Where each node of a run stands, wave by wave, followed at the cost of one visit an event.

use crate::journal::state::{RunState, Status};
use crate::plan::StepId;
use jiff::Timestamp;
use std::collections::HashMap;

/// A node's way through one wave: its steps there.
#[derive(Clone, Debug)]
pub struct Visit {
    pub node: String,
    pub phase: usize,
    pub wave: usize,
    pub steps: Vec<StepId>,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Untouched,
    AtWork { since: Timestamp },
    Done { since: Timestamp, at: Timestamp },
    Failed { since: Timestamp, at: Timestamp },
}

/// All visits of a plan, in its order.
#[derive(Debug, Default)]
pub struct Track {
    run: String,
    pub visits: Vec<Visit>,
    pub done: usize,
    visit_of: Vec<usize>,
}

impl Track {
    pub fn of(state: &RunState) -> Track {
        let mut track = Track { run: state.run.clone(), ..Track::default() };
        let mut known: HashMap<(usize, &str), usize> = HashMap::new();
        for (step, planned) in state.plan.steps.iter().enumerate() {
            let visit = *known.entry((planned.wave, &planned.node)).or_insert_with(|| {
                track.visits.push(Visit {
                    node: planned.node.clone(),
                    phase: planned.phase,
                    wave: planned.wave,
                    steps: Vec::new(),
                    standing: Standing::Untouched,
                });
                track.visits.len() - 1
            });
            track.visits[visit].steps.push(step);
            track.visit_of.push(visit);
        }
        for visit in &mut track.visits {
            visit.standing = standing(&visit.steps, state);
            track.done += usize::from(matches!(visit.standing, Standing::Done { .. }));
        }
        track
    }

    /// Whether this is still the track of that run: another may come between its events, which takes it back.
    pub fn fits(&self, state: &RunState) -> bool {
        self.run == state.run && self.visit_of.len() == state.plan.steps.len()
    }

    pub fn visit_of(&self, step: StepId) -> usize {
        self.visit_of[step]
    }

    /// Follows an event of this step; gives its visit.
    pub fn follow(&mut self, step: StepId, state: &RunState) -> &Visit {
        let visit = &mut self.visits[self.visit_of[step]];
        let was_done = matches!(visit.standing, Standing::Done { .. });
        visit.standing = standing(&visit.steps, state);
        // A pause that was passed may be open again.
        self.done =
            self.done - usize::from(was_done) + usize::from(matches!(visit.standing, Standing::Done { .. }));
        visit
    }
}

fn standing(steps: &[StepId], state: &RunState) -> Standing {
    let mut since = None;
    let mut ended = None;
    let mut open = false;
    for step in steps {
        match &state.status[*step] {
            Status::Waiting => open = true,
            Status::Started { at } => {
                open = true;
                since = since.or(Some(*at));
            }
            Status::Done { started, at, .. } => {
                since = since.or(Some(*started));
                ended = ended.max(Some(*at));
            }
            Status::Failed { started, at, .. } => {
                return Standing::Failed { since: since.unwrap_or(*started), at: *at };
            }
        }
    }
    match (since, ended, open) {
        (Some(since), Some(at), false) => Standing::Done { since, at },
        (Some(since), _, _) => Standing::AtWork { since },
        (None, _, _) => Standing::Untouched,
    }
}
