//! What a simulated cluster stores: an application that writes a row to a range whenever one of its replicas comes or
//! goes, and reads back every row that it was ever told is written.
//!
//! It asks as many replicas as ringwalk is to keep. A node that was away never gets what was written meanwhile, as if no
//! hint were kept; what it has, it keeps when its process ends, as a commit log does in the page cache.

use super::world::State;
use std::collections::BTreeSet;
use tokio::time::Instant;

/// The rows of one range that were acknowledged: who has each.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    holders: Vec<BTreeSet<usize>>,
}

impl State {
    /// A process came or went: its ranges are written to and read.
    pub fn write_and_read(&mut self, node: usize, now: Instant) {
        let mut rows = std::mem::take(&mut self.rows);
        for (range, rows) in self.guarded.iter().zip(&mut rows) {
            // Of fewer, what one has written another need not see.
            if !range.replicas.contains(&node) || range.needs * 2 <= range.replicas.len() {
                continue;
            }
            let replicas = range.replicas.iter().copied();
            let reached: BTreeSet<usize> = replicas.filter(|replica| self.answers(*replica, now)).collect();
            if reached.len() < range.needs {
                continue;
            }
            // Whichever of them answer first, one must have it.
            let is_missed = |holders: &&BTreeSet<usize>| reached.difference(holders).count() >= range.needs;
            if let Some(holders) = rows.holders.iter().find(is_missed) {
                let [have, serve] = [holders, &reached].map(|nodes| self.names(nodes));
                self.violations.push(format!(
                    "a row of range {} that was acknowledged cannot be read: {have:?} have it, {serve:?} serve",
                    range.name
                ));
            }
            rows.holders.push(reached);
        }
        self.rows = rows;
    }

    /// Whether a replica serves on the application's side of a partition.
    fn answers(&self, replica: usize, now: Instant) -> bool {
        let rack = &self.machines[replica].member.rack;
        let is_cut_off = self
            .partition
            .as_ref()
            .is_some_and(|(cut, from, until)| rack == cut && *from <= now && now < *until);
        self.serves(replica) && !is_cut_off
    }

    fn names(&self, nodes: &BTreeSet<usize>) -> Vec<String> {
        nodes.iter().map(|node| self.machines[*node].name.clone()).collect()
    }

    /// All that a node has stored is gone.
    pub fn forget_data(&mut self, node: usize) {
        for holders in self.rows.iter_mut().flat_map(|rows| &mut rows.holders) {
            holders.remove(&node);
        }
    }
}
