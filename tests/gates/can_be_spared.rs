use super::{told, view};
use ringwalk::facts::placement::{Member, Replication};
use ringwalk::facts::ring::{KeepAvailable, Keyspace, Partitioner, Ring, RingSource};
use ringwalk::gates::View;
use ringwalk::gates::can_be_spared::{Turn, check};
use std::collections::{BTreeMap, BTreeSet};

/// Nodes `a` to `f`, one token each, three racks, three replicas.
fn ring() -> Ring {
    let member = |(index, letter): (usize, char)| Member {
        host_id: letter.into(),
        address: format!("10.0.0.{letter}"),
        rpc_address: format!("10.0.0.{letter}"),
        datacenter: "dc1".into(),
        rack: format!("r{}", index % 3),
        release_version: "5.0.6".into(),
        tokens: vec![index as i128 * 10],
    };
    Ring {
        cluster_name: "orders".into(),
        partitioner: Partitioner::Murmur3,
        members: "abcdef".chars().enumerate().map(member).collect(),
        keyspaces: vec![Keyspace {
            name: "app".into(),
            replication: Replication::NetworkTopology(BTreeMap::from([("dc1".into(), 3)])),
        }],
        schema_versions: BTreeMap::new(),
        source: RingSource::Cql,
    }
}

/// Of a node that serves.
fn asked(node: &str, views: &[&str]) -> String {
    asked_of(node, true, views)
}

fn asked_of(node: &str, serves: bool, views: &[&str]) -> String {
    judged(&Turn { host_id: node, serves, beside: BTreeSet::new() }, views)
}

fn judged(turn: &Turn<'_>, views: &[&str]) -> String {
    let views: Vec<View> =
        views.iter().zip(["b", "c"]).map(|(rows, observer)| view(observer, rows)).collect();
    told(check(&ring(), &views, turn, KeepAvailable::Quorum))
}

/// With `d`, which has the rack of `a` and no range with it.
#[test]
fn the_others_of_its_wave_count_as_down_whether_they_are_or_not() {
    let with = |beside: &'static str| Turn { host_id: "a", serves: true, beside: BTreeSet::from([beside]) };
    let up_but_d = "UN a, UN b, UN c, DN d, UN e, UN f";
    assert_eq!(judged(&with("d"), &[ALL_UP]), "pass");
    assert_eq!(judged(&with("d"), &[up_but_d]), "pass");
    assert_eq!(
        judged(&with("b"), &[ALL_UP]),
        asked("a", &["UN a, DN b, UN c, UN d, UN e, UN f"]),
        "`b` shares ranges with it"
    );
    assert_ne!(judged(&with("b"), &[ALL_UP]), "pass");
}

const ALL_UP: &str = "UN a, UN b, UN c, UN d, UN e, UN f";

#[test]
fn a_node_is_spared_while_its_ranges_keep_their_quorum() {
    assert_eq!(asked("a", &[ALL_UP, ALL_UP]), "pass");
    assert_eq!(asked("a", &["UN a, UN b, UN c, DN d, UN e, UN f"]), "pass", "d shares no range with a");
}

#[test]
fn what_is_down_can_go_down_unless_it_serves() {
    let beside_b = "DN a, DN b, UN c, UN d, UN e, UN f";
    assert_eq!(asked_of("a", false, &[beside_b, beside_b]), "pass");
    let asked = asked_of("a", true, &[beside_b, beside_b]);
    assert!(asked.starts_with("wait: range ") && asked.contains("down: 10.0.0.b"), "{asked}");
    assert_eq!(
        asked_of("a", true, &["DN a, UN b, UN c, UN d, UN e, UN f"]),
        "pass",
        "its ranges keep two others"
    );
}

#[test]
fn in_a_partition_a_node_is_not_down_because_the_other_side_says_so() {
    let (own_side, other_side) = ("UN a, DN b, UN c, UN d, DN e, UN f", "DN a, UN b, DN c, DN d, UN e, DN f");
    let asked = asked("a", &[own_side, other_side]);
    assert!(asked.starts_with("wait: range ") && asked.contains("would keep"), "{asked}");
}

#[test]
fn a_node_that_any_observer_calls_down_counts_as_down() {
    let why = "wait: range (50, 0] of `app` would keep 1 of the 2 replicas it needs; down: 10.0.0.b";
    assert_eq!(asked("a", &[ALL_UP, "UN a, DN b, UN c, UN d, UN e, UN f"]), why);
    assert_eq!(asked("a", &["UN a, DN b, UN c, UN d, UN e, UN f", ALL_UP]), why);
    assert_eq!(asked("a", &["UN a, DN -b, UN c, UN d, UN e, UN f"]), why, "also without its host id");
}

#[test]
fn while_ranges_change_hands_nobody_goes_down() {
    for (state, doing) in [("UJ", "joining"), ("UL", "leaving"), ("UM", "moving"), ("DL", "leaving")] {
        let rows = format!("UN a, UN b, UN c, UN d, UN e, {state} f");
        assert_eq!(
            asked("a", &[ALL_UP, &rows]),
            format!("wait: 10.0.0.f is {doing}: ranges are changing hands")
        );
    }
    let stranger = "UN a, UN b, UN c, UN d, UN e, UN f, UJ x";
    assert_eq!(asked("a", &[stranger]), "wait: 10.0.0.x is joining: ranges are changing hands");
}

#[test]
fn who_is_not_asked_or_does_not_know_the_ring_is_no_ground_to_go_on() {
    assert_eq!(asked("a", &[]), "wait: no node could be asked who is up");
    assert_eq!(asked("a", &[ALL_UP, "UN a, UN b, UN c, UN d, UN e"]), "wait: c does not know 10.0.0.f");
    let unknown = "UN a, UN b, UN c, UN d, UN e, UN f, UN -x";
    assert_eq!(asked("a", &[unknown]), "wait: b does not know who 10.0.0.x is");
}

#[test]
fn a_ring_that_is_no_longer_the_plans_fails() {
    let more = "UN a, UN b, UN c, UN d, UN e, UN f, UN x";
    assert_eq!(asked("a", &[more]), "fail: 10.0.0.x joined the ring since the plan was made");
    assert_eq!(asked("x", &[ALL_UP]), "wait: x is not in the ring that was read");
}
