//! The judge of a simulated cluster: what must never happen is noted at the moment at which it happens.
//!
//! Who can be reached changes only when a process begins or ends, so availability is judged at each of those moments.

use super::world::State;
use crate::plan::change::sha256_hex;
use std::time::Duration;
use tokio::time::Instant;

/// A way in which ringwalk, or what it relies on, is broken on purpose: the judge has to notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutation {
    #[default]
    None,
    /// Takes nodes down without asking whether they can be spared, and does not wait for the one before.
    NeverWaits,
    WritesInPlace,
    /// A job that is asked for again after a lost answer begins again.
    StartsJobsTwice,
    /// A step's end is not written to the journal.
    ForgetsARecord,
    TellsASecret,
    /// A hold goes on for ever.
    WaitsForever,
}

/// A node that died by itself is known to be down by then: gossip takes up to 21 s (measured), an answer of the peers
/// holds 30 s, a round of questions 30 s, and the last look may have been slow.
const KNOWN: Duration = Duration::from_secs(150);

impl State {
    /// Ringwalk takes a node down: judges every range that it holds.
    pub fn judge_stop(&mut self, node: usize, now: Instant) {
        let is_down = |other: usize| {
            let machine = &self.machines[other];
            machine.down_for_us || machine.down_since.is_some_and(|since| now - since > KNOWN)
        };
        let lost = self.ranges.iter().find(|range| {
            let holds = range.replicas.contains(&node);
            let left = range.replicas.iter().filter(|other| **other != node && !is_down(**other)).count();
            holds && left < range.replicas.len() / 2 + 1
        });
        if let Some(range) = lost {
            let name = self.machines[node].name.clone();
            let down: Vec<&str> = range
                .replicas
                .iter()
                .filter(|other| is_down(**other))
                .map(|other| self.machines[*other].name.as_str())
                .collect();
            let text = format!("range {} lost its quorum: {name} taken down beside {down:?}", range.end);
            self.violations.push(text);
        }
    }

    /// A file that Cassandra reads is one that somebody wrote whole.
    pub fn judge_files(&mut self, node: usize) {
        let machine = &self.machines[node];
        let half = machine.files.by_path.iter().find(|(path, file)| {
            let is_read = path.starts_with("/etc/") && !path.ends_with(".tmp");
            is_read && !self.whole.contains(&sha256_hex(&file.bytes))
        });
        if let Some((path, _)) = half {
            self.violations.push(format!("{path} on {} is half written", machine.name));
        }
    }

    /// No secret is in what others on the node can see.
    pub fn judge_words(&mut self, words: &[String]) {
        let told = words.iter().any(|word| self.secrets.iter().any(|secret| word.contains(secret.as_str())));
        if told {
            self.violations.push("a secret is in a command's arguments".into());
        }
    }
}
