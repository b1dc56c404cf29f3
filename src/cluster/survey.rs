//! The facts of a whole cluster: every node probed at the same time, the ring read from one of them.

use super::views::{self, Looks, Observers};
use super::{AT_ONCE, Cluster, Node, identity, trust};
use crate::diagnostic::Diagnostic;
use crate::facts::ring::{Ring, RingSource};
use crate::facts::{Facts, NodeFacts, PortShows};
use crate::formats::certificate::Certificate;
use crate::gates::ViewRow;
use crate::input::Input;
use crate::input::inventory::Inventory;
use crate::input::playbook::{Playbook, expand};
use crate::node::cql::{self, CqlError};
use crate::node::nodetool::output;
use crate::node::probe::{ProbeError, ProbeRequest, probe};
use crate::node::wire::{self, ClientIdentity, Plaintext, Tls, WireLook};
use crate::plan::change::sha256_hex;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many nodes are asked for the ring before it counts as unreadable.
const RING_SOURCES: usize = 3;

/// On how many nodes nodetool may fail before it counts as broken.
const NODETOOL_TRIES: usize = 2;

/// The facts, and what two nodes said of the others for them.
pub struct Survey {
    pub facts: Facts,
    pub looks: Looks,
}

/// Looks at everything. Each node that cannot be looked at is a problem of its own, all of them at once.
pub async fn survey(cluster: &Cluster, input: &Input) -> Result<Survey, Vec<Diagnostic>> {
    survey_with(cluster, &input.inventory, |node| named_stores(&input.playbook, node)).await
}

/// Looks at everything; `paths`: the files of a node that are looked at besides those that its yaml names.
pub async fn survey_with(
    cluster: &Cluster,
    inventory: &Inventory,
    paths: impl Fn(&Node) -> Vec<String>,
) -> Result<Survey, Vec<Diagnostic>> {
    let nodes = self::nodes(cluster, inventory, paths).await?;
    let ring = ring(cluster, &nodes, inventory).await?;
    let mut facts = Facts { nodes, ring, down: BTreeSet::new(), looked_at_s: Timestamp::now().as_second() };
    // The ports show what they show while the observers answer, which takes a JVM's start where it takes nodetool.
    let candidates = Observers::of(cluster, &facts).candidates(cluster, None);
    let (looks, shown, trust, refused) = tokio::join!(
        views::look(&candidates, &facts),
        look_at_ports(cluster, &facts.nodes),
        trust::look(cluster, &facts.nodes),
        refuses_nodetool(&candidates, &facts)
    );
    for (name, shows) in shown {
        if let Some(seen) = facts.nodes.iter_mut().find(|seen| seen.node == name) {
            seen.shows = shows;
        }
    }
    for trust in trust {
        if let Some(seen) = facts.nodes.iter_mut().find(|seen| seen.node == trust.node) {
            seen.trusts = trust.trusts;
            (seen.internode_trusts, seen.tls_clients) = (trust.internode_trusts, trust.tls_clients);
        }
    }
    if looks.views.is_empty() {
        let message = format!("no node could be asked which nodes are up: {}", looks.silent.join("; "));
        return Err(vec![Diagnostic::new(&inventory.source.file, message)]);
    }
    if let Some(words) = refused {
        let message = format!(
            "no node could be asked by nodetool, which takes each out of service before it stops: {words}"
        );
        return Err(vec![Diagnostic::new(&inventory.source.file, message)]);
    }
    let down = looks.views.iter().flat_map(|view| &view.rows).filter(|row| !row.up);
    // A node of which gossip has told no host id is known by its address.
    let name = |row: &ViewRow| if row.host_id.is_empty() { &row.address } else { &row.host_id }.clone();
    facts.down = down.map(name).collect();
    Ok(Survey { facts, looks })
}

/// That nodetool can be called is seen before a node is touched, though peers are asked without it: on one of the first two, for
/// a JVM's start on each would be the longest part of a plan. What they said, if none can.
async fn refuses_nodetool(candidates: &[&Node], facts: &Facts) -> Option<String> {
    let mut words = Vec::new();
    for node in candidates.iter().take(NODETOOL_TRIES) {
        let seen = facts.node(&node.name)?;
        match views::ask(node, &node.nodetool(seen), &["version"]).await {
            Ok(_) => return None,
            Err(why) => words.push(format!("{}: {why}", node.name)),
        }
    }
    (!words.is_empty()).then(|| words.join("; "))
}

/// Probes every node, one command each.
pub async fn nodes(
    cluster: &Cluster,
    inventory: &Inventory,
    paths: impl Fn(&Node) -> Vec<String>,
) -> Result<Vec<NodeFacts>, Vec<Diagnostic>> {
    let probes = cluster.nodes.iter().map(|node| {
        let request = ProbeRequest::new(&node.inventory, paths(node));
        async move { probe_or_ask_version(node, request).await.map_err(|error| (node, error)) }
    });
    let answers: Vec<_> = stream::iter(probes).buffered(AT_ONCE).collect().await;
    let mut facts = Vec::new();
    let mut problems = Vec::new();
    for answer in answers {
        match answer {
            Ok(node) => facts.push(node),
            Err((node, error)) => {
                let message = format!("node `{}`: {}", node.name, chain(&error));
                problems.push(inventory.diagnostic(&node.name, message, error.help()));
            }
        }
    }
    if problems.is_empty() { Ok(facts) } else { Err(problems) }
}

pub(super) async fn probe_or_ask_version(
    node: &Node,
    request: ProbeRequest,
) -> Result<NodeFacts, ProbeError> {
    or_ask_version(node, request, async |request| probe(node.host.as_ref(), request).await).await
}

/// Where no jar tells the version, nodetool is asked: a JVM start that the others are spared.
pub(super) async fn or_ask_version<T>(
    node: &Node,
    request: ProbeRequest,
    read: impl AsyncFn(&ProbeRequest) -> Result<T, ProbeError>,
) -> Result<T, ProbeError> {
    let error = match read(&request).await {
        Err(error @ ProbeError::NoVersion { .. }) => error,
        answer => return answer,
    };
    let path = node.inventory.cassandra.nodetool.clone().unwrap_or_else(|| "nodetool".into());
    let answer = views::ask(node, &node.nodetool_at(path), &["version"]).await;
    let version = answer.ok().and_then(|text| output::version(&text).ok()?.parse().ok());
    match version {
        Some(version) => read(&ProbeRequest { version: Some(version), ..request }).await,
        None => Err(error),
    }
}

pub fn named_stores(playbook: &Playbook, node: &Node) -> Vec<String> {
    let paths: BTreeSet<String> =
        playbook.every_store().map(|(_, _, store)| expand(&store.to, &node.inventory)).collect();
    paths.into_iter().collect()
}

/// The ring, by CQL from the first node that tells; by nodetool where CQL wants a login that the inventory lacks, or a
/// certificate that is not at hand, as on the way back, which needs no store of a playbook.
pub(super) async fn ring(
    cluster: &Cluster,
    facts: &[NodeFacts],
    inventory: &Inventory,
) -> Result<Ring, Vec<Diagnostic>> {
    let mut refusals = Vec::new();
    let listening = facts.iter().filter(|node| node.native.listening).take(RING_SOURCES);
    for (seen, node) in listening.filter_map(|seen| Some((seen, cluster.node(&seen.node)?))) {
        match ring_by_cql(node, seen).await {
            Ok(ring) => return Ok(ring),
            Err(Refusal::Closed(why)) => match ring_by_nodetool(node, seen).await {
                Ok(ring) => return Ok(ring),
                Err(also) => refusals.push(format!("{}: {why}; {also}", node.name)),
            },
            Err(Refusal::Failed(why)) => refusals.push(format!("{}: {why}", node.name)),
        }
    }
    let (message, help) = match refusals.is_empty() {
        true => (
            "no node of the cluster serves CQL, so its ring cannot be read".to_owned(),
            "start Cassandra on the nodes first; ringwalk changes one node at a time of a ring that serves",
        ),
        false => (
            format!("the ring cannot be read: {}", refusals.join("; ")),
            "set `cassandra.cql: { username, password }` in the inventory if the cluster authenticates, and see that \
             nodetool answers on the nodes",
        ),
    };
    Err(vec![Diagnostic::new(&inventory.source.file, message).help(help)])
}

/// The ring as it is now, by CQL from the first of these nodes that tells. Where CQL is closed to us, or comes to be in the
/// middle of a run (client certificates that we have none of), the ring that is known is all there is; who joined it is
/// seen by the observers.
pub async fn ring_now(sources: &[&Node], facts: &Facts) -> Result<Ring, String> {
    if facts.ring.source == RingSource::NodetoolOnly {
        return Ok(facts.ring.clone());
    }
    let (mut refusals, mut is_closed) = (Vec::new(), true);
    for node in sources.iter().take(RING_SOURCES) {
        let Some(seen) = facts.node(&node.name) else { continue };
        match ring_by_cql(node, seen).await {
            Ok(ring) => return Ok(ring),
            Err(refusal) => {
                is_closed &= matches!(refusal, Refusal::Closed(_));
                refusals.push(format!("{}: {refusal}", node.name));
            }
        }
    }
    if is_closed && !refusals.is_empty() { Ok(facts.ring.clone()) } else { Err(refusals.join("; ")) }
}

/// Why a node did not tell the ring by CQL.
enum Refusal {
    /// It wants what we do not have.
    Closed(String),
    Failed(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Closed(why) | Refusal::Failed(why) => f.write_str(why),
        }
    }
}

async fn ring_by_cql(node: &Node, seen: &NodeFacts) -> Result<Ring, Refusal> {
    let (address, port) = (&seen.native.address, seen.native.port);
    let (look, identity) =
        identity::look(node, address, port).await.map_err(|error| Refusal::Failed(chain(&error)))?;
    if look.wants_another_certificate() {
        let of_ours = if identity.is_some() { "takes none of the playbook's" } else { "we have none" };
        let why = format!("its client port {port} demands a certificate and {of_ours}");
        return Err(Refusal::Closed(why));
    }
    if let Some(why) = look.agrees_on_nothing() {
        let why = format!("its client port {port} speaks TLS and agrees on nothing that we speak ({why})");
        return Err(Refusal::Closed(why));
    }
    let connection = connection(node, seen, &look, identity).await.map_err(Refusal::Failed)?;
    let login = node.credentials.cql.as_ref();
    cql::ring(connection, login).await.map_err(|error| match error {
        CqlError::AuthenticationRequired if login.is_none() => Refusal::Closed(error.to_string()),
        other => Refusal::Failed(chain(&other)),
    })
}

/// A connection on which the node answers CQL: in TLS if the port takes it, plain otherwise.
pub async fn cql_connection(
    node: &Node,
    seen: &NodeFacts,
) -> Result<Box<dyn crate::transport::Connection>, String> {
    let (address, port) = (&seen.native.address, seen.native.port);
    let (look, identity) = identity::look(node, address, port).await.map_err(|e| chain(&e))?;
    connection(node, seen, &look, identity).await
}

/// The same, on a port that showed itself so.
async fn connection(
    node: &Node,
    seen: &NodeFacts,
    look: &WireLook,
    identity: Option<&ClientIdentity>,
) -> Result<Box<dyn crate::transport::Connection>, String> {
    let (address, port) = (&seen.native.address, seen.native.port);
    let tls = match (&look.plaintext, &look.tls) {
        (Plaintext::Accepted, _) => false,
        (_, Tls::Served(_)) => true,
        (_, _) => return Err(format!("its client port {port} speaks neither plaintext CQL nor TLS")),
    };
    wire::cql_connection(node.host.as_ref(), address, port, tls, identity).await.map_err(|e| chain(&e))
}

async fn ring_by_nodetool(node: &Node, seen: &NodeFacts) -> Result<Ring, String> {
    let tool = node.nodetool(seen);
    let (status, cluster) =
        tokio::join!(views::ask(node, &tool, &["status"]), views::ask(node, &tool, &["describecluster"]));
    let rows = output::status(&status?).map_err(|error| error.to_string())?;
    let cluster = output::describecluster(&cluster?).map_err(|error| error.to_string())?;
    Ok(output::ring(&rows, cluster))
}

/// What every client port shows now. A port that cannot be looked at shows nothing; the gates will ask again.
pub(super) async fn look_at_ports(
    cluster: &Cluster,
    facts: &[NodeFacts],
) -> Vec<(String, BTreeMap<u16, PortShows>)> {
    let looks = facts.iter().filter(|seen| seen.native.listening).filter_map(|seen| {
        let node = cluster.node(&seen.node)?;
        Some(async move { (seen.node.clone(), ports(node, seen).await) })
    });
    stream::iter(looks).buffer_unordered(AT_ONCE).collect().await
}

async fn ports(node: &Node, seen: &NodeFacts) -> BTreeMap<u16, PortShows> {
    let mut shows = BTreeMap::new();
    for port in [Some(seen.native.port), seen.native.port_ssl].into_iter().flatten() {
        if let Ok((look, _)) = identity::look(node, &seen.native.address, port).await {
            let served = match look.tls {
                Tls::Served(served) => Some(served),
                Tls::Refused(_) | Tls::NotTls | Tls::Silent | Tls::Closed => None,
            };
            let behind = served.iter().flat_map(|served| served.chain.iter().skip(1));
            let last = served.as_ref().and_then(|served| Certificate::from_der(served.chain.last()?).ok());
            let shown = PortShows {
                is_whole: last.as_ref().is_some_and(Certificate::is_self_signed),
                issuer: last.map(|last| last.issuer),
                plaintext: look.plaintext == Plaintext::Accepted,
                tls: served.is_some(),
                issuers: behind.map(|der| sha256_hex(der)).collect(),
                certificate: served.map(|served| served.leaf_sha256),
            };
            shows.insert(port, shown);
        }
    }
    shows
}

/// An error with all that caused it, as one sentence.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}
