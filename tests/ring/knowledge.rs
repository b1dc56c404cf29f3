//! What ringwalk knows of the ring by CQL alone, compared with what nodetool says of it; and by JMX.

use super::desk::Desk;
use super::rig::{nodes, nodetool, ring};
use super::this_host::ThisHost;
use ringwalk::facts::placement::placement;
use ringwalk::facts::ring::{KeepAvailable, Ring};
use ringwalk::node::nodetool::output;
use ringwalk::node::{cql, wire};
use ringwalk::transport::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Keyspaces that are placed in ways of their own; the name tells the way.
const KEYSPACES: [(&str, &str); 4] = [
    ("nts_one", "{'class': 'NetworkTopologyStrategy', 'dc1': 1}"),
    ("nts_two", "{'class': 'NetworkTopologyStrategy', 'dc1': 2}"),
    ("simple_two", "{'class': 'SimpleStrategy', 'replication_factor': 2}"),
    ("simple_three", "{'class': 'SimpleStrategy', 'replication_factor': 3}"),
];

/// Only inside the ring's network has a node an address; there the test runs a second time.
const INSIDE: &str = "RINGWALK_DESCRIBERING";

pub fn scene(test: &str) {
    if let Some(directory) = std::env::var_os(INSIDE) {
        return inside(&PathBuf::from(directory));
    }
    super::jmx::says_what_nodetool_prints();
    let desk = Desk::of_this_ring();
    desk.make_stores();
    desk.ringwalk(&["check"])
        .exits(0)
        .says("3 nodes, 0 down, read by CQL")
        .says("fit for `ringwalk plan`: 3 nodes would change");
    let directory = desk.directory.join("describering");
    fs::create_dir_all(&directory).unwrap();
    for (name, replication) in KEYSPACES {
        cqlsh(&format!("CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {replication}"));
    }
    for (name, _) in KEYSPACES.iter().chain([&("system_auth", "")]) {
        fs::write(directory.join(name), nodetool("n1", &format!("describering {name}"))).unwrap();
    }
    let mut again = ring();
    again.arg("run").arg(std::env::current_exe().unwrap()).args([
        "--exact",
        test,
        "--ignored",
        "--nocapture",
    ]);
    assert!(again.env(INSIDE, &directory).status().unwrap().success());
}

/// One statement, by the real cqlsh.
fn cqlsh(statement: &str) {
    let mut command = ring();
    command.args(["cqlsh", "--request-timeout=60", "-e", statement, &nodes()[0].1]);
    assert!(command.status().unwrap().success(), "{statement}");
}

async fn connection(address: &str) -> Box<dyn Connection> {
    wire::cql_connection(&ThisHost, address, 9042, false, None).await.unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn inside(directory: &Path) {
    let address = &nodes()[0].1;
    let ring = cql::ring(connection(address).await, None).await.unwrap();
    is_whole(&ring);
    let versions = cql::schema_versions(connection(address).await, None).await.unwrap();
    assert_eq!(versions, ring.schema_versions);
    let seen = wire::look(&ThisHost, address, 9042, None).await.unwrap();
    assert_eq!((seen.plaintext, seen.tls), (wire::Plaintext::Accepted, wire::Tls::NotTls));
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let keyspace = path.file_name().unwrap().to_str().unwrap().to_owned();
        is_placed_as_described(&ring, &keyspace, &fs::read_to_string(&path).unwrap());
    }
}

fn is_whole(ring: &Ring) {
    assert_eq!(ring.cluster_name, "rig");
    assert!(ring.schema_versions.len() == 1, "{:?}", ring.schema_versions);
    let known: BTreeSet<String> = ring.members.iter().map(|member| member.address.clone()).collect();
    assert_eq!(known, nodes().into_iter().map(|(_, address)| address).collect());
    assert_eq!(ring.schema_versions.values().next(), Some(&known));
    for member in &ring.members {
        let whole = !member.tokens.is_empty() && !member.rack.is_empty() && !member.rpc_address.is_empty();
        assert!(whole, "{member:?}");
    }
    let proof = ring.can_be_spared(&ring.members[0].address, &BTreeSet::new(), KeepAvailable::Quorum);
    assert!(proof.is_ok(), "{proof:?}");
}

fn is_placed_as_described(ring: &Ring, keyspace: &str, described: &str) {
    let replication = &ring.keyspaces.iter().find(|found| found.name == keyspace).unwrap().replication;
    let described = output::describering(described).unwrap();
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
    println!("{keyspace}: {} ranges are placed as describering says", placed.len());
}
