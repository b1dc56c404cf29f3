//! `ringwalk lock`: who holds the cluster's nodes; and a lock taken away from a run that is over.

use super::act::{agreed, operator, say};
use super::arguments::{Global, LockArguments, LockCommand, OutputForm};
use super::exit::Exit;
use super::load::load_inventory;
use super::{Trouble, print, reach};
use crate::cluster::Cluster;
use crate::cluster::lock::{self, Lease, NotTaken};
use crate::engine::EngineError;
use crate::engine::carry::Ended;
use crate::journal::file;
use crate::node::lock::{Answer, Holder, NodeLock};
use crate::report::lock as shown;
use anyhow::{Context, anyhow};
use std::path::Path;
use std::sync::Arc;

pub async fn run(global: &Global, arguments: &LockArguments) -> Result<Exit, Trouble> {
    let loaded = load_inventory(global.inventory.as_deref(), global.playbook.as_deref())?;
    let cluster = reach::cluster(&loaded);
    match &arguments.command {
        LockCommand::Show => show(global, &cluster).await,
        LockCommand::Break { run, yes } => break_up(&cluster, run, *yes).await,
    }
}

/// Takes the lock for a run that is about to act. Its signs of life, four a minute, stay out of the transcript.
pub async fn take(cluster: &Cluster, run: &str) -> Result<Arc<Lease>, Trouble> {
    taken(lock::take(Arc::new(cluster.clone()), run, &operator()).await)
}

/// The same for a run that goes on, or takes another back: from that one too, if it is dead.
pub async fn take_over(
    cluster: &Cluster,
    run: &str,
    undone: Option<&str>,
    runs_dir: &Path,
) -> Result<Arc<Lease>, Trouble> {
    let by = operator();
    // A process of this machine that is at work holds its journal.
    let is_gone = |holder: &Holder| {
        holder.by == by && matches!(file::is_locked(&file::path(runs_dir, &holder.run)), Ok(false))
    };
    taken(lock::take_over(Arc::new(cluster.clone()), run, &by, undone, &is_gone).await)
}

fn taken(answer: Result<Lease, NotTaken>) -> Result<Arc<Lease>, Trouble> {
    match answer {
        Ok(lease) => Ok(Arc::new(lease)),
        Err(not_taken) => Err(anyhow!("{not_taken}\nhelp: {}", not_taken.help()).into()),
    }
}

/// Gives it back after a run that ended or stopped in order, be it midway: whoever mends the cluster needs it. A run that
/// was left in an act keeps it until it goes stale, since what it began goes on on a node; its `resume` takes it over. So
/// does one that could not go on: what it left is as undecided as before.
pub async fn give_back(lease: &Lease, ended: &Result<Ended, EngineError>) {
    match ended {
        Ok(Ended { result: Ok(_), .. }) => lease.release().await,
        Ok(Ended { result: Err(_), .. }) => {}
        Err(_) => lease.give_up().await,
    }
}

/// A run that cannot begin needs no lock.
pub async fn or_give_back<T, E: Into<Trouble>>(lease: &Lease, prepared: Result<T, E>) -> Result<T, Trouble> {
    if prepared.is_err() {
        lease.give_up().await;
    }
    prepared.map_err(Into::into)
}

async fn show(global: &Global, cluster: &Cluster) -> Result<Exit, Trouble> {
    let locks = lock::show(cluster).await;
    print(&match global.output() {
        OutputForm::Text => shown::text(&locks),
        OutputForm::Json => shown::json(&locks).context("cannot write JSON")? + "\n",
    });
    Ok(Exit::Success)
}

async fn break_up(cluster: &Cluster, run: &str, yes: bool) -> Result<Exit, Trouble> {
    let locks = lock::show(cluster).await;
    let holders: Vec<&Holder> = locks.iter().filter_map(NodeLock::holder).collect();
    let its: Vec<&Holder> = holders.iter().copied().filter(|holder| holder.run == run).collect();
    let Some(first) = its.first() else {
        let others: Vec<&str> = holders.iter().map(|holder| holder.run.as_str()).collect();
        return Err(match others.first() {
            Some(other) => anyhow!("run {run} holds no node; run {other} does (`ringwalk lock show`)").into(),
            None => anyhow!("run {run} holds no node of those that answered (`ringwalk lock show`)").into(),
        });
    };
    let is_alive = its.iter().any(|holder| holder.is_alive());
    let doubt = match is_alive {
        true => " It is at work: it will stop before its next act, and what it has begun goes on.",
        false => {
            " A node that does not answer since its restart puts its old files back all the same, in time; `ringwalk \
             rollback` of the run needs no lock to be broken."
        }
    };
    let question = format!("Run {run} by {} holds {} nodes.{doubt} Take its lock away?", first.by, its.len());
    if !agreed(yes, &question)? {
        say("nothing was changed\n");
        return Ok(Exit::StoppedUnchanged);
    }
    // One that resumed the run while the question was open is not who was asked about.
    let tokens: Vec<String> = its.iter().map(|holder| holder.token.clone()).collect();
    let broken = lock::break_up(cluster, run, &tokens).await;
    print(&shown::broken(run, &broken));
    let left = broken.iter().any(|node| !matches!(node.answer, Ok(Answer::Mine | Answer::Absent)));
    Ok(if left { Exit::StoppedMidway } else { Exit::Success })
}
