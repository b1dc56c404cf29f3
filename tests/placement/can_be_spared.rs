//! Which node of a ring can be spared: rings as small tables.

use super::{any_members, ring, simple, topology};
use proptest::prelude::*;
use ringwalk::facts::placement::{Member, Replication, placement};
use ringwalk::facts::ring::{Blocked, KeepAvailable, Partitioner, Proof, Ring, RingSource};
use std::collections::BTreeSet;

/// Yes, with its proof and its warnings; or no, with what blocks.
fn asked(ring: &Ring, node: &str, down: &str, keep: KeepAvailable) -> String {
    let down: BTreeSet<String> = down.chars().map(String::from).collect();
    match ring.can_be_spared(node, &down, keep) {
        Ok(Proof { text, unprotected, .. }) => {
            let warnings = unprotected.iter().map(|warning| format!(" | {warning}"));
            format!("yes: {text}{}", warnings.collect::<String>())
        }
        Err(blocked) => {
            let blocked: Vec<String> = blocked.iter().map(Blocked::to_string).collect();
            format!("no: {}", blocked.join(" | "))
        }
    }
}

#[test]
fn a_node_is_spared_while_every_range_of_it_keeps_what_is_asked() {
    use KeepAvailable::{LocalQuorum, One, Quorum};
    let six = ["dc1 r1 0", "dc1 r2 10", "dc1 r3 20", "dc1 r1 30", "dc1 r2 40", "dc1 r3 50"];
    let rf3 = ring(&six, &[("app", topology(&[("dc1", 3)])), ("system", Replication::Local)]);
    for (node, down, keep, expected) in [
        ("a", "", Quorum, "yes: every range keeps 2 of 3 replicas (quorum 2)"),
        ("10.0.0.a", "", LocalQuorum, "yes: every range keeps 2 of 3 replicas (local quorum 2)"),
        ("a", "d", Quorum, "yes: every range keeps 2 of 3 replicas (quorum 2)"),
        (
            "a",
            "b",
            Quorum,
            "no: range (50, 0] of `app` would keep 1 of the 2 replicas it needs; down: 10.0.0.b",
        ),
        ("a", "b", One, "yes: every range keeps 1 of 3 replicas (one 1)"),
        (
            "a",
            "bc",
            One,
            "no: range (50, 0] of `app` would keep 0 of the 1 replicas it needs; down: 10.0.0.b, 10.0.0.c",
        ),
        ("a", "ab", Quorum, "yes: it is down already"),
        ("x", "", Quorum, "no: x is not in the ring that was read"),
        ("a", "x", Quorum, "no: x is not in the ring that was read"),
    ] {
        assert_eq!(asked(&rf3, node, down, keep), expected, "{node} with {down:?} down, {keep}");
    }
}

#[test]
fn a_node_down_in_another_datacenter_counts_for_quorum_and_not_for_local_quorum() {
    let rows = ["dc1 r1 0", "dc1 r2 10", "dc1 r3 20", "dc2 r1 1", "dc2 r2 11", "dc2 r3 21"];
    let both = ring(&rows, &[("app", topology(&[("dc1", 3), ("dc2", 3)]))]);
    for (node, down, keep, expected) in [
        ("a", "d", KeepAvailable::Quorum, "yes: every range keeps 4 of 6 replicas (quorum 4)"),
        ("a", "b", KeepAvailable::Quorum, "yes: every range keeps 4 of 6 replicas (quorum 4)"),
        ("a", "de", KeepAvailable::LocalQuorum, "yes: every range keeps 2 of 3 replicas (local quorum 2)"),
        (
            "a",
            "b",
            KeepAvailable::LocalQuorum,
            "no: range (21, 0] of `app` would keep 1 of the 2 replicas it needs; down: 10.0.0.b",
        ),
    ] {
        assert_eq!(asked(&both, node, down, keep), expected, "{node} with {down:?} down, {keep}");
    }
}

#[test]
fn a_keyspace_that_no_order_keeps_is_a_warning_until_another_of_its_replicas_is_down() {
    let rows = ["dc1 r1 0", "dc1 r2 10", "dc1 r3 20"];
    let keyspaces =
        [("system_auth", simple(1)), ("system_traces", simple(2)), ("app", topology(&[("dc1", 3)]))];
    let stock = ring(&rows, &keyspaces);
    assert_eq!(
        asked(&stock, "a", "", KeepAvailable::Quorum),
        "yes: every other range keeps 2 of 3 replicas (quorum 2) \
         | ranges of `system_auth` (one replica) are unavailable while 10.0.0.a restarts \
         | ranges of `system_traces` (2 replicas) are below quorum 2 while 10.0.0.a restarts"
    );
    assert_eq!(
        asked(&stock, "a", "", KeepAvailable::One),
        "yes: every other range keeps 1 of 2 replicas (one 1) \
         | ranges of `system_auth` (one replica) are unavailable while 10.0.0.a restarts"
    );
    let two = ring(&rows, &keyspaces[..2]);
    assert_eq!(
        asked(&two, "a", "b", KeepAvailable::Quorum),
        "no: range (20, 0] of `system_traces` would keep 0 of the 2 replicas it needs; down: 10.0.0.b"
    );
    let one = ring(&rows, &keyspaces[..1]);
    assert_eq!(
        asked(&one, "a", "bc", KeepAvailable::Quorum),
        "yes: no range depends on it that another node could serve \
         | ranges of `system_auth` (one replica) are unavailable while 10.0.0.a restarts"
    );
}

#[test]
fn fewer_nodes_than_replicas_are_judged_by_the_factor_that_is_set() {
    let two_nodes = ring(&["dc1 r1 0", "dc1 r2 10"], &[("app", topology(&[("dc1", 3)]))]);
    assert_eq!(
        asked(&two_nodes, "a", "", KeepAvailable::Quorum),
        "yes: no range depends on it that another node could serve \
         | ranges of `app` (2 replicas) are below quorum 2 while 10.0.0.a restarts"
    );
}

#[test]
fn replicas_that_are_not_known_mean_one_node_at_a_time() {
    let rows = ["dc1 r1 0", "dc1 r2 10", "dc1 r3 20"];
    let keyspaces = [("app", topology(&[("dc1", 3)]))];
    let known = ring(&rows, &keyspaces);
    let joining = ring(&["dc1 r1 0", "dc1 r2 10", "dc1 r3"], &keyspaces);
    let transient = ring(&rows, &[("app", Replication::Unknown("transient replication `3/1`".into()))]);
    let ordered = Ring { partitioner: Partitioner::Other("ByteOrderedPartitioner".into()), ..known.clone() };
    let nodetool_only = Ring { source: RingSource::NodetoolOnly, keyspaces: Vec::new(), ..known };
    for (ring, why) in [
        (joining, "10.0.0.c has no tokens"),
        (transient, "transient replication `3/1`"),
        (ordered, "partitioner `ByteOrderedPartitioner`"),
        (nodetool_only, "the ring was read without CQL"),
    ] {
        let alone = format!("yes: every other node is up (replicas are not known: {why})");
        assert_eq!(asked(&ring, "a", "", KeepAvailable::One), alone);
        let blocked = format!("no: replicas are not known ({why}), so one node at a time; down: 10.0.0.b");
        assert_eq!(asked(&ring, "a", "b", KeepAvailable::One), blocked);
    }
}

#[test]
fn a_thousand_nodes_and_ten_keyspaces_are_placed_once_for_all_questions() {
    let node = |index: u64| {
        // A multiplicative hash spreads the tokens without a random source.
        let token =
            |number: u64| i128::from((index * 16 + number).wrapping_mul(0x9e37_79b9_7f4a_7c15) as i64);
        Member {
            host_id: index.to_string(),
            address: format!("10.0.{}.{}", index / 256, index % 256),
            datacenter: format!("dc{}", index % 2),
            rack: format!("r{}", index % 7),
            tokens: (0..16).map(token).collect(),
            ..Member::default()
        }
    };
    let keyspaces: Vec<(String, Replication)> = (0..10)
        .map(|index| (format!("ks{index}"), topology(&[("dc0", 3), ("dc1", 1 + index % 3)])))
        .collect();
    let named: Vec<(&str, Replication)> =
        keyspaces.iter().map(|(name, r)| (name.as_str(), r.clone())).collect();
    let big = Ring { members: (0..1000).map(node).collect(), ..ring(&[], &named) };
    let availability = big.availability();
    let checked = (0..1000).map(|index| {
        let proof = availability.can_be_spared(&index.to_string(), &BTreeSet::new(), KeepAvailable::Quorum);
        proof.unwrap().ranges
    });
    // Three distinct settings: every range is checked once for each of its replicas, 4, 5 and 6 of them.
    assert_eq!(checked.sum::<usize>(), 16_000 * (4 + 5 + 6));
}

proptest! {
    /// A spared node leaves every range that could keep the quorum with one, whoever was spared before it.
    #[test]
    fn a_wave_of_spared_nodes_leaves_a_quorum_of_every_range_that_can_have_one(
        members in any_members().prop_filter("all have tokens", |members| {
            members.iter().all(|member| !member.tokens.is_empty())
        }),
        factor in 1..6usize,
    ) {
        let setting = topology(&[("dc0", factor), ("dc1", factor)]);
        let ranges = placement(&members, &setting);
        let ring = Ring { members: members.clone(), ..ring(&[], &[("app", setting)]) };
        let availability = ring.availability();
        let mut down = BTreeSet::new();
        for member in &members {
            if availability.can_be_spared(&member.host_id, &down, KeepAvailable::LocalQuorum).is_ok() {
                down.insert(member.host_id.clone());
            }
        }
        prop_assert!(!down.is_empty());
        for (range, datacenter) in ranges.iter().flat_map(|range| [(range, "dc0"), (range, "dc1")]) {
            let there: Vec<&Member> = range.replicas.iter().map(|replica| &members[*replica]).collect();
            let there: Vec<&&Member> = there.iter().filter(|member| member.datacenter == datacenter).collect();
            let gone = there.iter().filter(|member| down.contains(&member.host_id)).count();
            let can_keep = there.len() > factor / 2 + 1;
            let keeps = if can_keep { there.len() - gone > factor / 2 } else { gone <= 1 };
            prop_assert!(keeps);
        }
    }
}
