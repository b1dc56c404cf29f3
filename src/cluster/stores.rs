//! What stands in the stores of all nodes, read as it is; nothing is changed.

use super::survey::chain;
use super::{AT_ONCE, Cluster, Node};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, FileFacts, NodeFacts};
use crate::input::inventory::Inventory;
use crate::node::files;
use crate::plan::bounded;
use crate::plan::change::sha256_hex;
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// By node and path, every store that the facts have found there. Refuses one that has changed since.
pub async fn read(
    cluster: &Cluster,
    inventory: &Inventory,
    facts: &Facts,
) -> Result<BTreeMap<String, BTreeMap<String, Zeroizing<Vec<u8>>>>, Vec<Diagnostic>> {
    let nodes = facts.nodes.iter().filter_map(|seen| Some((cluster.node(&seen.node)?, seen)));
    let reads = nodes.map(|(node, seen)| async move { (node.name.clone(), of_node(node, seen).await) });
    let answers: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let (mut stores, mut problems) = (BTreeMap::new(), Vec::new());
    for (node, answer) in answers {
        match answer {
            Ok(files) => drop(stores.insert(node, files)),
            Err((why, help)) => {
                problems.push(inventory.diagnostic(&node, format!("node `{node}`: {why}"), help))
            }
        }
    }
    if problems.is_empty() { Ok(stores) } else { Err(bounded(problems)) }
}

/// The error has a way out.
async fn of_node(
    node: &Node,
    seen: &NodeFacts,
) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, (String, String)> {
    let there = seen.files.iter().filter_map(|(path, file)| Some((path, file.as_ref()?)));
    let mut stores = BTreeMap::new();
    for (path, FileFacts { sha256, .. }) in there {
        let bytes = files::read(node.host.as_ref(), &absolute(path, seen)).await;
        let bytes =
            bytes.map_err(|error| (format!("cannot read {path}: {}", chain(&error)), error.help()))?;
        if sha256_hex(&bytes) != *sha256 {
            let help = "something else is at work there; try again when it is over".into();
            return Err((format!("{path} changed while it was looked at"), help));
        }
        stores.insert(path.clone(), Zeroizing::new(bytes));
    }
    Ok(stores)
}

/// A relative path of the yaml is relative to where Cassandra was started.
pub(super) fn absolute(path: &str, seen: &NodeFacts) -> String {
    match &seen.process {
        Some(process) if !path.starts_with('/') => format!("{}/{path}", process.cwd.trim_end_matches('/')),
        Some(_) | None => path.to_owned(),
    }
}
