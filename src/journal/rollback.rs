//! What became of the playbook's wish to take a run back after a failure.

use super::event::RunResult;
use super::state::{OutOfOrder, RunState, Status};
use crate::plan::StepId;
use crate::plan::conduct::Extent;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollback {
    Refused {
        why: String,
    },
    Planned {
        extent: Extent,
        /// The run that takes it back; `None`: nothing was left to be put back.
        run: Option<String>,
        nodes: Vec<String>,
        /// What of this run it takes back.
        steps: BTreeSet<StepId>,
        /// How that run ended; `None`: this journal does not tell.
        result: Option<RunResult>,
    },
}

impl Rollback {
    /// Whether it is known to have put back what this step did.
    pub(super) fn has_put_back(&self, step: StepId) -> bool {
        match self {
            Rollback::Planned { result: Some(RunResult::Done), steps, .. } => steps.contains(&step),
            Rollback::Planned { .. } | Rollback::Refused { .. } => false,
        }
    }
}

impl RunState {
    /// A step on a node failed. A pause is on no node: what it finds is mended, not put back.
    pub fn a_node_failed(&self) -> bool {
        let mut steps = self.plan.steps.iter().zip(&self.status);
        steps.any(|(step, status)| matches!(status, Status::Failed { .. }) && step.on_node().is_some())
    }

    /// Waves and nodes in which a step failed.
    pub fn failed_walks(&self) -> BTreeSet<(usize, String)> {
        let of_failed = self.status.iter().zip(&self.plan.steps);
        let of_failed = of_failed.filter(|(status, _)| matches!(status, Status::Failed { .. }));
        of_failed.map(|(_, step)| (step.wave, step.node.clone())).collect()
    }

    /// How much is taken back without anybody being asked, where the playbook wishes so much.
    pub fn unasked(&self, wish: Extent) -> Extent {
        let before =
            |pause: &StepId| self.plan.steps[..*pause].iter().any(|step| step.step.changes_the_node());
        match wish {
            Extent::Run if self.passed.last().is_some_and(before) => Extent::SincePause,
            Extent::Run | Extent::Failed | Extent::SincePause => wish,
        }
    }

    /// What a rollback of this extent takes back.
    pub fn steps_within(&self, extent: Extent) -> BTreeSet<StepId> {
        let walks = self.failed_walks();
        let steps = self.plan.steps.iter().enumerate();
        let within = steps.filter(|(id, step)| match extent {
            Extent::Run => true,
            Extent::SincePause => self.passed.last().is_none_or(|pause| id > pause),
            Extent::Failed => walks.contains(&(step.wave, step.node.clone())),
        });
        within.map(|(id, _)| id).collect()
    }

    /// Whether another run takes back what the step did, has done so or was about to: either may be found on its node.
    pub fn is_being_put_back(&self, step: StepId) -> bool {
        match &self.rollback {
            Some(Rollback::Planned { steps, .. }) => steps.contains(&step),
            Some(Rollback::Refused { .. }) | None => false,
        }
    }

    /// Whether what the step did is known to be taken back.
    pub fn is_put_back(&self, step: StepId) -> bool {
        self.rollback.as_ref().is_some_and(|rollback| rollback.has_put_back(step))
    }

    /// Every node was put back as it was before the run.
    pub fn is_put_back_whole(&self) -> bool {
        self.is_taken_back() && !self.changed_something()
    }

    /// All that the run did, or did since its last pause, is being taken back by another, or was: it does not go on.
    pub fn is_taken_back(&self) -> bool {
        match &self.rollback {
            Some(Rollback::Planned { extent: Extent::Run | Extent::SincePause, .. }) => true,
            Some(Rollback::Planned { extent: Extent::Failed, .. } | Rollback::Refused { .. }) | None => false,
        }
    }

    /// As far as this journal tells: one that was planned may never have begun.
    pub(super) fn was_taken_back(&self) -> bool {
        let result = match &self.rollback {
            Some(Rollback::Planned { extent: Extent::Run | Extent::SincePause, result, .. }) => *result,
            Some(Rollback::Planned { extent: Extent::Failed, .. } | Rollback::Refused { .. }) | None => None,
        };
        result.is_some()
    }

    pub(super) fn plan_rollback(&mut self, rollback: Rollback) -> Result<(), OutOfOrder> {
        if self.rollback.is_some() || !self.a_node_failed() || self.running().next().is_some() {
            return Err(OutOfOrder(
                "a run is taken back once, when a node failed and none is in work".into(),
            ));
        }
        self.rollback = Some(rollback);
        Ok(())
    }

    pub(super) fn end_rollback(&mut self, ended: RunResult) -> Result<(), OutOfOrder> {
        match &mut self.rollback {
            Some(Rollback::Planned { result: result @ None, .. }) => {
                *result = Some(ended);
                Ok(())
            }
            Some(_) | None => Err(OutOfOrder("a rollback ends that was not begun".into())),
        }
    }
}
