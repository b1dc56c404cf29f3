//! The lock of a cluster: held by the run whose name stands on a majority of the inventory's nodes, and kept by a sign
//! of life on each of them. In a large cluster not every node hears every sign.

mod known;
mod round;

use super::moment::Moment;
use super::survey::chain;
use super::{AT_ONCE, Cluster, Node};
use crate::node::lock::{self, Answer, Claim, Holder, LockError, NodeLock};
use crate::plan::change::sha256_hex;
use aws_lc_rs::rand;
use futures_util::stream::{self, StreamExt};
use known::{Heard, Known, TURNS};
use round::{Round, Verb};
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
    /// Nodes that a dead run held before.
    taken_over: BTreeSet<String>,
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
        let Holder { run, token: _, by, since, silent, from: _ } = &self.holder;
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
                Some(Held { holder: Holder { run, from: Some(from), .. }, .. }) => format!(
                    "`ringwalk resume {run}` where it began goes on with it, or if it never did `ringwalk resume {from}`; \
                     once you are sure that it is over, `ringwalk lock break {run}` takes its lock away"
                ),
                Some(Held { holder: Holder { run, from: None, .. }, .. }) => format!(
                    "`ringwalk resume {run}` where it began goes on with it, and `ringwalk rollback {run}` takes it back; \
                     once you are sure that it is over, `ringwalk lock break {run}` takes its lock away"
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
    take_as(cluster, claim(run, by), BTreeSet::new()).await
}

/// Takes the lock for a run that goes on, or that takes another back: also from that one and from whoever took it back
/// before, once they are dead. `is_gone`: whether a holder is known to be so although it gave a sign of life just now.
pub async fn take_over(
    cluster: Arc<Cluster>,
    run: &str,
    by: &str,
    undone: Option<&str>,
    is_gone: &(dyn Fn(&Holder) -> bool + Sync),
) -> Result<Lease, NotTaken> {
    let is_related = |other: &str| other == run || Some(other) == undone;
    let may_pass = |holder: &&Holder| {
        let is_related = is_related(&holder.run) || holder.from.as_deref().is_some_and(is_related);
        holder.run == run || is_related && (!holder.is_alive() || is_gone(holder))
    };
    let locks = show(&cluster).await;
    let passing = || locks.iter().filter(|lock| lock.holder().is_some_and(|holder| may_pass(&holder)));
    let over: BTreeSet<&str> = passing().filter_map(|lock| Some(lock.holder()?.run.as_str())).collect();
    let over = over.into_iter().map(str::to_owned).collect();
    let from = undone.map(str::to_owned);
    let taken_over = passing().map(|lock| lock.node.clone()).collect();
    take_as(cluster, Claim { from, over, ..claim(run, by) }, taken_over).await
}

fn claim(run: &str, by: &str) -> Claim {
    let token = format!("{:016x}", random());
    Claim { run: run.into(), token, by: by.into(), from: None, over: Vec::new() }
}

/// `taken_over`: nodes that are not let go where this comes to nothing.
async fn take_as(
    cluster: Arc<Cluster>,
    claim: Claim,
    taken_over: BTreeSet<String>,
) -> Result<Lease, NotTaken> {
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
            return Ok(Lease { standing, heartbeat, taken_over });
        }
        let own = round.mine.len();
        // A node that did not answer may have given it all the same.
        let_go(&cluster, &claim, &taken_over).await;
        let of = cluster.nodes.len();
        let by_one_alone = round.others.iter().any(|other| other.nodes >= majority(&cluster));
        if round.others.is_empty() {
            return Err(NotTaken::NoMajority { taken: own, of, why: round.silent });
        }
        if by_one_alone || tries == TRIES {
            return Err(NotTaken::Held(round.others));
        }
        sleep(Duration::from_millis(
            SHORTEST_WAIT_MS + of_its_own(&claim.run, tries) % (SHORTEST_WAIT_MS << tries),
        ))
        .await;
        tries += 1;
    }
}

async fn let_go(cluster: &Cluster, claim: &Claim, but: &BTreeSet<String>) {
    let nodes = cluster.nodes.iter().filter(|node| !but.contains(&node.name));
    Round::of(nodes, claim, |_| Verb::Release).await;
}

/// Who holds each node.
pub async fn show(cluster: &Cluster) -> Vec<NodeLock> {
    let mut asked = Vec::new();
    for node in &cluster.nodes {
        asked.push(async move { named(node, lock::show(node.host.as_ref()).await) });
    }
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

/// Takes the lock away from these processes of a run, on every node; `Mine` where it was theirs.
pub async fn break_up(cluster: &Cluster, run: &str, tokens: &[String]) -> Vec<NodeLock> {
    let mut asked = Vec::new();
    for node in &cluster.nodes {
        asked.push(async move { named(node, lock::break_up(node.host.as_ref(), run, tokens).await) });
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

    /// Of a run that could not begin: ends its signs of life, and gives the lock back where no run had it before. What a
    /// dead run held is held still, since nobody has decided what becomes of the nodes that it left.
    pub async fn give_up(&self) {
        self.heartbeat.abort();
        let Standing { cluster, claim, .. } = &*self.standing;
        let_go(cluster, &*claim.lock().await, &self.taken_over).await;
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
        (claim.from, claim.over) = (Some(from.clone()), vec![from]);
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
