//! The nodes of one cluster, each with its host and what it takes to talk to it; and what can only be asked of them
//! together: the facts of all, and the ring in the eyes of some.

pub mod addresses;
pub mod audit;
pub mod clients;
mod identity;
pub mod lock;
pub mod moment;
pub mod standing;
pub mod stores;
pub mod survey;
mod trust;
pub mod views;

use crate::facts::NodeFacts;
use crate::input::inventory;
use crate::node::cql::Credentials;
use crate::node::nodetool::Nodetool;
use crate::node::wire::ClientIdentity;
use crate::plan::material::Material;
use crate::transport::Host;
use std::collections::BTreeMap;
use std::sync::Arc;

/// As many nodes are asked together as may connect together; more would only wait for the network.
pub const AT_ONCE: usize = 64;

/// Every node of the inventory, in its order.
#[derive(Clone)]
pub struct Cluster {
    pub nodes: Vec<Node>,
}

/// One node: what the inventory says of it, and the way there.
#[derive(Clone)]
pub struct Node {
    pub name: String,
    pub inventory: inventory::Node,
    pub host: Arc<dyn Host>,
    pub credentials: Credentialed,
}

/// What the node's services ask of whoever talks to them.
#[derive(Clone, Default)]
pub struct Credentialed {
    pub cql: Option<Credentials>,
    pub jmx_password: Option<crate::secret::Secret>,
    /// The node's own certificates, phase by phase: one is shown where its port demands one of clients.
    pub identities: Vec<ClientIdentity>,
}

impl Cluster {
    /// `identities`: by node, the certificate and key of its keystore in each phase that brings one.
    pub fn new(
        inventory: &inventory::Inventory,
        material: &Material,
        identities: &BTreeMap<String, Vec<ClientIdentity>>,
        mut host: impl FnMut(&inventory::Node) -> Arc<dyn Host>,
    ) -> Cluster {
        let node = |node: &inventory::Node| Node {
            name: node.name.clone(),
            inventory: node.clone(),
            host: host(node),
            credentials: credentials(node, material, identities.get(&node.name).cloned().unwrap_or_default()),
        };
        Cluster { nodes: inventory.nodes.iter().map(node).collect() }
    }

    /// The same nodes, each host wrapped.
    pub fn with_hosts(self, mut wrap: impl FnMut(Arc<dyn Host>) -> Arc<dyn Host>) -> Cluster {
        let nodes = self.nodes.into_iter().map(|node| Node { host: wrap(node.host), ..node });
        Cluster { nodes: nodes.collect() }
    }

    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

impl Node {
    /// How nodetool is called there.
    pub fn nodetool(&self, facts: &NodeFacts) -> Nodetool {
        self.nodetool_at(facts.layout.nodetool.clone())
    }

    pub fn nodetool_at(&self, path: String) -> Nodetool {
        let jmx = &self.inventory.cassandra.jmx;
        Nodetool {
            path,
            port: jmx.port,
            username: jmx.username.clone(),
            password: self.credentials.jmx_password.clone(),
        }
    }
}

fn credentials(node: &inventory::Node, material: &Material, identities: Vec<ClientIdentity>) -> Credentialed {
    let cql = node.cassandra.cql.as_ref().and_then(|cql| {
        let password = material.secret(&cql.password)?.clone();
        Some(Credentials { username: cql.username.clone(), password })
    });
    let jmx_password =
        node.cassandra.jmx.password.as_ref().and_then(|source| material.secret(source)).cloned();
    Credentialed { cql, jmx_password, identities }
}
