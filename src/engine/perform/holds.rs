//! Waiting at the gates around a node's restart, and the words of one that did not pass.

use super::noted::{Noted, asks_to_go, held};
use super::{Failure, Place};
use crate::cluster::moment::Moment;
use crate::engine::ProgressSender;
use crate::engine::eyes::{Eyes, Subject};
use crate::engine::hold::{Held, hold, listed};
use crate::node::log;
use crate::plan::StepId;
use crate::plan::step::Hold;
use std::sync::Arc;

impl Place<'_> {
    pub(super) async fn hold(
        &self,
        id: StepId,
        gates: &Hold,
        progress: &ProgressSender,
    ) -> Result<String, Failure> {
        let Some(member) = self.run.facts.member_of(self.seen, &self.node.inventory.address) else {
            return Err(Failure::new("the node is not in the ring", "run `ringwalk plan` again"));
        };
        let asks_to_go = asks_to_go(gates);
        if !asks_to_go {
            self.look_up_what_was_started().await;
        }
        let Noted { before, started, .. } = self.run.noted(&self.node.name);
        let subject = Subject {
            cluster: Arc::clone(&self.run.cluster),
            facts: Arc::clone(&self.run.facts),
            observers: Arc::clone(&self.run.observers),
            name: self.node.name.clone(),
            host_id: member.host_id.clone(),
            beside: self.run.beside(self.wave, &self.node.name),
            before,
            started,
        };
        let recent = self.run.recent().take();
        let mut eyes = Eyes::new(subject, recent);
        let why = match hold(&mut eyes, id, gates, progress).await {
            Held::Passed => {
                *self.run.recent() = eyes.peers().cloned();
                if asks_to_go {
                    self.run.note(&self.node.name, |noted| {
                        noted.spared = Some((Some(Moment::now()), gates.clone()))
                    });
                }
                return Ok(held(&gates.gates));
            }
            Held::Failed { gate, why } => format!("{} no: {why}", gate.question()),
            Held::TimedOut { waiting } => {
                format!("gave up after {} s: {}", gates.deadline_s, listed(&waiting))
            }
        };
        match asks_to_go {
            true => Err(Failure::new(why, self.help_before_restart())),
            false => Err(match self.healed_meanwhile().await {
                Some(healed) => healed,
                None => self.with_log(Failure::new(why, self.help_after_restart())).await,
            }),
        }
    }

    /// The node's own log lines belong to every failure to come back.
    pub(super) async fn with_log(&self, failure: Failure) -> Failure {
        let Ok(found) = log::since_start(self.node.host.as_ref(), &self.seen.layout.log_dir).await else {
            return failure;
        };
        let why = match found.cause {
            Some(cause) => format!("{}; its log says: {cause}", failure.why),
            None => failure.why,
        };
        Failure { why, log: found.lines, ..failure }
    }
}
