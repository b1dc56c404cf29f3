//! The lock of each node, for people and machines.

use crate::node::lock::{Answer, NodeLock};
use serde_json::json;

/// A line a node.
pub fn text(locks: &[NodeLock]) -> String {
    let width = locks.iter().map(|lock| lock.node.len()).max().unwrap_or(0);
    locks.iter().map(|lock| format!("{:width$}  {}\n", lock.node, line(lock))).collect()
}

fn line(lock: &NodeLock) -> String {
    let holder = match &lock.answer {
        Ok(Answer::Other(holder)) => holder,
        Ok(Answer::Mine | Answer::Absent) => return "free".into(),
        Err(why) => return format!("not known: {why}"),
    };
    let since = holder
        .since
        .map_or("an unknown time".into(), |since| since.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    let state = if holder.is_alive() { "at work" } else { "dead or cut off" };
    format!(
        "run {} by {} since {since}; {state}: last sign of life {} s ago",
        holder.run,
        holder.by,
        holder.silent.as_secs()
    )
}

pub fn json(locks: &[NodeLock]) -> serde_json::Result<String> {
    let node = |lock: &NodeLock| match (&lock.answer, lock.holder()) {
        (_, Some(holder)) => json!({
            "node": lock.node,
            "run": holder.run,
            "by": holder.by,
            "since": holder.since.map(|since| since.to_string()),
            "silent_s": holder.silent.as_secs(),
            "alive": holder.is_alive(),
        }),
        (Err(why), None) => json!({ "node": lock.node, "problem": why }),
        (Ok(_), None) => json!({ "node": lock.node, "run": null }),
    };
    serde_json::to_string(&locks.iter().map(node).collect::<Vec<_>>())
}

/// What became of a lock that was taken away from `run`, a line a node.
pub fn broken(run: &str, locks: &[NodeLock]) -> String {
    let width = locks.iter().map(|lock| lock.node.len()).max().unwrap_or(0);
    let line = |lock: &NodeLock| {
        let what = match &lock.answer {
            Ok(Answer::Mine) => "the lock is taken away".into(),
            Ok(Answer::Absent) => "free".into(),
            Ok(Answer::Other(other)) => format!("left alone: run {} holds it, not {run}", other.run),
            Err(why) => format!("not known: {why}"),
        };
        format!("{:width$}  {what}\n", lock.node)
    };
    locks.iter().map(line).collect()
}
