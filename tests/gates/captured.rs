//! Gates on what nodetool of 3.11, 4.0, 4.1 and 5.0 really printed of a ring of three.

use super::told;
use ringwalk::facts::ring::{KeepAvailable, Ring};
use ringwalk::gates::{View, ViewRow, can_be_spared, peers_see_it_up, schema_agrees};
use ringwalk::node::nodetool::output::{self, StatusRow};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const VERSIONS: [&str; 4] = ["3.11", "4.0", "4.1", "5.0"];

fn text(version: &str, file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodetool").join(version).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn status(version: &str, file: &str) -> Vec<StatusRow> {
    output::status(&text(version, file)).unwrap()
}

fn view(version: &str, file: &str) -> View {
    let rows = status(version, file).into_iter().map(ViewRow::from).collect();
    View { observer: "n1".into(), rows }
}

/// The healthy ring as nodetool alone tells it.
fn ring(version: &str) -> Ring {
    let cluster = output::describecluster(&text(version, "un_describecluster.txt")).unwrap();
    output::ring(&status(version, "un_status.txt"), cluster)
}

/// Alone, and serving.
fn turn(host_id: &str) -> can_be_spared::Turn<'_> {
    can_be_spared::Turn { host_id, serves: true, beside: BTreeSet::new() }
}

/// Can 127.0.0.1 be spared; is this node up in its peers' eyes?
fn asked(version: &str, file: &str, node: &str) -> [String; 2] {
    let (ring, views) = (ring(version), [view(version, file)]);
    let id = |address: &str| ring.member(address).expect("of the ring").host_id.clone();
    [
        told(can_be_spared::check(&ring, &views, &turn(&id("127.0.0.1")), KeepAvailable::Quorum)),
        told(peers_see_it_up::check(&views, &id(node))),
    ]
}

#[test]
fn what_nodetool_prints_of_a_ring_is_judged_alike_in_every_version() {
    let one_at_a_time = |node| {
        format!(
            "wait: replicas are not known (the ring was read without CQL), so one node at a time; down: {node}"
        )
    };
    for version in VERSIONS {
        for (file, node, spared, up) in [
            ("un_status.txt", "127.0.0.2", "pass".to_owned(), "pass"),
            // Gossip of a drained node says shutdown at once, so its peers show it down.
            ("drained_from1_status.txt", "127.0.0.2", one_at_a_time("127.0.0.2"), "wait: n1 sees it down"),
            // A drained node shows all nodes up, itself among them: the subject is never its own observer.
            ("drained_status.txt", "127.0.0.2", "pass".to_owned(), "pass"),
            ("dn_status.txt", "127.0.0.3", one_at_a_time("127.0.0.3"), "wait: n1 sees it down"),
            (
                "joining_status.txt",
                "127.0.0.2",
                "wait: 127.0.0.4 is joining: ranges are changing hands".to_owned(),
                "pass",
            ),
        ] {
            assert_eq!(asked(version, file, node), [spared, up.to_owned()], "{version}/{file}");
        }
    }
}

#[test]
fn a_node_that_is_down_does_not_keep_the_schema_from_agreeing() {
    for version in VERSIONS {
        for file in ["un_describecluster.txt", "dn_describecluster.txt"] {
            let cluster = output::describecluster(&text(version, file)).unwrap();
            assert_eq!(
                told(schema_agrees::check(&cluster.schema_versions, &BTreeSet::new(), |_| None)),
                "pass",
                "{version}/{file}"
            );
        }
    }
}
