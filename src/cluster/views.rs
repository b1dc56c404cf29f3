//! The ring in the eyes of a few nodes, chosen so that no single one is believed.

use super::{Cluster, Node};
use crate::facts::Facts;
use crate::gates::View;
use crate::node::nodetool::{self, NodetoolError, output};
use futures_util::future::join_all;

/// Two observers see a partition that one does not; each more costs a JVM start on its node at every look.
const OBSERVERS: usize = 2;

/// Running nodes other than `subject` that are asked about it: of other racks first, and of different ones.
pub fn observers<'a>(cluster: &'a Cluster, facts: &Facts, subject: Option<&str>) -> Vec<&'a Node> {
    let place = |node: &Node| {
        let seen = facts.node(&node.name)?;
        let member = facts.member_of(seen, &node.inventory.address)?;
        Some((member.datacenter.clone(), member.rack.clone()))
    };
    let own = subject.and_then(|name| cluster.node(name)).and_then(place);
    let runs = |node: &&Node| facts.node(&node.name).is_some_and(|seen| seen.process.is_some());
    let mut candidates: Vec<&Node> =
        cluster.nodes.iter().filter(|node| Some(node.name.as_str()) != subject).filter(runs).collect();
    candidates.sort_by_key(|node| place(node) == own);
    let mut chosen: Vec<&Node> = Vec::new();
    for other_racks_only in [true, false] {
        for node in &candidates {
            let is_new = !chosen.iter().any(|other| other.name == node.name);
            let in_new_rack = !chosen.iter().any(|other| place(other) == place(node));
            if chosen.len() < OBSERVERS && is_new && (in_new_rack || !other_racks_only) {
                chosen.push(node);
            }
        }
    }
    chosen
}

/// `nodetool status` of each observer, asked at the same time. One that does not answer is named with its reason.
pub async fn look(observers: &[&Node], facts: &Facts) -> (Vec<View>, Vec<String>) {
    let answers = join_all(observers.iter().map(|node| status(node, facts))).await;
    let mut views = Vec::new();
    let mut silent = Vec::new();
    for (node, answer) in observers.iter().zip(answers) {
        match answer {
            Ok(rows) => views.push(View { observer: node.name.clone(), rows }),
            Err(why) => silent.push(format!("{}: {why}", node.name)),
        }
    }
    (views, silent)
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
