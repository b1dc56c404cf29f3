//! Six nodes in three racks: the nodes of a rack are restarted together, as the plan proved, and no query fails.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, enable};
use super::enable::nothing_is_left_to_do_with;
use super::rig::{nodes, ring_says};
use super::wire;
use std::collections::BTreeSet;

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.make_stores();
    let rollout = format!("{ROLLOUT}  waves: rack\n  at_once: 2\n");
    desk.write("racks.yaml", &enable(&rollout));
    spread_over_racks("system_distributed");
    spread_over_racks("system_traces");

    let clients = Clients::of(&desk);
    let live = desk.ringwalk_with("racks.yaml", &["apply", "--yes"]).exits(0).says("6 of 6 nodes done");
    clients.saw_no_failure();
    assert_eq!(most_in_restart(&live.text), 2, "the nodes of a rack are down together");
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do_with(&desk, "racks.yaml");
}

/// These come on SimpleStrategy, which knows no racks: an operator who wants waves by rack sees to them.
fn spread_over_racks(keyspace: &str) {
    let alter = format!(
        "ALTER KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'dc1': 3}}"
    );
    ring_says(&["cqlsh", "-e", &alter, &nodes()[0].1]);
}

/// How many nodes were between their restart and their end at the same time, by the lines of the run.
fn most_in_restart(told: &str) -> usize {
    let mut under_way = BTreeSet::new();
    let mut most = 0;
    for line in told.lines() {
        let mut words = line.split_whitespace().skip(1);
        let (Some(node), Some(what)) = (words.next(), words.next()) else { continue };
        match what {
            "restart" if line.ends_with("restart Cassandra") => _ = under_way.insert(node),
            "done" => _ = under_way.remove(node),
            _ => {}
        }
        most = most.max(under_way.len());
    }
    most
}
