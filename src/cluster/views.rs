//! The ring in the eyes of a few nodes, chosen so that no single one is believed.

use super::{Cluster, Node};
use crate::facts::Facts;
use crate::gates::View;
use crate::node::nodetool::{self, NodetoolError, output};
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Two observers see a partition that one does not; each more costs a JVM start on its node at every look.
const OBSERVERS: usize = 2;

/// How often others are asked where some did not answer.
const ROUNDS: usize = 3;

/// Whoever answered at once has an old answer when the last one comes. A gossip needs that long, too, to find a node down.
const FRESH: Duration = Duration::from_secs(30);

/// What the observers say.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// When they were asked.
    pub asked: Option<Instant>,
    pub views: Vec<View>,
    /// Who did not answer, with the reason.
    pub silent: Vec<String>,
    /// How many views there should be: fewer where there are no more nodes to ask.
    pub wanted: usize,
}

/// Running nodes other than `subject`, in the order in which they are asked about it: of other racks first, and of
/// different ones.
pub fn candidates<'a>(cluster: &'a Cluster, facts: &Facts, subject: Option<&str>) -> Vec<&'a Node> {
    let place = |node: &Node| {
        let seen = facts.node(&node.name)?;
        let member = facts.member_of(seen, &node.inventory.address)?;
        Some((member.datacenter.clone(), member.rack.clone()))
    };
    let own = subject.and_then(|name| cluster.node(name)).and_then(place);
    let runs = |node: &&Node| facts.node(&node.name).is_some_and(|seen| seen.process.is_some());
    let others = cluster.nodes.iter().filter(|node| Some(node.name.as_str()) != subject).filter(runs);
    let mut met = BTreeSet::from([own.clone()]);
    // By rank: the first of a rack that is not the subject's, the others of such a rack, the subject's own rack.
    let mut ranked: Vec<(u8, &Node)> = others
        .map(|node| {
            let place = place(node);
            (if place == own { 2 } else { u8::from(!met.insert(place)) }, node)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, node)| node).collect()
}

/// `nodetool status` of two of the candidates, asked at the same time. One that does not answer is replaced by the
/// next, and then all are asked again: what the others said is old by that time.
pub async fn look(candidates: &[&Node], facts: &Facts) -> Looks {
    let mut looks = Looks { wanted: OBSERVERS.min(candidates.len()), ..Looks::default() };
    let mut candidates = candidates.to_vec();
    for _ in 0..ROUNDS {
        let asked = Instant::now();
        let observers = &candidates[..OBSERVERS.min(candidates.len())];
        let answers = join_all(observers.iter().map(|node| status(node, facts))).await;
        looks.asked = Some(asked);
        looks.views.clear();
        let mut silent = Vec::new();
        for (node, answer) in observers.iter().zip(answers) {
            match answer {
                Ok(rows) => looks.views.push(View { observer: node.name.clone(), rows }),
                Err(why) => {
                    silent.push(node.name.clone());
                    looks.silent.push(format!("{}: {why}", node.name));
                }
            }
        }
        candidates.retain(|node| !silent.contains(&node.name));
        let is_fresh = asked.elapsed() < FRESH;
        if is_fresh && (silent.is_empty() || candidates.len() < OBSERVERS) {
            return looks;
        }
        if !is_fresh {
            looks.views.clear();
        }
    }
    looks
}

async fn status(node: &Node, facts: &Facts) -> Result<Vec<output::StatusRow>, String> {
    let seen = facts.node(&node.name).ok_or("it was not probed")?;
    let text = ask(node, &node.nodetool(seen), &["status"]).await?;
    output::status(&text).map_err(|error| error.to_string())
}

/// One nodetool call on a node; the error is a sentence with its way out.
pub async fn ask(node: &Node, tool: &nodetool::Nodetool, arguments: &[&str]) -> Result<String, String> {
    let output =
        node.host.run(&nodetool::command(tool, arguments)).await.map_err(|error| error.to_string())?;
    nodetool::answer(&output).map_err(|error: NodetoolError| match error.help() {
        Some(help) => format!("{error} ({help})"),
        None => error.to_string(),
    })
}
