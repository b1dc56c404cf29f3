//! A step done on its node, if the run may still act.

use super::{Failure, Place};
use crate::engine::ProgressSender;
use crate::plan::StepId;
use crate::plan::step::Step;

impl Place<'_> {
    pub(super) async fn perform(
        &self,
        id: StepId,
        step: &Step,
        progress: &ProgressSender,
    ) -> Result<String, Failure> {
        // To confirm takes the node's mark away, which may be another's by now.
        if step.changes_the_node() || matches!(step, Step::Confirm) {
            self.may_act()?;
            self.run.permission.acts_on(&self.node.name);
        }
        match step {
            Step::PushStore(push) => self.push(push).await,
            Step::EditYaml(edit) => self.edit(edit).await,
            Step::Restart(restart) => self.restart(id, restart, progress).await,
            Step::Hold(gates) => self.hold(id, gates, progress).await,
            Step::Reload(reload) => self.reload(reload).await,
            Step::RestoreFile(restore) => self.restore(restore).await,
            Step::Confirm => self.confirm().await,
            Step::Pause(_) => unreachable!("a pause is on no node"),
        }
    }

    /// Another run may be at work where this one lost its lock.
    pub(super) fn may_act(&self) -> Result<(), Failure> {
        self.run.permission.may_act().map_err(|why| {
            let help = format!(
                "nothing more was done to {}; see `ringwalk lock show`, and once no other run is at work, \
                 `ringwalk resume {}` goes on",
                self.node.name, self.run.run
            );
            Failure::new(why, help)
        })
    }
}
