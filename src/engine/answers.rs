//! What the operator has said of the pauses of a run, and how they can be asked.

use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Somebody who may be asked while a run pauses. The reporter shows the question.
#[async_trait]
pub trait Operator: Send + Sync {
    async fn answers(&self) -> Answer;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// There is no terminal.
    NobodyThere,
}

/// Whether a run waits for clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    #[default]
    Waits,
    /// It ends as soon as a client speaks against going on.
    Ends,
}

#[derive(Clone)]
pub struct Answers {
    pub patience: Patience,
    /// The same of the plan's window.
    pub for_window: Patience,
    /// Phases that the operator has approved beforehand.
    pub approved: BTreeSet<String>,
    pub operator: Arc<dyn Operator>,
}

/// Waits for clients, and asks nobody.
impl Default for Answers {
    fn default() -> Answers {
        let waits = Patience::Waits;
        Answers { patience: waits, for_window: waits, approved: BTreeSet::new(), operator: Arc::new(Nobody) }
    }
}

struct Nobody;

#[async_trait]
impl Operator for Nobody {
    async fn answers(&self) -> Answer {
        Answer::NobodyThere
    }
}
