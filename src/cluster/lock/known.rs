//! What the holder of a cluster's lock knows of it, node by node, and which nodes hear its next sign of life.

use super::round::Round;
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
        let hears = |(at, node): &(usize, &Node)| self.hears(&node.name, *at, nodes.len(), heard);
        nodes.iter().enumerate().filter(hears).map(|(_, node)| node).collect()
    }

    /// Whether the node that stands at this place of so many does.
    fn hears(&self, name: &str, at: usize, of: usize, heard: Heard) -> bool {
        match heard {
            Heard::ByTurn(turn) if of > HEAR_ALL => {
                at % TURNS == turn || self.acted_on.iter().any(|node| node == name)
            }
            Heard::ByTurn(_) | Heard::ByAll => true,
        }
    }
}

/// Who hears a sign of life.
#[derive(Clone, Copy)]
pub enum Heard {
    ByAll,
    /// By those whose turn it is.
    ByTurn(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of four signs in a row a node hears, by its place.
    fn heard(known: &Known, of: usize) -> Vec<usize> {
        let times = |at: usize| {
            let hears = |turn: &usize| known.hears(&format!("n{at}"), at, of, Heard::ByTurn(*turn));
            (0..TURNS).filter(hears).count()
        };
        (0..of).map(times).collect()
    }

    #[test]
    fn each_of_many_nodes_hears_every_fourth_sign_and_one_that_is_acted_on_hears_all() {
        let mut known = Known::default();
        assert_eq!(heard(&known, HEAR_ALL), vec![TURNS; HEAR_ALL]);
        assert_eq!(heard(&known, 1000), vec![1; 1000]);
        known.acts_on("n7");
        assert_eq!((heard(&known, 1000)[7], heard(&known, 1000)[8]), (TURNS, 1));
        (100..100 + ACTED_ON).for_each(|at| known.acts_on(&format!("n{at}")));
        assert_eq!((heard(&known, 1000)[7], heard(&known, 1000)[100]), (1, TURNS));
        assert!(known.hears("n9", 9, 1000, Heard::ByAll));
    }
}
