//! One question about the lock, asked of many nodes at once.

use super::Held;
use crate::cluster::survey::chain;
use crate::cluster::{AT_ONCE, Node};
use crate::node::lock::{self, Answer, Claim, Holder, LockError};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeSet;

#[derive(Clone, Copy)]
pub enum Verb {
    Take,
    Renew,
    Release,
}

/// What all nodes answered.
#[derive(Default)]
pub struct Round {
    pub mine: BTreeSet<String>,
    /// Who answered that it is another's, or nobody's.
    pub not_mine: BTreeSet<String>,
    pub others: Vec<Held>,
    /// Who did not answer, with the reason.
    pub silent: Vec<String>,
}

impl Round {
    pub async fn of<'a>(
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
