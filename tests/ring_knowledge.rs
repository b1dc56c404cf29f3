//! A real ring, read by CQL and compared with what its own nodetool says of it.
//!
//! ```text
//! RINGWALK_CQL=10.77.0.11:9042 RINGWALK_DESCRIBERING=app=/tmp/describering.txt cargo test --test ring_knowledge -- --ignored
//! ```
//! `RINGWALK_DESCRIBERING`: keyspaces and files with `nodetool describering KEYSPACE`, separated by commas.
//! `RINGWALK_CQL_LOGIN=user:password` where the ring demands it; `RINGWALK_CQL_TLS=1` where the port does.

use async_trait::async_trait;
use ringwalk::facts::placement::placement;
use ringwalk::facts::ring::{KeepAvailable, Ring};
use ringwalk::node::nodetool::output;
use ringwalk::node::{cql, wire};
use ringwalk::secret::Secret;
use ringwalk::transport::{Command, Connection, Host, HostError, Output};
use std::collections::{BTreeMap, BTreeSet};
use tokio::net::TcpStream;

/// This machine: the ring is reached straight from here.
struct ThisHost;

#[async_trait]
impl Host for ThisHost {
    fn name(&self) -> &str {
        "here"
    }

    async fn run(&self, _command: &Command) -> Result<Output, HostError> {
        unreachable!("reading a ring by CQL runs no command")
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        match TcpStream::connect((address, port)).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                Err(HostError::Refused { address: address.into(), port, problem: error.to_string() })
            }
        }
    }
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn connection() -> Box<dyn Connection> {
    let (address, port) = contact();
    let tls = setting("RINGWALK_CQL_TLS").is_some();
    wire::cql_connection(&ThisHost, &address, port, tls, None).await.unwrap()
}

fn contact() -> (String, u16) {
    let contact = setting("RINGWALK_CQL").expect("RINGWALK_CQL=address:port");
    let (address, port) = contact.rsplit_once(':').unwrap();
    (address.into(), port.parse().unwrap())
}

fn credentials() -> Option<cql::Credentials> {
    let login = setting("RINGWALK_CQL_LOGIN")?;
    let (username, password) = login.split_once(':')?;
    Some(cql::Credentials { username: username.into(), password: Secret::new(password) })
}

async fn ring() -> Ring {
    cql::ring(connection().await, credentials().as_ref()).await.unwrap()
}

#[tokio::test]
#[ignore = "needs a ring: RINGWALK_CQL"]
async fn a_ring_read_by_cql_is_whole_and_agrees_on_its_schema() {
    let ring = ring().await;
    assert!(!ring.cluster_name.is_empty());
    assert!(ring.schema_agrees(), "{:?}", ring.schema_versions);
    let known: BTreeSet<String> = ring.members.iter().map(|member| member.address.clone()).collect();
    assert_eq!(ring.schema_versions.values().next(), Some(&known));
    for member in &ring.members {
        assert!(
            !member.tokens.is_empty() && !member.rack.is_empty() && !member.rpc_address.is_empty(),
            "{member:?}"
        );
    }
    assert!(ring.keyspaces.iter().any(|keyspace| keyspace.name == "system_auth"));
    let versions = cql::schema_versions(connection().await, credentials().as_ref()).await.unwrap();
    assert_eq!(versions, ring.schema_versions);
    let proof = ring.can_be_spared(&ring.members[0].address, &BTreeSet::new(), KeepAvailable::Quorum);
    assert!(proof.is_ok(), "{proof:?}");
}

#[tokio::test]
#[ignore = "needs a ring: RINGWALK_CQL, RINGWALK_DESCRIBERING"]
async fn placement_is_what_describering_says() {
    let ring = ring().await;
    let files = setting("RINGWALK_DESCRIBERING").expect("RINGWALK_DESCRIBERING=keyspace=file,…");
    for (keyspace, file) in files.split(',').map(|pair| pair.split_once('=').unwrap()) {
        let replication = &ring.keyspaces.iter().find(|found| found.name == keyspace).unwrap().replication;
        let described = output::describering(&std::fs::read_to_string(file).unwrap()).unwrap();
        let expected: BTreeMap<(i128, i128), Vec<String>> =
            described.ranges.into_iter().map(|range| ((range.start, range.end), range.endpoints)).collect();
        let placed: BTreeMap<(i128, i128), Vec<String>> = placement(&ring.members, replication)
            .into_iter()
            .map(|range| {
                let addresses = range.replicas.iter().map(|replica| ring.members[*replica].address.clone());
                ((range.start, range.end), addresses.collect())
            })
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(placed, expected, "{keyspace}");
    }
}

#[tokio::test]
#[ignore = "needs a ring: RINGWALK_CQL"]
async fn the_wire_of_a_node_is_seen() {
    let (address, port) = contact();
    let seen = wire::look(&ThisHost, &address, port, None).await.unwrap();
    match setting("RINGWALK_CQL_TLS") {
        Some(_) => {
            assert!(matches!(&seen.tls, wire::Tls::Served(served) if served.options_answered), "{seen:?}")
        }
        None => assert_eq!((seen.plaintext, seen.tls), (wire::Plaintext::Accepted, wire::Tls::NotTls)),
    }
}
