//! The demo's nodes: simulated Cassandra behind SSH servers on loopback, and what an operator needs to reach them.

use crate::cli::Trouble;
use crate::cli::stores::files::{self, Access};
use crate::facts::version::Version;
use crate::sim::door;
use crate::sim::{Faults, Mutation, NodeWish, World};
use anyhow::Context;
use aws_lc_rs::rand;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::sync::Arc;

pub struct Node {
    pub name: String,
    pub address: String,
}

pub struct Nodes {
    pub world: Arc<World>,
    pub nodes: Vec<Node>,
    pub port: u16,
    /// Held as long as the nodes are there.
    pub claim: UdpSocket,
}

/// Three replicas of everything, so that two are left of each range while a node restarts.
const COUNT: usize = 3;
/// A real node takes half a minute for a restart; at this pace the whole demo stays below twenty seconds.
const TIMES_FASTER: u32 = 25;
const CASSANDRA: Version = Version::new(4, 1, 10);

/// Starts them, with their files below `directory/nodes`, and writes the inventory and the SSH keys beside it.
pub async fn start(directory: &Path) -> Result<Nodes, Trouble> {
    let nodes: Vec<Node> = (1..=COUNT)
        .map(|number| Node { name: format!("n{number}"), address: format!("127.9.42.{number}") })
        .collect();
    let (port, claim) = free_port(&nodes)?;
    let wishes: Vec<NodeWish> = nodes.iter().enumerate().map(|(at, node)| wish(node, at, port)).collect();
    let world = World::new(&wishes, 1, Faults::default(), Mutation::None);
    world.hasten(TIMES_FASTER);
    world.keep_files_in(&directory.join("nodes")).context("cannot write the nodes' files")?;
    let operator = new_key()?;
    let mut inventory = "cluster: demo\nssh: { user: ops, identity: ops.key, known_hosts: known_hosts, config: ssh_config }\nnodes:\n".to_owned();
    let mut known_hosts = String::new();
    for (at, node) in nodes.iter().enumerate() {
        let Node { name, address } = node;
        let host_key = new_key()?;
        let public = host_key.public_key().to_openssh().context("cannot write a host key")?;
        let door = door::ssh(&world, name, address, host_key, PublicKey::from(&operator)).await;
        let ssh_port = door.with_context(|| format!("cannot listen on {address}"))?;
        tokio::spawn(door::clients(Arc::clone(&world), name.clone()));
        known_hosts.push_str(&format!("[{address}]:{ssh_port} {public}\n"));
        inventory.push_str(&format!(
            "  - {{ name: {name}, address: {address}, datacenter: dc1, rack: r{at}, ssh: {{ port: {ssh_port} }} }}\n"
        ));
    }
    let key = operator.to_openssh(LineEnding::LF).context("cannot write the SSH key")?;
    for (name, text) in [
        ("inventory.yaml", inventory.as_str()),
        ("known_hosts", &known_hosts),
        // Nothing of the operator's own settings holds here.
        ("ssh_config", ""),
        ("ops.key", &key),
    ] {
        write(&directory.join(name), text)?;
    }
    Ok(Nodes { world, nodes, port, claim })
}

/// Writes a file of the operator's that nobody else can read.
pub fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    files::create(path, text.as_bytes(), Access::Owner).map_err(|problem| vec![problem].into())
}

fn wish(node: &Node, at: usize, port: u16) -> NodeWish {
    let Node { name, address } = node;
    NodeWish {
        name: name.clone(),
        address: address.clone(),
        rack: format!("r{at}"),
        version: CASSANDRA,
        yaml: format!(
            "cluster_name: demo\nnum_tokens: 4\nlisten_address: {address}\nrpc_address: {address}\n\
             native_transport_port: {port}\n# Clients speak plaintext until somebody changes it.\n\
             client_encryption_options:\n    enabled: false\n    optional: false\n    keystore: conf/.keystore\n    \
             #keystore_password: cassandra\n    # require_client_auth: false\n"
        ),
    }
}

/// One client port for all, as a cluster has it: Cassandra's own where that is free on every address. A node that is down
/// leaves its port free, so what another demo of this machine has is told by the UDP port of that number, which is claimed
/// first.
fn free_port(nodes: &[Node]) -> anyhow::Result<(u16, UdpSocket)> {
    let first = nodes.first().map_or("127.9.42.1", |node| node.address.as_str());
    let is_free =
        |port: u16| nodes.iter().all(|node| TcpListener::bind((node.address.as_str(), port)).is_ok());
    let claimed = |port| Some((port, UdpSocket::bind((first, port)).ok()?)).filter(|_| is_free(port));
    let drawn = || Some(TcpListener::bind((first, 0)).ok()?.local_addr().ok()?.port());
    const TRIES: usize = 16;
    std::iter::once(Some(9042))
        .chain(std::iter::repeat_with(drawn).take(TRIES))
        .flatten()
        .find_map(claimed)
        .context(
            "cannot listen on 127.9.42.1 to 127.9.42.3; Linux takes every 127.x.x.x for its own, elsewhere they have to be \
             added to the loopback interface",
        )
}

fn new_key() -> anyhow::Result<PrivateKey> {
    let mut seed = [0; 32];
    rand::fill(&mut seed).ok().context("cannot draw random numbers")?;
    Ok(PrivateKey::from(Ed25519Keypair::from_seed(&seed)))
}
