//! What a restart leaves on its node, so that the node can heal itself should this program be gone.

use super::{Failure, Place, of_file};
use crate::node::heal::{self, OldFile};
use crate::node::job::Job;
use crate::plan::step::{Restart, Step};
use crate::plan::{Plan, StepId};
use std::collections::BTreeMap;
use std::time::Duration;

/// A file that a walk writes: its path, and the SHA-256 of what was and what comes; the same of one whose owner and mode
/// alone are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    path: String,
    was: Option<String>,
    becomes: Option<String>,
}

/// What each restart of a plan may take back on its node.
pub(super) fn written(plan: &Plan) -> BTreeMap<StepId, Vec<Written>> {
    let restarts = (0..plan.steps.len()).filter(|id| matches!(plan.steps[*id].step, Step::Restart(_)));
    restarts.map(|id| (id, written_before(plan, id))).collect()
}

/// What the plan writes on the node of a restart since the node was last seen healthy: going back further would undo what
/// was confirmed.
fn written_before(plan: &Plan, restart: StepId) -> Vec<Written> {
    let Some(own) = plan.steps.get(restart) else { return Vec::new() };
    let mut written: Vec<Written> = Vec::new();
    for step in plan.steps[..restart].iter().filter(|step| step.node == own.node) {
        if matches!(step.step, Step::Confirm) {
            written.clear();
        }
        let Some(write) = step.step.writes() else { continue };
        let [was, becomes] = [write.was, write.becomes].map(|sha256| sha256.map(str::to_owned));
        match written.iter_mut().find(|earlier| earlier.path == write.path) {
            Some(earlier) => earlier.becomes = becomes,
            None => written.push(Written { path: write.path.to_owned(), was, becomes }),
        }
    }
    written
}

impl Place<'_> {
    /// Tells the node which files to put back, where the restart may heal itself and there are any.
    pub(super) async fn prepare_to_heal(
        &self,
        id: StepId,
        restart: &Restart,
        job: &Job,
    ) -> Result<(), Failure> {
        let Some(heal_s) = restart.heal_s else { return Ok(()) };
        let written = self.run.written.get(&id).map(Vec::as_slice).unwrap_or_default();
        if written.is_empty() {
            return Ok(());
        }
        let old = |Written { path, was, becomes }: &Written| OldFile {
            backup: self.run.backup(&self.node.name, path, was.as_deref()),
            path: path.clone(),
            was: was.clone(),
            becomes: becomes.clone(),
        };
        let files: Vec<OldFile> = written.iter().map(old).collect();
        heal::prepare(self.node.host.as_ref(), job, Duration::from_secs(heal_s), &files)
            .await
            .map_err(of_file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlannedStep;
    use crate::plan::step::{EditYaml, PushStore, StoreName};

    fn plan(steps: Vec<(&str, Step)>) -> Plan {
        let steps =
            steps.into_iter().map(|(node, step)| PlannedStep { phase: 0, wave: 0, node: node.into(), step });
        Plan {
            format: 1,
            cluster: "c".into(),
            playbook: "p".into(),
            at_once: 1,
            conduct: Default::default(),
            warnings: Vec::new(),
            findings: Vec::new(),
            seen: Vec::new(),
            phases: Vec::new(),
            steps: steps.collect(),
        }
    }

    fn edit(was: &str, becomes: &str) -> Step {
        Step::EditYaml(EditYaml {
            path: "/c".into(),
            was: was.into(),
            becomes: becomes.into(),
            set: Vec::new(),
        })
    }

    fn push(was: Option<&str>, becomes: &str) -> Step {
        Step::PushStore(PushStore {
            store: StoreName::Keystore,
            path: "/k".into(),
            was: was.map(Into::into),
            becomes: becomes.into(),
            owner: "c:c".into(),
            mode: 0o400,
        })
    }

    fn restart() -> Step {
        Step::Restart(Restart { clients_s: 0, drain_s: 0, stop_s: 0, start_s: 0, heal_s: Some(60) })
    }

    #[test]
    fn a_node_goes_back_to_where_it_was_last_seen_healthy_and_no_further() {
        let plan = plan(vec![
            ("n1", push(None, "k1")),
            ("n1", edit("y0", "y1")),
            ("n1", restart()),
            ("n1", Step::Confirm),
            ("n2", edit("z0", "z1")),
            // Owner and mode alone.
            ("n1", push(Some("k1"), "k1")),
            ("n1", edit("y1", "y2")),
            ("n1", restart()),
            ("n1", Step::Confirm),
            ("n1", restart()),
        ]);
        let shown = |id| {
            let short = |sha256: Option<String>| sha256.unwrap_or("-".into());
            let written = written_before(&plan, id).into_iter();
            written
                .map(|it| format!("{} {} {}", it.path, short(it.was), short(it.becomes)))
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(2), ["/k - k1", "/c y0 y1"]);
        assert_eq!(shown(7), ["/k k1 k1", "/c y1 y2"]);
        assert!(shown(9).is_empty());
    }
}
