//! The nodes of a cluster looked at for an audit: one exec each, and looks at their ports beside it.

use super::survey::{chain, or_ask_version};
use super::{AT_ONCE, Cluster, Node};
use crate::audit::{Look, PortLook, Seen, ServedLook, Unseen};
use crate::facts::NodeFacts;
use crate::formats::certificate::Certificate;
use crate::formats::yaml;
use crate::node::audit::read;
use crate::node::probe::ProbeRequest;
use crate::node::wire::{self, Plaintext, Served, Tls, WireError, storage};
use crate::plan::internode;
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// The exec has 30 s, a look at the wire 5 s, and a suite that is found costs another; a cron job is not to pile up.
const DEADLINE: Duration = Duration::from_secs(90);

/// Looks at every node; one that cannot be looked at is told as such and holds up no other.
pub async fn look(cluster: &Cluster) -> Vec<Look> {
    let looks = cluster.nodes.iter().enumerate().map(|(place, node)| async move {
        let seen = timeout(DEADLINE, seen(node)).await.unwrap_or_else(|_| {
            let why = format!("no answer within {} s", DEADLINE.as_secs());
            Err(Unseen { why, help: "see that `ssh NODE true` works".into() })
        });
        (place, Look { node: node.name.clone(), address: node.inventory.address.clone(), seen })
    });
    let mut looks: Vec<(usize, Look)> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    looks.sort_by_key(|(place, _)| *place);
    looks.into_iter().map(|(_, look)| look).collect()
}

async fn seen(node: &Node) -> Result<Box<Seen>, Unseen> {
    let request = ProbeRequest::new(&node.inventory, Vec::new());
    let read = or_ask_version(node, request, async |request| read(node.host.as_ref(), request).await).await;
    let mut seen = read.map_err(|error| Unseen { why: chain(&error), help: error.help() })?;
    seen.ports = client_ports(node, &seen.facts).await.map_err(unseen_wire)?;
    seen.ports.extend(internode_ports(node, &seen.facts).await.map_err(unseen_wire)?);
    Ok(Box::new(seen))
}

fn unseen_wire(error: WireError) -> Unseen {
    let help = "see that sshd allows forwarding (`AllowTcpForwarding`) on the node";
    Unseen { why: chain(&error), help: help.into() }
}

async fn client_ports(node: &Node, facts: &NodeFacts) -> Result<BTreeMap<u16, PortLook>, WireError> {
    let native = &facts.native;
    let mut ports = BTreeMap::new();
    for port in [Some(native.port), native.port_ssl].into_iter().flatten() {
        ports.insert(port, client_port(node, &native.address, port).await?);
    }
    Ok(ports)
}

async fn client_port(node: &Node, address: &str, port: u16) -> Result<PortLook, WireError> {
    let host = node.host.as_ref();
    let look = wire::look(host, address, port, None).await?;
    let served = match &look.tls {
        Tls::Served(served) => Some(served_look(served)),
        Tls::Refused(_) | Tls::NotTls | Tls::Silent | Tls::Closed => None,
    };
    let offered = match &look.tls {
        Tls::Served(_) | Tls::Refused(_) => wire::offer::look(host, address, port).await?,
        Tls::NotTls | Tls::Silent | Tls::Closed => wire::offer::Offered::default(),
    };
    Ok(PortLook {
        open: look.plaintext != Plaintext::Closed,
        plaintext: look.plaintext == Plaintext::Accepted,
        served,
        weak: offered.weak(),
        versions: offered.versions,
    })
}

fn served_look(served: &Served) -> ServedLook {
    let demands_certificate = served.client_certificate.is_demanded();
    ServedLook { chain: certificates(&served.chain), demands_certificate }
}

/// One that cannot be read says nothing, and neither do those behind it.
fn certificates(chain: &[Vec<u8>]) -> Vec<Certificate> {
    chain.iter().map_while(|der| Certificate::from_der(der).ok()).collect()
}

/// Of a node that takes TLS from others. One that does not is left alone: looks would only fill its log.
async fn internode_ports(node: &Node, facts: &NodeFacts) -> Result<BTreeMap<u16, PortLook>, WireError> {
    let root = yaml::parse(facts.yaml.text.expose()).ok().flatten();
    let mut ports = BTreeMap::new();
    if !internode::of_file(facts, root.as_ref()).takes_tls() {
        return Ok(ports);
    }
    let (storage, tls_port) = (&facts.storage, facts.internode_tls_port());
    let (host, address) = (node.host.as_ref(), storage.address.as_str());
    let is_open = |port: u16| storage.listening.contains(&port);
    let own_port = (tls_port != storage.port).then_some(tls_port);
    let takes_plaintext = match is_open(storage.port) {
        true => storage::plaintext(host, address, storage.port, own_port).await? == Plaintext::Accepted,
        false => false,
    };
    let plain = PortLook { open: is_open(storage.port), plaintext: takes_plaintext, ..PortLook::default() };
    let mut tls = PortLook { open: is_open(tls_port), ..PortLook::default() };
    if tls.open {
        let chain = certificates(&wire::shown(host, address, tls_port).await?);
        // Whether a certificate is demanded shows only to a node that has none; all of Cassandra's nodes have one.
        tls.served = (!chain.is_empty()).then_some(ServedLook { chain, demands_certificate: false });
    }
    if tls.served.is_some() {
        let offered = wire::offer::look(host, address, tls_port).await?;
        (tls.weak, tls.versions) = (offered.weak(), offered.versions);
    }
    ports.insert(storage.port, plain.clone());
    let plaintext = own_port.is_none() && plain.plaintext;
    ports.insert(tls_port, PortLook { plaintext, ..tls });
    Ok(ports)
}
