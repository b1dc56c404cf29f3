//! Who is connected to a cluster: every connection that was seen in any look, as one application after the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

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

/// Looks at all nodes over a time, as far back as they count. Times are seconds since the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientsWindow {
    /// When each was last seen.
    connections: BTreeMap<Client, u64>,
    sources: BTreeMap<String, ClientSource>,
    /// By node: when it last did not answer, and why.
    silent: BTreeMap<String, (u64, String)>,
    /// When the nodes were looked at.
    looks: Vec<u64>,
    begun_s: u64,
    last_s: Option<u64>,
}

/// Looks that are further apart leave a gap in which anybody may have come and gone, as after a suspended machine. From the
/// end of one to the beginning of the next: one at many nodes that have to start a JVM each takes minutes by itself.
const LONGEST_GAP_S: u64 = 120;

/// When a look was begun and when it was over.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    pub from_s: u64,
    pub at_s: u64,
}

impl ClientsWindow {
    /// Adds one look; what is older than `keep_s` counts no more.
    pub fn add(
        &mut self,
        Looked { from_s, at_s }: Looked,
        keep_s: u64,
        answers: impl IntoIterator<Item = (String, ClientLook)>,
    ) {
        if self.last_s.is_none_or(|last_s| from_s.saturating_sub(last_s) > LONGEST_GAP_S) {
            self.begun_s = at_s;
        }
        self.last_s = Some(at_s);
        self.looks.push(at_s);
        for (node, answer) in answers {
            match answer {
                Ok((source, clients)) => {
                    self.sources.insert(node, source);
                    self.connections.extend(clients.into_iter().map(|client| (client, at_s)));
                }
                Err(why) => drop(self.silent.insert(node, (at_s, why))),
            }
        }
        self.connections.retain(|_, seen_s| at_s.saturating_sub(*seen_s) <= keep_s);
        self.silent.retain(|_, (seen_s, _)| at_s.saturating_sub(*seen_s) <= keep_s);
        self.looks.retain(|seen_s| at_s.saturating_sub(*seen_s) <= keep_s);
    }

    /// How long looks have followed one another.
    pub fn unbroken_s(&self) -> u64 {
        self.last_s.unwrap_or(0).saturating_sub(self.begun_s)
    }

    /// What was seen in the last `for_s`.
    pub fn within(&self, for_s: u64) -> Clients {
        let is_recent = |seen_s: u64| self.last_s.unwrap_or(0).saturating_sub(seen_s) <= for_s;
        let connections = self.connections.iter().filter(|(_, seen_s)| is_recent(**seen_s));
        let silent = self.silent.iter().filter(|(_, (seen_s, _))| is_recent(*seen_s));
        Clients {
            looks: self.looks.iter().filter(|seen_s| is_recent(**seen_s)).count() as u32,
            connections: connections.map(|(client, _)| client.clone()).collect(),
            sources: self.sources.clone(),
            silent: silent.map(|(node, (_, why))| (node.clone(), why.clone())).collect(),
        }
    }
}

/// What `clients --watch` shows: who was seen within a time, again whenever that has changed.
#[derive(Debug)]
pub struct ClientsWatch {
    window: ClientsWindow,
    for_s: u64,
    shown: Option<Clients>,
}

impl ClientsWatch {
    /// `for_s`: how long a connection counts after it was last seen; 0 is as long as every look sees it.
    pub fn new(for_s: u64) -> ClientsWatch {
        ClientsWatch { window: ClientsWindow::default(), for_s, shown: None }
    }

    /// Adds one look; what is to be shown, if it is not what was shown last. How often was looked is no news.
    pub fn add(
        &mut self,
        at_s: u64,
        answers: impl IntoIterator<Item = (String, ClientLook)>,
    ) -> Option<&Clients> {
        self.window.add(Looked { from_s: at_s, at_s }, self.for_s, answers);
        let seen = self.window.within(self.for_s);
        let is_shown =
            self.shown.as_ref().is_some_and(|shown| Clients { looks: shown.looks, ..seen.clone() } == *shown);
        if is_shown {
            return None;
        }
        Some(self.shown.insert(seen))
    }

    /// Nodes that did not answer a look that still counts.
    pub fn is_silent(&self) -> bool {
        !self.window.silent.is_empty()
    }
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
    /// Those that its connections in TLS speak, as its nodes name them: `TLSv1.3`.
    pub protocols: BTreeSet<String>,
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

    /// The same, with these connections alone.
    pub fn only(&self, is_meant: impl Fn(&Client) -> bool) -> Clients {
        let connections = self.connections.iter().filter(|client| is_meant(client)).cloned().collect();
        Clients { connections, ..self.clone() }
    }

    /// Nodes whose client port was closed.
    pub fn closed(&self) -> impl Iterator<Item = &str> {
        let closed = self.sources.iter().filter(|(_, source)| **source == ClientSource::PortClosed);
        closed.map(|(node, _)| node.as_str())
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

/// `orders with DataStax Java Driver 4.17.0 from 10.0.3.7 on orders-1, orders-2`.
impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.username.as_deref().unwrap_or("somebody");
        let driver: Vec<&str> = [&self.driver_name, &self.driver_version]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        let driver = if driver.is_empty() { "an unnamed driver".into() } else { driver.join(" ") };
        let mut nodes: Vec<&str> = self.nodes.iter().take(3).map(String::as_str).collect();
        let more = format!("{} more", self.nodes.len().saturating_sub(3));
        nodes.extend((self.nodes.len() > 3).then_some(more.as_str()));
        write!(f, "{user} with {driver} from {} on {}", self.address, nodes.join(", "))
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
            protocols: BTreeSet::new(),
            plaintext_on: BTreeSet::new(),
            nodes: BTreeSet::new(),
        }
    }

    fn count(&mut self, client: &Client) {
        self.connections += 1;
        self.nodes.insert(client.node.clone());
        self.by_certificate += usize::from(client.by_certificate == Some(true));
        match &client.encryption {
            Encryption::Plaintext => {
                self.plaintext += 1;
                self.plaintext_on.insert(client.node.clone());
            }
            Encryption::Tls { protocol, .. } => {
                self.tls += 1;
                self.protocols.extend(protocol.clone());
            }
            Encryption::NotKnown => self.not_known += 1,
        }
    }
}
