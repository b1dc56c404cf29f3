//! What the holder of a cluster's lock knows of it, node by node, and which nodes hear its next sign of life.

use super::Round;
use crate::cluster::moment::Moment;
use crate::cluster::{AT_ONCE, Node};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Up to so many nodes all hear every sign of life; each is a shell on a node, and as many are asked together.
const HEAR_ALL: usize = AT_ONCE;
/// In a larger cluster a node hears every fourth one: half of what makes a holder count as dead. A majority is heard
/// within the time that it holds, and one sign may be lost.
pub const TURNS: usize = 4;
/// Nodes that were acted on last hear all signs: their restart jobs wait for them. More are never in work together.
const ACTED_ON: usize = AT_ONCE;

#[derive(Default)]
pub struct Known {
    /// Nodes that have borne the lock, each with the time at which it was last asked and answered so.
    held: BTreeMap<String, Moment>,
    /// Nodes that answered otherwise when they were asked last.
    gone: BTreeSet<String>,
    /// Nodes that this run acted on, the last one last.
    acted_on: VecDeque<String>,
    pub lost: Option<String>,
}

impl Known {
    pub fn take_in(&mut self, round: &Round, asked: Moment) {
        self.gone.retain(|node| !round.mine.contains(node));
        self.gone.extend(round.not_mine.iter().cloned());
        self.held.extend(round.mine.iter().map(|node| (node.clone(), asked)));
    }

    /// How long ago so many nodes were asked that answered that the lock is ours; `None`: so many never did.
    pub fn age(&self, of_nodes: usize) -> Option<Duration> {
        let borne = self.held.iter().filter(|(node, _)| !self.gone.contains(*node));
        let mut ages: Vec<Duration> = borne.map(|(_, asked)| asked.age()).collect();
        ages.sort_unstable();
        ages.get(of_nodes - 1).copied()
    }

    /// Which nodes have borne the lock.
    pub fn bore(&self) -> BTreeSet<String> {
        self.held.keys().cloned().collect()
    }

    /// How many nodes are known not to bear it.
    pub fn gone(&self) -> usize {
        self.gone.len()
    }

    /// The lock goes by another name from now on.
    pub fn forget(&mut self) {
        self.held.clear();
        self.gone.clear();
    }

    pub fn acts_on(&mut self, node: &str) {
        self.acted_on.retain(|other| other != node);
        self.acted_on.push_back(node.to_owned());
        if self.acted_on.len() > ACTED_ON {
            self.acted_on.pop_front();
        }
    }

    pub fn hearers<'a>(&self, nodes: &'a [Node], heard: Heard) -> Vec<&'a Node> {
        let hears = |(at, node): &(usize, &Node)| match heard {
            Heard::ByTurn(turn) if nodes.len() > HEAR_ALL => {
                at % TURNS == turn || self.acted_on.contains(&node.name)
            }
            Heard::ByTurn(_) | Heard::ByAll => true,
        };
        nodes.iter().enumerate().filter(hears).map(|(_, node)| node).collect()
    }
}

/// Who hears a sign of life.
#[derive(Clone, Copy)]
pub enum Heard {
    ByAll,
    /// By those whose turn it is.
    ByTurn(usize),
}
