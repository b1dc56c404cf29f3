//! Where replicas lie, against what real rings of 3.11 to 5.0 said; and which node can be spared.

mod can_be_spared;

use proptest::prelude::*;
use ringwalk::facts::placement::{Member, Replication, placement};
use ringwalk::facts::ring::{Keyspace, Partitioner, Ring, RingSource};
use ringwalk::node::nodetool::output;
use std::collections::{BTreeMap, BTreeSet};

fn captured(version: &str, name: &str) -> String {
    let path = format!("{}/tests/nodetool/{version}/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of a captured table: values by column name.
fn table(text: &str) -> Vec<BTreeMap<&str, &str>> {
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines.map(|line| columns.iter().copied().zip(line.split('\t')).collect()).collect()
}

/// The texts between single quotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('\'').skip(1).step_by(2).collect()
}

fn captured_members(version: &str) -> Vec<Member> {
    let (local, peers) = (captured(version, "cql_local.tsv"), captured(version, "cql_peers.tsv"));
    let rows = table(&local).into_iter().chain(table(&peers));
    let member = |row: BTreeMap<&str, &str>| Member {
        host_id: row["host_id"].into(),
        address: row.get("peer").or(row.get("broadcast_address")).unwrap().to_string(),
        datacenter: row["data_center"].into(),
        rack: row["rack"].into(),
        tokens: quoted(row["tokens"]).iter().map(|token| token.parse().unwrap()).collect(),
        ..Member::default()
    };
    rows.map(member).collect()
}

fn captured_replication(version: &str, keyspace: &str) -> Replication {
    let text = captured(version, "cql_keyspaces.tsv");
    let row = table(&text).into_iter().find(|row| row["keyspace_name"] == keyspace).unwrap();
    let words = quoted(row["replication"]);
    Replication::parse(&words.chunks(2).map(|pair| (pair[0].into(), pair[1].into())).collect())
}

#[test]
fn replicas_are_those_that_describering_shows_in_its_order() {
    for version in ["3.11", "4.0", "4.1", "5.0"] {
        let members = captured_members(version);
        for keyspace in ["rf1", "rf3", "simple2"] {
            let text = captured(version, &format!("un_describering_{keyspace}.txt"));
            let described = output::describering(&text).unwrap().ranges;
            let expected: BTreeMap<(i128, i128), Vec<String>> =
                described.into_iter().map(|range| ((range.start, range.end), range.endpoints)).collect();
            let ranges = placement(&members, &captured_replication(version, keyspace));
            let placed: BTreeMap<(i128, i128), Vec<String>> = ranges
                .into_iter()
                .map(|range| {
                    let addresses = range.replicas.iter().map(|replica| members[*replica].address.clone());
                    ((range.start, range.end), addresses.collect())
                })
                .collect();
            assert_eq!(placed, expected, "{version} {keyspace}");
        }
    }
}

#[test]
fn replication_is_read_from_short_and_full_names_and_the_rest_is_unknown() {
    let parse = |pairs: &[(&str, &str)]| {
        Replication::parse(&pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect())
    };
    let topology = Replication::NetworkTopology(BTreeMap::from([("dc1".into(), 3), ("dc2".into(), 2)]));
    for (settings, expected) in [
        (&[("class", "SimpleStrategy"), ("replication_factor", "3")][..], Replication::Simple { factor: 3 }),
        (
            &[("class", "org.apache.cassandra.locator.NetworkTopologyStrategy"), ("dc1", "3"), ("dc2", "2")],
            topology.clone(),
        ),
        (&[("class", "org.apache.cassandra.locator.LocalStrategy")], Replication::Local),
        (&[("class", "org.apache.cassandra.locator.EverywhereStrategy")], Replication::Everywhere),
        (
            &[("class", "NetworkTopologyStrategy"), ("dc1", "3/1")],
            Replication::Unknown("transient replication `3/1`".into()),
        ),
        (
            &[("class", "com.acme.OurStrategy"), ("dc1", "3")],
            Replication::Unknown("replication class `com.acme.OurStrategy`".into()),
        ),
        (&[], Replication::Unknown("replication class ``".into())),
    ] {
        assert_eq!(parse(settings), expected, "{settings:?}");
    }
}

/// `dc1 r1 0 40 80` each: datacenter, rack, tokens. Nodes are called a, b, c …
fn members(rows: &[&str]) -> Vec<Member> {
    let member = |(name, row): (char, &&str)| {
        let words: Vec<&str> = row.split(' ').collect();
        Member {
            host_id: name.to_string(),
            address: format!("10.0.0.{name}"),
            datacenter: words[0].into(),
            rack: words[1].into(),
            tokens: words[2..].iter().map(|token| token.parse().unwrap()).collect(),
            ..Member::default()
        }
    };
    ('a'..='z').zip(rows).map(member).collect()
}

fn simple(factor: usize) -> Replication {
    Replication::Simple { factor }
}

fn topology(factors: &[(&str, usize)]) -> Replication {
    Replication::NetworkTopology(factors.iter().map(|(name, factor)| (name.to_string(), *factor)).collect())
}

/// `10:ab 20:bc`: the end of each range, and its replicas.
fn drawn(members: &[Member], replication: &Replication) -> String {
    let range = |range: &ringwalk::facts::placement::Range| {
        let names: String = range.replicas.iter().map(|replica| members[*replica].host_id.as_str()).collect();
        format!("{}:{names}", range.end)
    };
    placement(members, replication).iter().map(range).collect::<Vec<_>>().join(" ")
}

#[test]
fn racks_and_datacenters_are_walked_as_cassandra_walks_them() {
    let one_rack = ["dc1 r1 0", "dc1 r1 10", "dc1 r1 20", "dc1 r1 30"];
    let two_racks = ["dc1 r1 0", "dc1 r1 10", "dc1 r1 20", "dc1 r2 30"];
    let three_racks = ["dc1 r1 0", "dc1 r1 10", "dc1 r2 20", "dc1 r3 30"];
    let two_datacenters = ["dc1 r1 0", "dc2 r1 10", "dc1 r2 20", "dc2 r1 30"];
    let joining = ["dc1 r1 0", "dc1 r2 10", "dc1 r3"];
    for (rows, replication, expected) in [
        (&one_rack[..], simple(2), "0:ab 10:bc 20:cd 30:da"),
        (&one_rack, simple(9), "0:abcd 10:bcda 20:cdab 30:dabc"),
        (&one_rack, topology(&[("dc1", 3)]), "0:abc 10:bcd 20:cda 30:dab"),
        (&two_racks, topology(&[("dc1", 3)]), "0:abd 10:bcd 20:cda 30:dab"),
        (&two_racks, topology(&[("dc1", 2)]), "0:ad 10:bd 20:cd 30:da"),
        (&three_racks, topology(&[("dc1", 3)]), "0:acd 10:bcd 20:cda 30:dac"),
        (&two_datacenters, topology(&[("dc1", 2), ("dc2", 1)]), "0:abc 10:bca 20:cda 30:dac"),
        (&two_datacenters, topology(&[("dc2", 1), ("dc9", 3)]), "0:b 10:b 20:d 30:d"),
        (&two_datacenters, topology(&[("dc1", 0)]), "0: 10: 20: 30:"),
        (&joining, topology(&[("dc1", 3)]), "0:ab 10:ba"),
        (&two_racks, Replication::Everywhere, "0:abcd"),
        (&two_racks, Replication::Local, ""),
        (&two_racks, Replication::Unknown("?".into()), ""),
        (&[], simple(3), ""),
    ] {
        assert_eq!(drawn(&members(rows), &replication), expected, "{rows:?} {replication:?}");
    }
}

fn ring(rows: &[&str], keyspaces: &[(&str, Replication)]) -> Ring {
    let keyspace = |(name, replication): &(&str, Replication)| Keyspace {
        name: name.to_string(),
        replication: replication.clone(),
    };
    Ring {
        cluster_name: "test".into(),
        partitioner: Partitioner::Murmur3,
        members: members(rows),
        keyspaces: keyspaces.iter().map(keyspace).collect(),
        schema_versions: BTreeMap::new(),
        source: RingSource::Cql,
    }
}

#[test]
fn a_ring_survives_json_with_tokens_of_both_partitioners() {
    let mut random = ring(&["dc1 r1 170141183460469231731687303715884105727 0"], &[("app", simple(1))]);
    random.partitioner = Partitioner::Random;
    let through_value = serde_json::to_value(&random).unwrap();
    assert_eq!(serde_json::from_value::<Ring>(through_value).unwrap(), random);
}

prop_compose! {
    fn any_members()(places in prop::collection::vec((0..3usize, 0..4usize, 1..5usize), 1..20),
                     tokens in prop::collection::btree_set(any::<i64>(), 100)) -> Vec<Member> {
        let mut tokens = tokens.into_iter().map(i128::from).collect::<Vec<_>>();
        // Sorted tokens would give each node one stretch of the ring; nodes take turns instead.
        let half = tokens.split_off(50);
        let mut tokens = half.into_iter().zip(tokens).flat_map(|(one, other)| [one, other]);
        let member = |(index, (datacenter, rack, count)): (usize, (usize, usize, usize))| Member {
            host_id: index.to_string(),
            address: index.to_string(),
            datacenter: format!("dc{datacenter}"),
            rack: format!("r{rack}"),
            tokens: tokens.by_ref().take(count).collect(),
            ..Member::default()
        };
        places.into_iter().enumerate().map(member).collect()
    }
}

proptest! {
    #[test]
    fn a_datacenter_has_as_many_replicas_as_set_or_as_it_has_nodes(members in any_members(), factor in 0..6usize) {
        let datacenters = ["dc0", "dc1", "dc2"];
        for range in placement(&members, &topology(&datacenters.map(|name| (name, factor)))) {
            for name in datacenters {
                let nodes = members.iter().filter(|member| member.datacenter == name && !member.tokens.is_empty());
                let there = range.replicas.iter().filter(|replica| members[**replica].datacenter == name);
                prop_assert_eq!(there.count(), factor.min(nodes.count()));
            }
            let distinct: BTreeSet<&usize> = range.replicas.iter().collect();
            prop_assert_eq!(distinct.len(), range.replicas.len());
            prop_assert!(factor == 0 || !members[range.replicas[0]].tokens.is_empty());
        }
    }

    #[test]
    fn replicas_use_as_many_racks_as_they_can(members in any_members(), factor in 1..6usize) {
        let racks = |indexes: Vec<usize>| -> BTreeSet<String> {
            indexes.into_iter().map(|index| members[index].rack.clone()).collect()
        };
        let in_datacenter = |index: &usize| members[*index].datacenter == "dc0" && !members[*index].tokens.is_empty();
        let all = racks((0..members.len()).filter(in_datacenter).collect());
        for range in placement(&members, &topology(&[("dc0", factor)])) {
            let used = racks(range.replicas.clone());
            prop_assert_eq!(used.len(), all.len().min(factor));
        }
    }

    #[test]
    fn simple_strategy_takes_the_next_nodes_whatever_their_rack(members in any_members(), factor in 1..6usize) {
        let with_tokens = members.iter().filter(|member| !member.tokens.is_empty()).count();
        for range in placement(&members, &simple(factor)) {
            prop_assert_eq!(range.replicas.len(), factor.min(with_tokens));
            prop_assert!(members[range.replicas[0]].tokens.contains(&range.end));
        }
    }
}
