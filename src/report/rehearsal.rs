//! What came of a plan that was played on a simulated copy of its cluster, for people and programs.

use super::Screen;
use super::words::{count, printable, seconds};
use crate::journal::event::StepEvent;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// `rehearse --output json`. Times are those of the copy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Rehearsal {
    pub cluster: String,
    pub playbook: String,
    /// How many nodes the plan changes.
    pub nodes: usize,
    /// How long Cassandra takes from its start until it serves; under faults up to twice as long.
    pub restart_s: u64,
    /// Of how many restarts in earlier runs it is the median; 0: it is assumed.
    pub known_from: usize,
    /// What is taken as if it were so, a sentence each.
    pub as_if: Vec<String>,
    /// How many ranges were watched in each rehearsal.
    pub ranges: usize,
    /// How long the run takes without faults.
    pub took_s: u64,
    pub calm: Played,
    /// The events of the run without faults, as its journal has them.
    pub events: Vec<Told>,
    pub seeds: Vec<Played>,
}

/// One rehearsal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Played {
    /// `None`: without faults.
    pub seed: Option<u64>,
    /// How often each kind of fault befell the copy.
    pub faults: BTreeMap<String, u64>,
    pub acts: Vec<Act>,
    /// Until the last act was over.
    pub took_s: u64,
    /// What must never happen and did, a sentence each.
    pub broken: Vec<String>,
}

/// A command of the operator, and what came of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Act {
    pub command: Command,
    /// Since the beginning of the rehearsal.
    pub after_s: u64,
    pub took_s: u64,
    pub came: Came,
    pub why: Vec<Why>,
    /// What to type next, as ringwalk says it; `RUN` stands for the run's id. Empty: nothing.
    pub next: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Apply,
    Resume,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    Done,
    NothingToDo,
    StoppedUnchanged,
    StoppedMidway,
    /// A node failed, and every node was put back, as the playbook wishes it.
    Restored,
    Interrupted,
    Waiting,
    /// Nothing was begun: the cluster could not be looked at, or was not as it has to be.
    Refused,
    /// Another run held the cluster.
    Locked,
    /// The controller died in the middle of it.
    Killed,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Why {
    /// Empty for what is on no single node.
    pub node: String,
    /// What was tried.
    pub step: String,
    pub why: String,
}

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Told {
    /// Since the run began.
    pub after_s: u64,
    /// A `StepEvent` of `events.schema.json`.
    #[schemars(with = "serde_json::Value")]
    pub event: StepEvent,
}

impl Came {
    fn is_good(self) -> bool {
        matches!(self, Came::Done | Came::NothingToDo)
    }

    fn words(self) -> &'static str {
        match self {
            Came::Done => "done",
            Came::NothingToDo => "nothing is left to do",
            Came::StoppedUnchanged => "stopped, nothing was changed",
            Came::StoppedMidway => "stopped midway",
            Came::Restored => "failed, every node was put back",
            Came::Interrupted => "interrupted",
            Came::Waiting => "waits",
            Came::Refused => "refused, nothing was begun",
            Came::Locked => "refused, another run holds the cluster",
            Came::Killed => "this program was killed in the middle of it",
        }
    }
}

impl Played {
    /// It came to a good end, and nothing happened that must not.
    pub fn is_well(&self) -> bool {
        self.broken.is_empty() && self.acts.last().is_some_and(|act| act.came.is_good())
    }
}

impl Rehearsal {
    pub fn is_well(&self) -> bool {
        self.calm.is_well() && self.seeds.iter().all(Played::is_well)
    }
}

/// One line of JSON.
pub fn json(rehearsal: &Rehearsal) -> serde_json::Result<String> {
    serde_json::to_string(rehearsal).map(|line| line + "\n")
}

/// The JSON Schema of that line.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Rehearsal).to_value()
}

/// The report of `ringwalk rehearse`.
pub fn text(rehearsal: &Rehearsal, screen: Screen) -> String {
    let Rehearsal { playbook, cluster, nodes, .. } = rehearsal;
    let title = format!("rehearsal: {playbook} on a simulated copy of {cluster}");
    let mut text = format!("\n{}\n", screen.bold(&title));
    text += &start(rehearsal, screen);
    for words in &rehearsal.as_if {
        text += &screen.wrap("  as if:   ", &printable(words));
    }
    text += &calm(rehearsal, *nodes, screen);
    text += &sum(rehearsal, screen);
    for played in rehearsal.seeds.iter().filter(|played| played.acts.len() != 1 || !played.is_well()) {
        text += &of_seed(played, screen);
    }
    text += &ways_on(rehearsal, screen);
    text += &availability(rehearsal, screen);
    text + &screen.wrap("", "on the nodes nothing was touched: no file, no lock, no journal")
}

/// The one duration that is Cassandra's own.
fn start(rehearsal: &Rehearsal, screen: Screen) -> String {
    let words = format!(
        "a Cassandra that is started serves {} s later, under faults up to twice as late",
        rehearsal.restart_s
    );
    match rehearsal.known_from {
        0 => screen.wrap("  assumed: ", &format!("{words} (--restart-seconds)")),
        restarts => {
            let from = count(restarts, "restart");
            screen.wrap("  known:   ", &format!("{words} (the median of {from} in earlier runs from here)"))
        }
    }
}

fn calm(rehearsal: &Rehearsal, nodes: usize, screen: Screen) -> String {
    let Played { acts, broken, .. } = &rehearsal.calm;
    let head = "without faults: ";
    let came = match acts.last() {
        Some(act) if act.came.is_good() => {
            format!("{} in {}, {}", act.came.words(), seconds(rehearsal.took_s), count(nodes, "node"))
        }
        Some(act) => format!("{} after {}", act.came.words(), seconds(rehearsal.took_s)),
        None => "it did not end".into(),
    };
    let mut text = match rehearsal.calm.is_well() {
        true => screen.green(screen.wrap(head, &came).trim_end()) + "\n",
        false => screen.red(screen.wrap(head, &came).trim_end()) + "\n",
    };
    let bad = acts.iter().filter(|act| !act.came.is_good());
    text += &bad.map(|act| screen.wrap("  why: ", &reasons(act))).collect::<String>();
    text + &broken_rules(broken, screen)
}

/// How the rehearsals under faults came out, in numbers.
fn sum(rehearsal: &Rehearsal, screen: Screen) -> String {
    let seeds = &rehearsal.seeds;
    if seeds.is_empty() {
        return String::new();
    }
    let at_once = seeds.iter().filter(|played| played.is_well() && played.acts.len() == 1).count();
    let later = seeds.iter().filter(|played| played.is_well() && played.acts.len() > 1).count();
    let not = seeds.len() - at_once - later;
    let mut words = format!(
        "{}: {at_once} came to the end at once, {later} stopped safely and went on later",
        count(seeds.len(), "rehearsal")
    );
    if not > 0 {
        words += &format!(", {not} did not end well");
    }
    let line = screen.wrap("with faults:    ", &words);
    if not > 0 { screen.red(line.trim_end()) + "\n" } else { line }
}

fn of_seed(played: &Played, screen: Screen) -> String {
    let faults: Vec<String> = played.faults.iter().map(|(kind, times)| format!("{kind} ({times})")).collect();
    let faults = if faults.is_empty() { "no fault befell it".into() } else { faults.join(", ") };
    let head = played.seed.map_or_else(String::new, |seed| format!("  seed {seed:<3} "));
    let mut text = screen.wrap(&head, &faults);
    text += &played.acts.iter().map(|act| line(act, screen)).collect::<String>();
    text + &broken_rules(&played.broken, screen)
}

/// A command, how it ended and what failed.
fn line(act: &Act, screen: Screen) -> String {
    let command = match act.command {
        Command::Apply => "apply",
        Command::Resume => "resume",
    };
    let after = seconds(act.after_s + act.took_s);
    let words = match reasons(act) {
        why if why.is_empty() => format!("{} after {after}", act.came.words()),
        why => format!("{} after {after}: {why}", act.came.words()),
    };
    screen.wrap(&format!("           {command:<7} "), &words)
}

/// More than these are of one cause, or of no use to an eye.
const REASONS_SHOWN: usize = 2;

fn reasons(act: &Act) -> String {
    let reason = |Why { node, step, why }: &Why| {
        let parts = [node, step, why].into_iter().filter(|part| !part.is_empty());
        parts.map(|part| printable(part)).collect::<Vec<_>>().join(": ")
    };
    let mut words: Vec<String> = act.why.iter().take(REASONS_SHOWN).map(reason).collect();
    let more = act.why.len().saturating_sub(REASONS_SHOWN);
    words.extend((more > 0).then(|| format!("and {more} more")));
    words.join("; ")
}

/// What to type after each kind of end that is no good one, once.
fn ways_on(rehearsal: &Rehearsal, screen: Screen) -> String {
    let acts = std::iter::once(&rehearsal.calm).chain(&rehearsal.seeds).flat_map(|played| &played.acts);
    let mut ways: Vec<(Came, &str)> = Vec::new();
    for act in acts.filter(|act| !act.came.is_good() && !act.next.is_empty()) {
        let way = (act.came, act.next.as_str());
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    if ways.is_empty() {
        return String::new();
    }
    let line = |(came, next): (Came, &str)| screen.wrap(&format!("  {}: ", came.words()), &printable(next));
    "how to go on:\n".to_owned() + &ways.into_iter().map(line).collect::<String>()
}

fn broken_rules(broken: &[String], screen: Screen) -> String {
    let line = |words: &String| screen.red(screen.wrap("  BROKEN: ", &printable(words)).trim_end()) + "\n";
    broken.iter().map(line).collect()
}

fn availability(rehearsal: &Rehearsal, screen: Screen) -> String {
    let all = std::iter::once(&rehearsal.calm).chain(&rehearsal.seeds);
    let lost =
        all.flat_map(|played| &played.broken).filter(|words| words.contains("lost its quorum")).count();
    let watched = count(rehearsal.ranges, "range");
    let words = match (rehearsal.ranges, lost) {
        (0, _) => {
            "no range has replicas enough to keep one while a node restarts: none was watched".to_owned()
        }
        (_, 0) => format!(
            "{watched} were watched at every stop of a node: none lacked its quorum because of the run"
        ),
        (_, lost) => format!("of {watched}, {lost} lacked their quorum because of the run"),
    };
    screen.wrap("available:      ", &words)
}
