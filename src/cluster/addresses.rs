//! Every address and name that a node goes by, as the node and its ring say; whoever cannot be asked is left out.

use super::survey::{self, chain, probe_or_ask_version};
use super::{AT_ONCE, Cluster, Node};
use crate::facts::{Facts, NodeFacts};
use crate::input::inventory::Inventory;
use crate::node::probe::ProbeRequest;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// By node.
    pub known: BTreeMap<String, BTreeSet<String>>,
    /// By node: why nothing, or not all, is known of it.
    pub unknown: BTreeMap<String, String>,
}

pub async fn addresses(cluster: &Cluster, inventory: &Inventory) -> Addresses {
    let mut found = Addresses::default();
    let probes = cluster.nodes.iter().map(|node| async move {
        let request = ProbeRequest::new(&node.inventory, Vec::new());
        (node, probe_or_ask_version(node, request).await)
    });
    let answers: Vec<_> = stream::iter(probes).buffered(AT_ONCE).collect().await;
    let mut seen: Vec<NodeFacts> = Vec::new();
    for (node, answer) in answers {
        match answer {
            Ok(facts) => seen.push(facts),
            Err(error) => {
                found.unknown.insert(node.name.clone(), chain(&error));
            }
        }
    }
    if seen.is_empty() {
        return found;
    }
    match survey::ring(cluster, &seen, inventory).await {
        Ok(ring) => {
            let facts =
                Facts { nodes: seen, ring, down: BTreeSet::new(), looked_at_s: Timestamp::now().as_second() };
            cluster.nodes.iter().for_each(|node| found.take(node, &facts));
        }
        Err(problems) => {
            let why: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            for facts in seen {
                found.unknown.insert(facts.node.clone(), why.join("; "));
                found.known.insert(facts.node.clone(), own(&facts));
            }
        }
    }
    found
}

impl Addresses {
    fn take(&mut self, node: &Node, facts: &Facts) {
        let Some(seen) = facts.node(&node.name) else { return };
        let mut addresses = own(seen);
        match facts.member_of(seen, &node.inventory.address) {
            Some(member) => addresses.extend([member.address.clone(), member.rpc_address.clone()]),
            None => {
                let why = format!("the ring `{}` has no such node", facts.ring.cluster_name);
                self.unknown.insert(node.name.clone(), why);
            }
        }
        self.known.insert(node.name.clone(), addresses);
    }
}

fn own(seen: &NodeFacts) -> BTreeSet<String> {
    seen.known_as.iter().cloned().chain([seen.native.address.clone()]).collect()
}
