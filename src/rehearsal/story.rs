//! One rehearsal from its first command to its last: without faults, or under those of a seed.

use super::operator::{Ended, Operator};
use super::{Desk, Wish, playable};
use crate::diagnostic::Diagnostic;
use crate::journal::event::RunResult;
use crate::journal::state::{RunState, Status};
use crate::plan::Plan;
use crate::report::rehearsal::{Act, Came, Command, Played, Told, Why};
use crate::report::summary;
use crate::sim::{Faults, Kill, Original, Pace, Random, World, in_time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Stands for a run's id.
const FIRST_RUN: &str = "RUN";
/// How often the operator tries under faults.
const TRIES: usize = 4;
/// The operator reads, mends and tries again.
const THINKS: Duration = Duration::from_secs(120);
/// After the faults: long enough for what was begun on a node to end there, and for a dead run's lock to be stale.
const SETTLES: Duration = Duration::from_secs(300);
/// Longer than all deadlines of all runs of a rehearsal together, and than any run that goes on.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);
/// The way out where the cluster cannot be copied.
const NO_COPY: &str =
    "`ringwalk apply` does not need a rehearsal; what is simulated and what not stands in docs/rehearse.md";
/// Whose numbers they are does not count where nothing is drawn but identities.
const NO_FAULTS: u64 = 1;

/// A rehearsal without faults.
pub struct Calm {
    pub played: Played,
    pub events: Vec<Told>,
    pub ranges: usize,
}

pub fn without_faults(desk: &Desk, wish: &Wish) -> Result<Calm, Vec<Diagnostic>> {
    in_time(async {
        let pace = Pace { least_s: wish.restart_s, more_s: 0 };
        let world = copy(desk, pace, NO_FAULTS, Faults::default())?;
        let (begun, ranges) = (Instant::now(), world.guarded());
        let mut operator = operator(desk, &world, FIRST_RUN)?;
        let (planned, _) = operator.plan().await?;
        if let Some(problem) = unlike(&playable::of(desk.plan.clone()), &planned) {
            return Err(vec![problem]);
        }
        let mut days = Days { begun, acts: Vec::new() };
        if timeout(LONGEST, days.act(&mut operator, Command::Apply, None)).await.is_err() {
            operator.broken.push("a wait did not end".into());
        }
        let events = std::mem::take(&mut operator.told);
        Ok(Calm { played: played(None, days, operator), events, ranges })
    })
}

pub fn under_faults(desk: &Desk, wish: &Wish, seed: u64) -> Result<Played, Vec<Diagnostic>> {
    in_time(async {
        let racks = desk.facts.ring.members.iter().map(|member| &member.rack);
        let racks = racks.collect::<BTreeSet<_>>().len();
        let faults = Faults::draw(&mut Random::new(seed), desk.facts.nodes.len(), racks);
        let (kills, comes_at) = (faults.kills(), faults.another_operator());
        let pace = Pace { least_s: wish.restart_s, more_s: wish.restart_s };
        let world = copy(desk, pace, seed, faults)?;
        let mut operator = operator(desk, &world, FIRST_RUN)?;
        let mut other = self::operator(desk, &world, "OTHER")?;
        let mut days = Days { begun: Instant::now(), acts: Vec::new() };
        let passed = timeout(LONGEST, days.pass(&mut operator, &mut other, kills, comes_at)).await;
        if passed.is_err() {
            operator.broken.push("a wait did not end".into());
        }
        operator.broken.append(&mut other.broken);
        Ok(played(Some(seed), days, operator))
    })
}

fn copy(desk: &Desk, pace: Pace, seed: u64, faults: Faults) -> Result<Arc<World>, Vec<Diagnostic>> {
    let (inventory, keep) = (&desk.input.inventory, desk.input.playbook.rollout.keep_available);
    let original = Original { inventory, facts: &desk.facts, stores: &desk.stores, keep, pace };
    World::copy(original, Random::new(seed), faults).map_err(|problems| {
        let problem = |(node, why): (String, String)| {
            inventory.diagnostic(&node, format!("`{node}` cannot be simulated: {why}"), NO_COPY)
        };
        problems.into_iter().map(problem).collect()
    })
}

fn operator<'a>(
    desk: &'a Desk,
    world: &Arc<World>,
    name: &'static str,
) -> Result<Operator<'a>, Vec<Diagnostic>> {
    Operator::new(desk, Arc::clone(world), name).map_err(|error| {
        let message = format!("cannot make a temporary directory for the journals of a rehearsal: {error}");
        vec![Diagnostic::new("command line", message).help("free some space in $TMPDIR, or name another one")]
    })
}

/// A copy of which another plan is made is no copy.
fn unlike(real: &Plan, copied: &Plan) -> Option<Diagnostic> {
    let differs = real.steps.iter().zip(&copied.steps).find(|(one, other)| one != other);
    let what = match differs {
        Some((real, copied)) => format!(
            "the next step is `{}: {}` on the nodes, and `{}: {}` on their copy",
            real.node,
            real.step.sentence(),
            copied.node,
            copied.step.sentence()
        ),
        None if real.steps.len() == copied.steps.len() => return None,
        None => format!(
            "it has {} steps on the nodes, and {} on their copy",
            real.steps.len(),
            copied.steps.len()
        ),
    };
    Some(Diagnostic::new("plan", format!("the cluster cannot be simulated as it is: {what}")).help(NO_COPY))
}

fn played(seed: Option<u64>, days: Days, operator: Operator<'_>) -> Played {
    let faults = operator.world.injected().into_iter().map(|(kind, times)| (kind.to_owned(), times));
    let broken = [operator.broken, operator.world.violations()].concat();
    Played {
        seed,
        faults: faults.collect::<BTreeMap<_, _>>(),
        took_s: days.took_s(),
        acts: days.acts,
        broken,
    }
}

/// An operator's days with one copy.
struct Days {
    begun: Instant,
    acts: Vec<Act>,
}

impl Days {
    fn took_s(&self) -> u64 {
        self.acts.last().map_or(0, |act| act.after_s + act.took_s)
    }

    /// Tries under faults; once these are over whatever is left must end well.
    async fn pass(
        &mut self,
        operator: &mut Operator<'_>,
        other: &mut Operator<'_>,
        kills: Vec<Kill>,
        comes_at: Option<Duration>,
    ) {
        let (is_good, ()) = tokio::join!(biased; self.tries(operator, kills), visit(other, comes_at));
        if is_good {
            return;
        }
        operator.world.heal();
        sleep(SETTLES).await;
        if operator.has_an_open_run() && self.act(operator, Command::Resume, None).await {
            return;
        }
        if !self.act(operator, Command::Apply, None).await {
            operator.broken.push("when the faults were over the run did not end well".into());
        }
    }

    async fn tries(&mut self, operator: &mut Operator<'_>, mut kills: Vec<Kill>) -> bool {
        let mut command = Command::Apply;
        for _ in 0..TRIES {
            let kill = kills.pop();
            if kill.is_some() {
                operator.world.inject("controller killed");
            }
            if self.act(operator, command, kill).await {
                return true;
            }
            sleep(THINKS).await;
            let was_refused = self.acts.last().is_some_and(|act| act.came == Came::Refused);
            let goes_on = operator.has_an_open_run() && !(command == Command::Resume && was_refused);
            command = if goes_on { Command::Resume } else { Command::Apply };
        }
        false
    }

    async fn act(&mut self, operator: &mut Operator<'_>, command: Command, kill: Option<Kill>) -> bool {
        let begun = Instant::now();
        let ended = match command {
            Command::Apply => operator.apply(kill).await,
            Command::Resume => operator.resume(kill).await,
        };
        let (came, why, next) = told(&ended);
        self.acts.push(Act {
            command,
            after_s: (begun - self.begun).as_secs(),
            took_s: begun.elapsed().as_secs(),
            came,
            why,
            next,
        });
        ended.is_good()
    }
}

/// Somebody else sits down, wants the same, and goes home when the cluster is not theirs to change.
async fn visit(other: &mut Operator<'_>, comes_at: Option<Duration>) {
    let Some(comes_at) = comes_at else { return };
    sleep(comes_at).await;
    other.world.inject("another operator");
    for _ in 0..TRIES {
        if other.apply(None).await.is_good() {
            return;
        }
        sleep(THINKS).await;
    }
}

/// How a command ended, why, and what to type next.
fn told(ended: &Ended) -> (Came, Vec<Why>, String) {
    match ended {
        Ended::Ran(state, result) => {
            let came = match result {
                Some(RunResult::Done) => Came::Done,
                Some(RunResult::StoppedUnchanged) => Came::StoppedUnchanged,
                Some(RunResult::StoppedMidway) => Came::StoppedMidway,
                Some(RunResult::Restored) => Came::Restored,
                Some(RunResult::Interrupted) => Came::Interrupted,
                Some(RunResult::Waiting) => Came::Waiting,
                None => Came::Killed,
            };
            // Whatever number the run bears here, there is one that the operator will read.
            let state = RunState { run: FIRST_RUN.into(), ..(**state).clone() };
            (came, failures(&state), summary::what_next(&state))
        }
        Ended::NothingToDo => (Came::NothingToDo, Vec::new(), String::new()),
        Ended::Refused(problems) => {
            let why = problems.iter().map(|problem| Why {
                node: String::new(),
                step: String::new(),
                why: problem.message.clone(),
            });
            let help = problems.iter().find_map(|problem| problem.help.clone());
            (Came::Refused, why.collect(), help.unwrap_or_default())
        }
        Ended::Locked(not_taken) => {
            let why = Why {
                node: String::new(),
                step: "take the cluster's lock".into(),
                why: not_taken.to_string(),
            };
            (Came::Locked, vec![why], not_taken.help())
        }
    }
}

fn failures(state: &RunState) -> Vec<Why> {
    let steps = state.plan.steps.iter().zip(&state.status);
    let failed = steps.filter_map(|(planned, status)| match status {
        Status::Failed { why, .. } => {
            Some(Why { node: planned.node.clone(), step: planned.step.sentence(), why: why.clone() })
        }
        Status::Waiting | Status::Started { .. } | Status::Done { .. } => None,
    });
    failed.collect()
}
