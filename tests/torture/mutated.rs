//! An engine, or a way to a node, that is broken on purpose.

use super::desk::PASSWORD;
use async_trait::async_trait;
use ringwalk::engine::perform::Performer;
use ringwalk::engine::{Perform, ProgressSender};
use ringwalk::journal::event::{Kept, Outcome, Progress};
use ringwalk::plan::step::{Gate, Step};
use ringwalk::plan::{PlannedStep, StepId};
use ringwalk::sim::Mutation;
use ringwalk::transport::{Command, Connection, Host, HostError, Output};
use std::sync::Arc;

/// The real performer, or one that is broken.
pub struct Mutated {
    pub inner: Performer,
    pub mutation: Mutation,
}

#[async_trait]
impl Perform for Mutated {
    fn keeps(&self, step: &PlannedStep) -> Option<Kept> {
        self.inner.keeps(step)
    }

    async fn perform(&self, id: StepId, step: &PlannedStep, progress: ProgressSender) -> Outcome {
        match (self.mutation, &step.step) {
            (Mutation::NeverWaits, Step::Hold(_)) => return Outcome::Done { seen: "not asked".into() },
            (Mutation::TellsASecret, Step::EditYaml(_)) => return Outcome::Done { seen: PASSWORD.into() },
            (Mutation::ShowsASecret, Step::Restart(_)) => {
                let _ = progress.try_send(Progress::JobStage { step: id, stage: PASSWORD.into() });
            }
            (Mutation::WaitsForever, Step::Hold(hold)) if hold.gates.contains(&Gate::NodeIsUp) => {
                std::future::pending().await
            }
            (Mutation::AsksNoClient, Step::Pause(_)) => {
                return Outcome::Done { seen: "nobody was asked".into() };
            }
            (Mutation::LeavesAFile, Step::RestoreFile(restore)) if restore.store.is_some() => {
                return Outcome::Done { seen: "as before".into() };
            }
            _ => {}
        }
        self.inner.perform(id, step, progress).await
    }
}

/// A way to a node on which a secret is typed.
pub struct Typing(pub Arc<dyn Host>);

#[async_trait]
impl Host for Typing {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        let mut command = command.clone();
        if matches!(command.as_script(), Some(("look", _))) {
            command.argv.push(PASSWORD.into());
        }
        self.0.run(&command).await
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        self.0.connect(address, port).await
    }
}
