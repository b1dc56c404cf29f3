//! The applications of a simulated cluster: each speaks plaintext, is connected to every node that lets it, and leaves one
//! day. Until then no node may turn it away.

use super::world::{State, World};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub driver: String,
    pub address: String,
    pub leaves: Instant,
}

impl World {
    /// From now on, for so long.
    pub fn is_used_in_plaintext(&self, driver: &str, stays: Duration) {
        let mut state = self.state();
        let address = format!("10.9.0.{}", state.applications.len() + 1);
        let leaves = Instant::now() + stays;
        state.applications.push(Application { driver: driver.to_owned(), address, leaves });
    }
}

impl State {
    /// Those that are there, whether this node takes them or not.
    fn applications(&self) -> impl Iterator<Item = &Application> {
        let now = Instant::now();
        self.applications.iter().filter(move |application| now < application.leaves)
    }

    fn takes_plaintext(&self, node: usize) -> bool {
        let process = self.machines[node].process.as_ref();
        process.is_some_and(|process| process.speaks.policy.accepts_plaintext())
    }

    /// Those that this node serves.
    pub fn connected(&self, node: usize) -> impl Iterator<Item = &Application> {
        self.applications().filter(move |_| self.takes_plaintext(node))
    }

    /// A process has begun: nobody who is still there is turned away by it.
    pub fn judge_applications(&mut self, node: usize) {
        let turned_away = self.applications().find(|_| !self.takes_plaintext(node));
        if let Some(Application { driver, .. }) = turned_away {
            let name = &self.machines[node].name;
            self.violations.push(format!("{name} turns {driver} away, which speaks plaintext"));
        }
    }
}
