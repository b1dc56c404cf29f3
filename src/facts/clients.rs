//! Who is connected to a cluster: every connection that was seen in any look, as one application after the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One connection of a client to one node, as that node tells of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Client {
    pub node: String,
    /// Where it comes from.
    pub address: String,
    pub port: u16,
    /// `None` where the node cannot tell, or nobody has logged in.
    pub username: Option<String>,
    pub driver_name: Option<String>,
    pub driver_version: Option<String>,
    pub encryption: Encryption,
    /// It logged in by its certificate. `None`: the node does not tell whether it showed one.
    pub by_certificate: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    Plaintext,
    Tls {
        protocol: Option<String>,
        cipher: Option<String>,
    },
    /// A socket does not show what is spoken on it.
    NotKnown,
}

/// What a node's answer was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientSource {
    /// `system_views.clients`, 4.0 and later.
    Cql,
    /// `nodetool clientstats --all`, where CQL is closed to us.
    Nodetool,
    /// Established connections of the client port: before 4.0 a node tells no more.
    Sockets,
    /// Its client port is closed, so it has no clients.
    PortClosed,
}

/// Everything that was seen over a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clients {
    /// How often the nodes were looked at.
    pub looks: u32,
    pub connections: BTreeSet<Client>,
    /// By node: what it was last read from.
    pub sources: BTreeMap<String, ClientSource>,
    /// By node: why it did not answer a look, the last time that it did not.
    pub silent: BTreeMap<String, String>,
}

/// Connections of one user with one driver from one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Application {
    pub username: Option<String>,
    pub driver_name: Option<String>,
    pub driver_version: Option<String>,
    pub address: String,
    pub connections: usize,
    pub tls: usize,
    pub plaintext: usize,
    pub not_known: usize,
    pub by_certificate: usize,
    /// Those on which it speaks plaintext.
    pub plaintext_on: BTreeSet<String>,
    pub nodes: BTreeSet<String>,
}

/// A node's answer to one look, or why there is none.
pub type ClientLook = Result<(ClientSource, Vec<Client>), String>;

impl Clients {
    /// Adds one look at every node. What was seen once stays: a client between two connections is a client.
    pub fn add(&mut self, answers: impl IntoIterator<Item = (String, ClientLook)>) {
        self.looks += 1;
        for (node, answer) in answers {
            match answer {
                Ok((source, clients)) => {
                    self.sources.insert(node, source);
                    self.connections.extend(clients);
                }
                Err(why) => {
                    self.silent.insert(node, why);
                }
            }
        }
    }

    /// Those with most plaintext first.
    pub fn applications(&self) -> Vec<Application> {
        let mut by_who: BTreeMap<_, Application> = BTreeMap::new();
        for client in &self.connections {
            let who = (&client.username, &client.driver_name, &client.driver_version, &client.address);
            by_who.entry(who).or_insert_with(|| Application::of(client)).count(client);
        }
        let mut applications: Vec<Application> = by_who.into_values().collect();
        applications.sort_by_key(|application| std::cmp::Reverse(application.plaintext));
        applications
    }
}

impl Application {
    fn of(client: &Client) -> Application {
        Application {
            username: client.username.clone(),
            driver_name: client.driver_name.clone(),
            driver_version: client.driver_version.clone(),
            address: client.address.clone(),
            connections: 0,
            tls: 0,
            plaintext: 0,
            not_known: 0,
            by_certificate: 0,
            plaintext_on: BTreeSet::new(),
            nodes: BTreeSet::new(),
        }
    }

    fn count(&mut self, client: &Client) {
        self.connections += 1;
        self.nodes.insert(client.node.clone());
        self.by_certificate += usize::from(client.by_certificate == Some(true));
        match client.encryption {
            Encryption::Plaintext => {
                self.plaintext += 1;
                self.plaintext_on.insert(client.node.clone());
            }
            Encryption::Tls { .. } => self.tls += 1,
            Encryption::NotKnown => self.not_known += 1,
        }
    }
}
