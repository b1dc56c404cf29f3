//! The lock of a cluster: held by the run whose name stands on a majority of the inventory's nodes, and kept by a sign
//! of life on each of them. In a large cluster not every node hears every sign.

mod known;

use super::moment::Moment;
use super::survey::chain;
use super::{AT_ONCE, Cluster, Node};
use crate::node::lock::{self, Answer, Claim, Holder, LockError, NodeLock};
use crate::plan::change::sha256_hex;
use aws_lc_rs::rand;
use futures_util::stream::{self, StreamExt};
use known::{Heard, Known, TURNS};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Between two signs of life. An eighth of what makes a holder count as dead: a slow node and a lost packet are none.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// For so long after a majority was last heard to be ours we act. It ends before others may call us dead, since our
/// sign of life is older on the nodes than here, and clocks need not run alike.
const HOLDS: Duration = Duration::from_secs(90);
/// Who finds a rival at the same moment tries again this often; each time it is less likely that they meet.
const TRIES: u32 = 5;
/// The shortest wait between two tries: a round on all nodes is over by then.
const SHORTEST_WAIT_MS: u64 = 200;

/// A lock that is held. Dropped without [`Lease::release`] it goes stale by itself.
pub struct Lease {
    standing: Arc<Standing>,
    heartbeat: JoinHandle<()>,
}

/// The lock as its holder knows it.
struct Standing {
    cluster: Arc<Cluster>,
    /// Held while nodes are asked: a sign of life in the name of a run that has passed the lock on would find it lost.
    claim: AsyncMutex<Claim>,
    known: Mutex<Known>,
}

/// Why the lock was not taken. Nothing was changed on any node, and no lock of ours is left.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotTaken {
    #[error("{}", held(.0))]
    Held(Vec<Held>),
    #[error("the lock could be taken on {taken} of {of} nodes, which is no majority: {}", why.join("; "))]
    NoMajority { taken: usize, of: usize, why: Vec<String> },
}

/// A run that holds nodes, with its youngest sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub holder: Holder,
    pub nodes: usize,
    pub of: usize,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { run, by, since, silent } = &self.holder;
        let run = if run.is_empty() { "of no known name" } else { run };
        write!(f, "run {run} by {by} holds {} of {} nodes", self.nodes, self.of)?;
        if let Some(since) = since {
            write!(f, " since {}", since.strftime("%Y-%m-%d %H:%M:%S UTC"))?;
        }
        let silent_s = silent.as_secs();
        match self.holder.is_alive() {
            true => write!(f, " and is at work (last sign of life {silent_s} s ago)"),
            false => write!(f, "; it is dead or cut off: no sign of life for {} min", silent_s / 60),
        }
    }
}

fn held(held: &[Held]) -> String {
    let each: Vec<String> = held.iter().map(ToString::to_string).collect();
    format!("the cluster is locked: {}; nothing was changed", each.join("; "))
}

impl NotTaken {
    /// A way out.
    pub fn help(&self) -> String {
        match self {
            NotTaken::Held(held) => match held.iter().find(|held| !held.holder.is_alive()) {
                Some(Held { holder: Holder { run, .. }, .. }) => format!(
                    "`ringwalk resume {run}` where it began goes on with it; once you are sure that it is over, \
                     `ringwalk lock break {run}` takes its lock away"
                ),
                None => "wait for its end (`ringwalk lock show`), then try again".into(),
            },
            NotTaken::NoMajority { .. } => "mend those nodes, then try again".into(),
        }
    }
}

/// Takes the lock on every node that gives it, and holds it if those are a majority. Where two begin together and
/// neither gets one, both let go and try again after a while of its own.
pub async fn take(cluster: Arc<Cluster>, run: &str, by: &str) -> Result<Lease, NotTaken> {
    let token = format!("{:016x}", random());
    let claim = Claim { run: run.into(), token, by: by.into(), from: None };
    let mut tries = 1;
    loop {
        let asked = Moment::now();
        let round = Round::of(&cluster.nodes, &claim, |_| Verb::Take).await;
        if round.mine.len() >= majority(&cluster) {
            let mut known = Known::default();
            known.take_in(&round, asked);
            let known = Mutex::new(known);
            let standing = Arc::new(Standing { cluster, claim: AsyncMutex::new(claim), known });
            let heartbeat = tokio::spawn(Arc::clone(&standing).beat());
            return Ok(Lease { standing, heartbeat });
        }
        let own = round.mine.len();
        // A node that did not answer may have given it all the same.
        Round::of(&cluster.nodes, &claim, |_| Verb::Release).await;
        let of = cluster.nodes.len();
        let by_one_alone = round.others.iter().any(|other| other.nodes >= majority(&cluster));
        if round.others.is_empty() {
            return Err(NotTaken::NoMajority { taken: own, of, why: round.silent });
        }
        if by_one_alone || tries == TRIES {
            return Err(NotTaken::Held(round.others));
        }
        sleep(Duration::from_millis(SHORTEST_WAIT_MS + of_its_own(run, tries) % (SHORTEST_WAIT_MS << tries)))
            .await;
        tries += 1;
    }
}

/// Who holds each node.
pub async fn show(cluster: &Cluster) -> Vec<NodeLock> {
    let mut asked = Vec::new();
    for node in &cluster.nodes {
        asked.push(async move { named(node, lock::show(node.host.as_ref()).await) });
    }
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

/// Takes the lock away from a run on every node; `Mine` where it was the run's.
pub async fn break_up(cluster: &Cluster, run: &str) -> Vec<NodeLock> {
    let mut asked = Vec::new();
    for node in &cluster.nodes {
        asked.push(async move { named(node, lock::break_up(node.host.as_ref(), run).await) });
    }
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

fn named(node: &Node, answer: Result<Answer, LockError>) -> NodeLock {
    NodeLock { node: node.name.clone(), answer: answer.map_err(|error| chain(&error)) }
}

fn majority(cluster: &Cluster) -> usize {
    cluster.nodes.len() / 2 + 1
}

/// Tells two processes of one run apart; the zero of a machine without random numbers only makes that harder.
fn random() -> u64 {
    let mut bytes = [0; 8];
    let _ = rand::fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}

/// A number of the run's own for each try: without it two rivals would wait alike. It is drawn from the run's id, so that
/// a simulated run goes the same way each time.
fn of_its_own(run: &str, tries: u32) -> u64 {
    let hash = sha256_hex(format!("{run} {tries}").as_bytes());
    hash.get(..8).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

impl Lease {
    /// Whether the run may still act: no look at any node, only at what the last heartbeat told.
    pub fn may_act(&self) -> Result<(), String> {
        let known = self.standing.known();
        if let Some(why) = &known.lost {
            return Err(why.clone());
        }
        match known.age(majority(&self.standing.cluster)) {
            Some(age) if age < HOLDS => Ok(()),
            Some(age) => Err(format!(
                "this run's lock could not be renewed on a majority of the nodes for {} s",
                age.as_secs()
            )),
            None => Err("this run's lock is not on a majority of the nodes any more".into()),
        }
    }

    /// This node hears every sign of life from now on, until many others were acted on.
    pub fn acts_on(&self, node: &str) {
        self.standing.known().acts_on(node);
    }

    /// Gives a sign of life to all nodes, out of turn.
    pub async fn renew(&self) {
        self.standing.renew(Heard::ByAll).await;
    }

    /// Has another run of this process hold the lock from now on, on a majority of the nodes; without one it stays as it
    /// is where it could not be passed on, and neither run may act.
    pub async fn pass_on(&self, run: &str) -> Result<(), String> {
        self.may_act()?;
        self.standing.pass_on(run).await
    }

    /// Gives the lock back wherever it is ours.
    pub async fn release(&self) {
        self.heartbeat.abort();
        let Standing { cluster, claim, .. } = &*self.standing;
        Round::of(&cluster.nodes, &*claim.lock().await, |_| Verb::Release).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

impl Standing {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn beat(self: Arc<Standing>) {
        let mut beats = interval(HEARTBEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.tick().await;
        let mut turns = (0..TURNS).cycle().map(Heard::ByTurn);
        while self.known().lost.is_none() {
            beats.tick().await;
            self.renew(turns.next().unwrap_or(Heard::ByAll)).await;
        }
    }

    /// Renews on nodes that bear the lock. One that never did is asked again; one from which it was taken away is not.
    /// Where it was taken away from one, all are asked at once.
    async fn renew(&self, heard: Heard) {
        let claim = self.claim.lock().await;
        let nodes = &self.cluster.nodes;
        let those = self.known().hearers(nodes, heard);
        let are_all = those.len() == nodes.len();
        if self.ask(those, &claim).await && !are_all {
            self.ask(nodes.iter().collect(), &claim).await;
        }
    }

    /// Whether one of these nodes does not bear the lock any more.
    async fn ask(&self, nodes: Vec<&Node>, claim: &Claim) -> bool {
        let asked = Moment::now();
        let bore = self.known().bore();
        let verb = |node: &str| if bore.contains(node) { Verb::Renew } else { Verb::Take };
        let round = Round::of(nodes, claim, verb).await;
        let mut known = self.known();
        known.take_in(&round, asked);
        if self.cluster.nodes.len() - known.gone() < majority(&self.cluster) {
            known.lost = Some(lost(&round));
        }
        !round.not_mine.is_empty()
    }

    async fn pass_on(&self, run: &str) -> Result<(), String> {
        let mut claim = self.claim.lock().await;
        let from = std::mem::replace(&mut claim.run, run.into());
        claim.from = Some(from);
        let asked = Moment::now();
        let round = Round::of(&self.cluster.nodes, &claim, |_| Verb::Take).await;
        let mut known = self.known();
        // Where it was not heard of, it is taken at the next sign of life.
        known.forget();
        known.take_in(&round, asked);
        if round.mine.len() < majority(&self.cluster) {
            let why = lost(&round);
            known.lost = Some(why.clone());
            return Err(why);
        }
        Ok(())
    }
}

fn lost(round: &Round) -> String {
    match round.others.first() {
        Some(other) => format!("this run lost its lock: {other}"),
        None => "this run lost its lock: it was broken".into(),
    }
}

#[derive(Clone, Copy)]
enum Verb {
    Take,
    Renew,
    Release,
}

/// What all nodes answered.
#[derive(Default)]
struct Round {
    mine: BTreeSet<String>,
    /// Who answered that it is another's, or nobody's.
    not_mine: BTreeSet<String>,
    others: Vec<Held>,
    /// Who did not answer, with the reason.
    silent: Vec<String>,
}

impl Round {
    async fn of<'a>(
        nodes: impl IntoIterator<Item = &'a Node>,
        claim: &Claim,
        verb: impl Fn(&str) -> Verb + Send,
    ) -> Round {
        let mut asked = Vec::new();
        for node in nodes {
            asked.push(ask(node, verb(&node.name), claim));
        }
        let of = asked.len();
        let answers: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let mut round = Round::default();
        for (name, answer) in answers {
            match answer {
                Ok(Answer::Mine) => drop(round.mine.insert(name.to_owned())),
                Ok(Answer::Other(holder)) => {
                    round.not_mine.insert(name.to_owned());
                    round.other(holder, of);
                }
                Ok(Answer::Absent) => drop(round.not_mine.insert(name.to_owned())),
                Err(error) => round.silent.push(format!("{name}: {}", chain(&error))),
            }
        }
        round
    }

    fn other(&mut self, holder: Holder, of: usize) {
        match self.others.iter_mut().find(|held| held.holder.run == holder.run) {
            Some(held) => {
                held.nodes += 1;
                held.holder.silent = held.holder.silent.min(holder.silent);
                held.holder.since = held.holder.since.min(holder.since);
            }
            None => self.others.push(Held { holder, nodes: 1, of }),
        }
    }
}

async fn ask<'a>(node: &'a Node, verb: Verb, claim: &Claim) -> (&'a str, Result<Answer, LockError>) {
    let host = node.host.as_ref();
    let answer = match verb {
        Verb::Take => lock::take(host, claim).await,
        Verb::Renew => lock::renew(host, claim).await,
        Verb::Release => lock::release(host, claim).await,
    };
    (&node.name, answer)
}
