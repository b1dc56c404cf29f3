//! One seed played from the first fault to the good end: operators, runs, kills, and what the judges say.

use super::desk::Playbook;
use super::rollout::{Before, Ended, Rollout};
use ringwalk::input::playbook::OnFailure;
use ringwalk::journal::event::{RunResult, StepEvent};
use ringwalk::sim::{Faults, Kill, Mutation, Random, in_time};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const NODES: usize = 6;
const RACKS: usize = 3;
/// How often the operator tries a playbook before they go home.
const TRIES: usize = 4;
/// The operator reads, mends and tries again.
const THINKS: Duration = Duration::from_secs(120);
/// … and is at lunch when the controller dies, one time in three.
const IS_AWAY: Duration = Duration::from_secs(1800);
/// Longer than all deadlines of all runs of a seed together.
const DAY: Duration = Duration::from_secs(86_400);

/// How an operator goes on after a run that did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Resume,
    RollBack,
    PlanAnew,
}

/// What came of a seed.
pub struct Played {
    pub violations: Vec<String>,
    pub injected: BTreeMap<&'static str, u64>,
    /// How the runs ended, in words, each so often.
    pub ends: BTreeMap<String, u64>,
    /// The runs in their order: when each ended, how and why.
    pub story: Vec<String>,
    /// What the last run's journal holds.
    pub journal: String,
}

pub fn play(seed: u64, mutation: Mutation) -> Played {
    in_time(async {
        let mut random = Random::new(seed);
        let faults = Faults::draw(&mut random, NODES, RACKS);
        let (kills, comes_at) = (faults.kills(), faults.another_operator());
        let (playbooks, on_failure) = wishes(&mut random);
        let mut operator = Rollout::new(NODES, seed, faults, mutation);
        operator.on_failure = on_failure;
        operator.world.is_used_in_plaintext("reports", Duration::from_secs(random.below(1800)));
        let other = operator.beside("other");
        let begun = Instant::now();
        let mut days = Days { random, playbooks, kills, begun, ends: BTreeMap::new(), story: Vec::new() };
        let mut violations = match timeout(DAY, days.pass(&mut operator, other, comes_at)).await {
            Ok(Ok(of_other)) => of_other,
            Ok(Err(why)) => vec![why],
            Err(_) => vec!["a wait did not end within a day".into()],
        };
        violations.extend(operator.violations());
        let injected = operator.world.injected();
        let journal = format!("{:?}", operator.events().into_iter().filter(is_drawn).collect::<Vec<_>>());
        Played { violations, injected, ends: days.ends, story: days.story, journal }
    })
}

/// What the operator has in mind: TLS beside plaintext, or in two phases TLS alone; then new stores. One in two playbooks
/// says what to do about a failure.
fn wishes(random: &mut Random) -> ([Playbook; 2], OnFailure) {
    let playbooks = match random.below(3) {
        0 => [Playbook::Staged, Playbook::StagedRotate],
        _ => [Playbook::Enable, Playbook::Rotate],
    };
    let on_failure = match random.below(4) {
        0 => OnFailure::RestoreNode,
        1 => OnFailure::RestoreRun,
        _ => OnFailure::Stop,
    };
    (playbooks, on_failure)
}

/// A run that takes back by itself is named by chance.
fn is_drawn(event: &&StepEvent) -> bool {
    !matches!(event, StepEvent::RollbackPlanned { .. })
}

/// The operator's days with one cluster.
struct Days {
    random: Random,
    playbooks: [Playbook; 2],
    /// When the controller dies, the next one last.
    kills: Vec<Kill>,
    begun: Instant,
    ends: BTreeMap<String, u64>,
    story: Vec<String>,
}

impl Days {
    /// The error says how the cluster was left although all faults were over; else, what the other operator broke.
    async fn pass(
        &mut self,
        operator: &mut Rollout,
        mut other: Rollout,
        comes_at: Option<Duration>,
    ) -> Result<Vec<String>, String> {
        tokio::join!(biased; self.under_faults(operator), visit(&mut other, comes_at));
        operator.world.heal();
        sleep(Duration::from_secs(300)).await;
        if operator.last().is_some() && self.random.chance(500) {
            self.go_back(operator).await?;
        }
        operator.answers.approved.insert("require".into());
        let ended = operator.apply(self.playbooks[1], None).await;
        self.note("after the faults, applied", &ended, operator);
        match ended.is_good() {
            true => Ok(other.violations()),
            false => Err(format!("when the faults were over the run ended {ended:?}: {}", operator.told())),
        }
    }

    async fn under_faults(&mut self, operator: &mut Rollout) {
        for playbook in self.playbooks {
            let mut then = Then::PlanAnew;
            for _ in 0..TRIES {
                let kill = self.kills.pop();
                let ended = match then {
                    Then::PlanAnew => operator.apply(playbook, kill).await,
                    Then::Resume => operator.resume(playbook, kill).await,
                    Then::RollBack => operator.roll_back(playbook, kill).await,
                };
                self.note(&format!("under faults, {then:?}"), &ended, operator);
                if ended == Ended::Killed {
                    operator.world.inject("controller killed");
                }
                if ended == Ended::With(RunResult::Waiting) && self.random.chance(500) {
                    operator.answers.approved.insert("require".into());
                }
                if ended.is_good() && then != Then::RollBack {
                    break;
                }
                let is_away = ended == Ended::Killed && self.random.below(3) == 0;
                sleep(if is_away { IS_AWAY } else { THINKS }).await;
                then = self.goes_on(operator);
            }
        }
    }

    /// What is over can only be planned anew; what takes back is not taken back.
    fn goes_on(&mut self, operator: &Rollout) -> Then {
        let Some(last) = operator.last().filter(|last| !is_done(last)) else { return Then::PlanAnew };
        match self.random.below(4) {
            0 if last.origin.undoes.is_none() => Then::RollBack,
            1 => Then::PlanAnew,
            _ => Then::Resume,
        }
    }

    /// Takes the last run back and compares. What something else has changed since is left alone, and so not compared.
    async fn go_back(&mut self, operator: &mut Rollout) -> Result<(), String> {
        let Some(last) = operator.last() else { return Ok(()) };
        let is_back = last.origin.undoes.is_some();
        let then = if is_back { Then::Resume } else { Then::RollBack };
        if is_back && is_done(&last) {
            return Ok(());
        }
        let actors = operator.world.actors();
        let by_hand = operator.world.by_hand();
        let ended = match then {
            Then::RollBack => operator.roll_back(self.playbooks[1], None).await,
            Then::Resume | Then::PlanAnew => operator.resume(self.playbooks[1], None).await,
        };
        self.note(&format!("after the faults, {then:?}"), &ended, operator);
        let Some(before) = operator.before() else { return Ok(()) };
        let undone = last.origin.undoes.as_ref().unwrap_or(&last.run);
        // A run that takes back by itself is called after the cluster.
        let is_own = |actor: &String| actor == undone || *actor == last.run || actor.starts_with("sim-");
        let met_another = !actors[before.actors..].iter().all(is_own);
        let by_hand = &by_hand[before.by_hand..];
        match ended {
            Ended::Refused(why) if why.contains("it healed itself") => Ok(()),
            Ended::Refused(_) if met_another || !by_hand.is_empty() => Ok(()),
            ended if !ended.is_good() => {
                Err(format!("after the faults {then:?} ended {ended:?}: {}", operator.told()))
            }
            _ if met_another => Ok(()),
            _ => as_before(before, operator, by_hand),
        }
    }

    fn note(&mut self, doing: &str, ended: &Ended, operator: &Rollout) {
        let how = match ended {
            Ended::With(result) => format!("{result:?}"),
            Ended::NothingToDo => "nothing to do".into(),
            Ended::Refused(_) => "refused".into(),
            Ended::Locked(_) => "locked".into(),
            Ended::Killed => "killed".into(),
        };
        let (at_s, run) = (self.begun.elapsed().as_secs(), operator.last().map(|last| last.run));
        self.story.push(format!("{at_s} s, {run:?}, {doing}: {ended:?} {}", operator.told()));
        *self.ends.entry(format!("{doing}: {how}")).or_default() += 1;
    }
}

fn is_done(run: &ringwalk::journal::state::RunState) -> bool {
    matches!(run.finished, Some((_, RunResult::Done | RunResult::Restored)))
}

/// Every byte, owner and mode.
fn as_before(before: &Before, operator: &Rollout, by_hand: &[String]) -> Result<(), String> {
    let now = operator.configuration();
    for (node, files) in before.configuration.iter().filter(|(node, _)| !by_hand.contains(node)) {
        let paths = files.keys().chain(now[node].keys());
        if let Some(path) = paths.into_iter().find(|path| files.get(*path) != now[node].get(*path)) {
            let (was, is) = (files.get(path), now[node].get(path));
            let how = match (was, is) {
                (Some(_), None) => "is gone".into(),
                (None, _) => "was not there".into(),
                (Some(was), Some(is)) if was.bytes != is.bytes => "has other bytes".into(),
                (Some(was), Some(is)) => format!(
                    "has {}:{} {:o}, it had {}:{} {:o}",
                    is.owner, is.group, is.mode, was.owner, was.group, was.mode
                ),
            };
            return Err(format!("after a rollback {path} on {node} is not as before: it {how}"));
        }
    }
    Ok(())
}

/// Another operator sits down, wants TLS too, and goes home when the cluster is not theirs to change.
async fn visit(other: &mut Rollout, comes_at: Option<Duration>) {
    let Some(comes_at) = comes_at else { return };
    sleep(comes_at).await;
    other.world.inject("another operator");
    for _ in 0..TRIES {
        if other.apply(Playbook::Enable, None).await.is_good() {
            return;
        }
        sleep(THINKS).await;
    }
}
