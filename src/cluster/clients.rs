//! Who is connected to the nodes of a cluster: one look at all of them.

use super::survey::{chain, cql_connection, look_at_ports};
use super::views;
use super::{AT_ONCE, Cluster, Node};
use crate::facts::NodeFacts;
use crate::facts::clients::{ClientLook, ClientSource};
use crate::facts::version::Version;
use crate::node::clients::{self, Asked};
use crate::node::wire::{self, Plaintext, Tls};
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// Every node's answer, or why it gave none.
pub async fn look(cluster: &Cluster, nodes: &[NodeFacts]) -> Vec<(String, ClientLook)> {
    let mut looks = Vec::new();
    for seen in nodes {
        looks.extend(cluster.node(&seen.node).map(|node| named(node, seen)));
    }
    stream::iter(looks).buffer_unordered(AT_ONCE).collect().await
}

/// Notes what the ports of nodes show that tell no more of a client than its socket.
pub async fn with_ports(cluster: &Cluster, mut nodes: Vec<NodeFacts>) -> Vec<NodeFacts> {
    let by_sockets: Vec<NodeFacts> = nodes.iter().filter(|seen| tells_sockets_only(seen)).cloned().collect();
    let mut shows: BTreeMap<_, _> = look_at_ports(cluster, &by_sockets).await.into_iter().collect();
    for seen in &mut nodes {
        seen.shows.extend(shows.remove(&seen.node).unwrap_or_default());
    }
    nodes
}

fn tells_sockets_only(seen: &NodeFacts) -> bool {
    seen.flavour.apache_base(seen.version) < Version::new(4, 0, 0)
}

async fn named(node: &Node, seen: &NodeFacts) -> (String, ClientLook) {
    (seen.node.clone(), of_node(node, seen).await)
}

async fn of_node(node: &Node, seen: &NodeFacts) -> ClientLook {
    if !seen.native.listening && is_closed_still(node, seen).await? {
        return Ok((ClientSource::PortClosed, Vec::new()));
    }
    if tells_sockets_only(seen) {
        return by_sockets(node, seen).await;
    }
    let own = own_addresses(node, seen);
    let asked = Asked { node: &node.name, own: &own };
    let by_cql = async {
        let connection = cql_connection(node, seen).await?;
        let answer = clients::by_cql(&asked, connection, node.credentials.cql.as_ref()).await;
        answer.map_err(|error| chain(&error))
    };
    let refusal = match by_cql.await {
        Ok(clients) => return Ok((ClientSource::Cql, clients)),
        Err(refusal) => refusal,
    };
    // nodetool would count nobody, which says nothing of who comes back with the port.
    if is_closed_still(node, seen).await? {
        return Ok((ClientSource::PortClosed, Vec::new()));
    }
    let by_nodetool = async {
        let text = views::ask(node, &node.nodetool(seen), &["clientstats", "--all"]).await?;
        clients::clientstats(&asked, &text).map_err(|error| error.to_string())
    };
    match by_nodetool.await {
        Ok(clients) => Ok((ClientSource::Nodetool, clients)),
        Err(why) => Err(format!("by CQL: {refusal}; by nodetool: {why}")),
    }
}

/// The facts may be hours old, and the port has opened or closed since.
async fn is_closed_still(node: &Node, seen: &NodeFacts) -> Result<bool, String> {
    let (address, port) = (&seen.native.address, seen.native.port);
    let look = wire::look(node.host.as_ref(), address, port, None).await.map_err(|error| chain(&error))?;
    Ok(matches!((look.plaintext, look.tls), (Plaintext::Closed, Tls::Closed)))
}

/// Both ports. Who speaks what is told where a port takes one of the two alone, as with a second port.
async fn by_sockets(node: &Node, seen: &NodeFacts) -> ClientLook {
    let mut found = Vec::new();
    for port in [Some(seen.native.port), seen.native.port_ssl].into_iter().flatten() {
        let answer = clients::by_sockets(&node.name, node.host.as_ref(), &seen.native.address, port).await;
        let connected = answer.map_err(|error| chain(&error))?;
        found.extend(connected.to(seen.process.as_ref(), seen.shows.get(&port)));
    }
    Ok((ClientSource::Sockets, found))
}

/// Where connections to the node through its own SSH daemon come from.
fn own_addresses(node: &Node, seen: &NodeFacts) -> BTreeSet<String> {
    let mut own = seen.known_as.clone();
    own.extend([seen.native.address.clone(), node.inventory.address.clone()]);
    own.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    own
}
