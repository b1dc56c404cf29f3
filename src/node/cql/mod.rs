//! What a node tells by CQL: the ring, its schema versions, and answers to small queries.

mod session;

pub use session::{CqlError, Credentials, DRIVER_NAME, Row, Session};

use crate::facts::placement::{Member, Replication};
use crate::facts::ring::{Keyspace, Partitioner, Ring, RingSource};
use crate::transport::Connection;
use std::collections::{BTreeMap, BTreeSet};

const LOCAL: &str = "SELECT cluster_name, partitioner, host_id, broadcast_address, rpc_address, data_center, rack, \
                     release_version, schema_version, tokens FROM system.local WHERE key = 'local'";
// From 4.0 on there is `peers_v2` too; it adds only ports, and 3.x lacks it.
const PEERS: &str = "SELECT peer, host_id, rpc_address, data_center, rack, release_version, schema_version, tokens \
                     FROM system.peers";
const KEYSPACES: &str = "SELECT keyspace_name, replication FROM system_schema.keyspaces";
const LOCAL_SCHEMA: &str = "SELECT broadcast_address, schema_version FROM system.local WHERE key = 'local'";
const PEERS_SCHEMA: &str = "SELECT peer, host_id, schema_version FROM system.peers";

/// The ring as the node behind this connection knows it: itself first, then its peers.
pub async fn ring(
    connection: Box<dyn Connection>,
    credentials: Option<&Credentials>,
) -> Result<Ring, CqlError> {
    let mut session = Session::open(connection, credentials).await?;
    let local = session.query(LOCAL).await?.pop().ok_or_else(|| missing("a row of system.local"))?;
    let peers = session.query(PEERS).await?;
    let keyspaces = session.query(KEYSPACES).await?;
    let local_member =
        member(&local, "broadcast_address")?.ok_or_else(|| missing("host_id in system.local"))?;
    let mut schema_versions = BTreeMap::new();
    add_schema_version(&mut schema_versions, &local_member.address, &local);
    let mut members = vec![local_member];
    for peer in &peers {
        let Some(member) = member(peer, "peer")? else { continue };
        if member.host_id != members[0].host_id {
            add_schema_version(&mut schema_versions, &member.address, peer);
            members.push(member);
        }
    }
    Ok(Ring {
        cluster_name: local.text("cluster_name").ok_or_else(|| missing("cluster_name"))?,
        partitioner: Partitioner::parse(&local.text("partitioner").ok_or_else(|| missing("partitioner"))?),
        members,
        keyspaces: keyspaces.iter().map(keyspace).collect::<Result<_, _>>()?,
        schema_versions,
        source: RingSource::Cql,
    })
}

/// Addresses by the schema version that they report, as the node behind this connection knows them. For a node that
/// is down it is the version that it had.
pub async fn schema_versions(
    connection: Box<dyn Connection>,
    credentials: Option<&Credentials>,
) -> Result<BTreeMap<String, BTreeSet<String>>, CqlError> {
    let mut session = Session::open(connection, credentials).await?;
    let mut versions = BTreeMap::new();
    for (query, address) in [(LOCAL_SCHEMA, "broadcast_address"), (PEERS_SCHEMA, "peer")] {
        for row in session.query(query).await? {
            let is_ghost = address == "peer" && row.text("host_id").is_none();
            if let (Some(address), false) = (row.text(address), is_ghost) {
                add_schema_version(&mut versions, &address, &row);
            }
        }
    }
    Ok(versions)
}

/// A member, or `None` for the row without host id, datacenter or rack that a node long gone can leave behind:
/// drivers pass over it too.
fn member(row: &Row, address: &str) -> Result<Option<Member>, CqlError> {
    let place = (row.text("host_id"), row.text("data_center"), row.text("rack"));
    let (Some(host_id), Some(datacenter), Some(rack)) = place else { return Ok(None) };
    // Tokens of other partitioners are not numbers, and then nothing is placed.
    let tokens = row.texts("tokens").iter().map(|token| token.parse()).collect::<Result<Vec<i128>, _>>();
    Ok(Some(Member {
        host_id,
        address: row.text(address).ok_or_else(|| missing(address))?,
        rpc_address: row.text("rpc_address").unwrap_or_default(),
        datacenter,
        rack,
        release_version: row.text("release_version").unwrap_or_default(),
        tokens: tokens.unwrap_or_default(),
    }))
}

fn keyspace(row: &Row) -> Result<Keyspace, CqlError> {
    let name = row.text("keyspace_name").ok_or_else(|| missing("keyspace_name"))?;
    let replication = Replication::of(&name, &row.map("replication"));
    Ok(Keyspace { name, replication })
}

fn add_schema_version(versions: &mut BTreeMap<String, BTreeSet<String>>, address: &str, row: &Row) {
    let version = row.text("schema_version").unwrap_or_else(|| "unknown".into());
    versions.entry(version).or_default().insert(address.into());
}

fn missing(what: &str) -> CqlError {
    CqlError::Unreadable { problem: format!("there is no {what}") }
}
