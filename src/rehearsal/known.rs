//! How long Cassandra took from its start until it served, in earlier runs: what their journals tell.

use crate::journal::state::{RunState, Status};
use crate::plan::step::Step;

/// Of each restart, what is not Cassandra's start: 8 s in which the node leaves, stops and has its new process, as the copy
/// plays it, and 3 s of looks until it is found healthy.
const AROUND_THE_START_S: i64 = 11;

/// The median over all restarts that were seen to a healthy end, in seconds, and how many those are; `None` for none.
pub fn start_s<'a>(runs: impl IntoIterator<Item = &'a RunState>) -> Option<(u64, usize)> {
    let mut starts: Vec<u64> = runs.into_iter().flat_map(starts).collect();
    starts.sort_unstable();
    let median = starts.get(starts.len() / 2)?;
    Some((*median, starts.len()))
}

fn starts(run: &RunState) -> Vec<u64> {
    let steps = &run.plan.steps;
    let start = |id: usize| {
        let (Step::Restart(_), Status::Done { started, .. }) = (&steps[id].step, &run.status[id]) else {
            return None;
        };
        let is_own = |at: &usize| (steps[*at].wave, &steps[*at].node) == (steps[id].wave, &steps[id].node);
        let healthy =
            (id + 1..steps.len()).filter(is_own).find(|at| matches!(steps[*at].step, Step::Hold(_)))?;
        let (Step::Hold(hold), Status::Done { at, .. }) = (&steps[healthy].step, &run.status[healthy]) else {
            return None;
        };
        let took_s = at.duration_since(*started).as_secs() - hold.at_least_s as i64;
        Some((took_s - AROUND_THE_START_S).max(1).unsigned_abs())
    };
    (0..steps.len()).filter_map(start).collect()
}
