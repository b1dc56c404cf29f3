//! What is typed for the pauses of a run, and the terminal on which they ask.

use super::Trouble;
use crate::diagnostic::Diagnostic;
use crate::engine::answers::{Answer, Answers, Operator, Patience};
use crate::plan::Plan;
use async_trait::async_trait;
use clap::Args;
use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct PauseArguments {
    /// End with exit code 4 as soon as a client is not ready or the window is closed, instead of waiting for it
    #[arg(long)]
    pub no_wait: bool,
    /// Say yes beforehand to a phase that asks; may be repeated
    #[arg(long, value_name = "PHASE")]
    pub approve: Vec<String>,
}

impl PauseArguments {
    /// An approval of a phase that the plan does not have is a slip.
    pub fn answers(&self, plan: &Plan) -> Result<Answers, Trouble> {
        let names: Vec<&str> = plan.phases.iter().map(|phase| phase.name.as_str()).collect();
        if let Some(unknown) = self.approve.iter().find(|name| !names.contains(&name.as_str())) {
            let problem = Diagnostic::new("--approve", format!("there is no phase `{unknown}`"));
            return Err(vec![problem.help(format!("the phases are: {}", names.join(", ")))].into());
        }
        let waits_if = |it: bool| if it { Patience::Waits } else { Patience::Ends };
        Ok(Answers {
            patience: waits_if(!self.no_wait),
            // Days may pass: a job without a terminal is begun again when it is time.
            for_window: waits_if(!self.no_wait && std::io::stdin().is_terminal()),
            approved: self.approve.iter().cloned().collect(),
            operator: Arc::new(Terminal),
        })
    }
}

/// Standard input, if it is a terminal.
struct Terminal;

#[async_trait]
impl Operator for Terminal {
    async fn answers(&self) -> Answer {
        if !std::io::stdin().is_terminal() {
            return Answer::NobodyThere;
        }
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        match read.await {
            Ok(Ok(line)) if line.trim() == "yes" => Answer::Yes,
            Ok(Ok(_)) => Answer::No,
            Ok(Err(_)) | Err(_) => Answer::NobodyThere,
        }
    }
}
