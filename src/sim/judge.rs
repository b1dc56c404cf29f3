//! The judge of a simulated cluster: what must never happen is noted at the moment at which it happens.
//!
//! Who can be reached changes only when a process begins or ends, so availability is judged at each of those moments.

use super::world::{Machine, State};
use crate::plan::change::sha256_hex;
use crate::transport::Command;
use std::time::Duration;
use tokio::time::Instant;

/// A way in which ringwalk, or what it relies on, is broken on purpose: the judge has to notice. Tests hand one in; no
/// command line does.
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
    /// A secret is in what a step says it has seen.
    TellsASecret,
    /// A secret is in what goes on inside a step.
    ShowsASecret,
    /// A secret is an argument of a command.
    TypesASecret,
    /// A hold goes on for ever.
    WaitsForever,
    /// Going back leaves the store of the run where it is.
    LeavesAFile,
    /// The copy of a file says another mode than the file had.
    LosesTheMode,
    /// Acts whoever holds the lock.
    IgnoresTheLock,
    /// The mark of a run is never taken off a node.
    NeverConfirms,
    /// A phase is entered whoever is still connected.
    AsksNoClient,
    /// Cassandra is started where it does not find its data, as from another working directory.
    StartsEmpty,
    /// A node that is left alone with files with which it does not start is left so.
    NeverHeals,
}

/// A node that died by itself is known to be down by then: gossip takes up to 21 s (measured), an answer of the peers
/// holds 30 s, a round of questions 30 s, and the last look may have been slow.
const KNOWN: Duration = Duration::from_secs(150);

impl State {
    /// Ringwalk takes a node down: judges every range that it holds.
    pub fn judge_stop(&mut self, node: usize, now: Instant) {
        let is_down = |other: usize| {
            let machine = &self.machines[other];
            let serves = machine.process.as_ref().is_some_and(|process| process.serves(now));
            !serves && machine.down_for_us || machine.down_since.is_some_and(|since| now - since > KNOWN)
        };
        let lost = self.guarded.iter().find(|range| {
            let holds = range.replicas.contains(&node);
            let left = range.replicas.iter().filter(|other| **other != node && !is_down(**other)).count();
            holds && left < range.needs
        });
        if let Some(range) = lost {
            let name = self.machines[node].name.clone();
            let down: Vec<&str> = range
                .replicas
                .iter()
                .filter(|other| is_down(**other))
                .map(|other| self.machines[*other].name.as_str())
                .collect();
            let text = format!("range {} lost its quorum: {name} taken down beside {down:?}", range.name);
            self.violations.push(text);
        }
    }

    /// A file that Cassandra reads is one that somebody wrote whole.
    pub fn judge_files(&mut self, node: usize) {
        let machine = &self.machines[node];
        let half = machine.files.by_path.iter().find(|(path, file)| {
            machine.install.is_of_cassandra(path) && !self.whole.contains(&sha256_hex(&file.bytes))
        });
        if let Some((path, _)) = half {
            self.violations.push(format!("{path} on {} is half written", machine.name));
        }
    }

    /// Only the run whose name stands on a majority of the nodes acts on any of them.
    pub fn judge_act(&mut self, node: usize, arguments: &[String]) {
        if let Some(run) = run_of(arguments) {
            self.judge_actor(node, run);
        }
    }

    /// A command that does not say for whom it is: some run holds the cluster.
    pub fn judge_command(&mut self, node: usize, argv: &[String]) {
        if argv.last().is_none_or(|verb| verb != "reloadssl") {
            return;
        }
        let holders = || self.machines.iter().filter_map(|machine| Some(&machine.lock.as_ref()?.run));
        let bears = |run: &String| holders().filter(|other| *other == run).count();
        let most = holders().map(bears).max().unwrap_or(0);
        let of = self.machines.len();
        if most <= of / 2 {
            let name = &self.machines[node].name;
            self.violations.push(format!(
                "{name} reloaded its stores while no run stood on more than {most} of {of} nodes"
            ));
        }
    }

    fn judge_actor(&mut self, node: usize, run: String) {
        if self.actors.last() != Some(&run) {
            self.actors.push(run.clone());
        }
        let bears = |machine: &&Machine| machine.lock.as_ref().is_some_and(|lock| lock.run == run);
        let (bear, of) = (self.machines.iter().filter(bears).count(), self.machines.len());
        if bear <= of / 2 {
            let name = &self.machines[node].name;
            let text = format!("{run} acted on {name} while its name stood on {bear} of {of} nodes");
            self.violations.push(text);
        }
    }

    /// No secret is in what others on the node can see. The text of a script is the same in every run, and not looked at.
    pub fn judge_words(&mut self, command: &Command) {
        let words = command.as_script().map_or(command.argv.as_slice(), |(_, arguments)| arguments);
        let told = words.iter().any(|word| self.secrets.iter().any(|secret| word.contains(secret.as_str())));
        if told {
            self.violations.push("a secret is in a command's arguments".into());
        }
    }
}

/// The run that a script works for: the directory of each stands below `runs`, and a mark names it.
fn run_of(arguments: &[String]) -> Option<String> {
    if let [verb, _, run, _] = arguments
        && (verb == "owe" || verb == "confirm")
    {
        return Some(run.clone());
    }
    let (_, below) = arguments.iter().find_map(|argument| argument.split_once("/runs/"))?;
    below.split('/').next().map(str::to_owned)
}
