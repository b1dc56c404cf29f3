//! The examples in `inventories/` and `playbooks/` are what a newcomer copies, so each of them is read.

use super::{files, root};
use ringwalk::diagnostic::render;
use ringwalk::input::inventory::{Become, Install, Inventory};
use ringwalk::input::playbook::Playbook;
use ringwalk::input::{self, Source};
use std::fs;
use std::time::Duration;

fn inventory(path: &str) -> Inventory {
    let text = fs::read_to_string(root(path)).expect(path);
    input::read_inventory(Source { file: path, text: &text })
        .unwrap_or_else(|problems| panic!("{}", render(&problems)))
}

pub fn playbook(path: &str) -> Playbook {
    let text = fs::read_to_string(root(path)).expect(path);
    input::read_playbook(Source { file: path, text: &text })
        .unwrap_or_else(|problems| panic!("{}", render(&problems)))
}

#[test]
fn every_example_is_right() {
    let names = |folder: &str| -> Vec<String> {
        files(folder)
            .iter()
            .map(|path| format!("{folder}/{}", path.file_name().expect("a file").display()))
            .collect()
    };
    let (inventories, playbooks) = (names("inventories"), names("playbooks"));
    assert!(inventories.len() >= 5 && playbooks.len() >= 5);
    inventories.iter().for_each(|path| drop(inventory(path)));
    playbooks.iter().for_each(|path| drop(playbook(path)));
}

#[test]
fn a_range_stands_for_its_nodes_in_order() {
    let nodes = inventory("inventories/package.yaml").nodes;
    let named: Vec<String> = nodes.iter().map(|node| format!("{}={}", node.name, node.address)).collect();
    assert_eq!(nodes.len(), 15);
    assert_eq!(named[2..5], ["orders-3=10.0.1.13", "orders-04=10.0.2.4", "orders-05=10.0.2.5"]);
    assert_eq!(named[14], "orders-15=10.0.2.15");
}

#[test]
fn what_a_node_says_lies_over_what_the_file_says() {
    let nodes = inventory("inventories/tarball.yaml").nodes;
    let (first, third) = (&nodes[0], &nodes[2]);
    assert_eq!((first.ssh.port, third.ssh.port), (None, Some(2222)));
    assert_eq!(third.ssh.user.as_deref(), Some("cassandra"));
    assert_eq!(first.cassandra.location.as_deref(), Some("/opt/cassandra"));
    assert_eq!(third.cassandra.location.as_deref(), Some("/srv/cassandra"));
    assert_eq!((third.cassandra.install, third.cassandra.jmx.port), (Install::Tarball, Some(7199)));
    let ledger = inventory("inventories/jump-host.yaml").nodes;
    assert_eq!(ledger[0].ssh.become_, Become::Sudo);
    assert_eq!(ledger[0].ssh.connect_timeout, Duration::from_secs(20));
    assert_eq!(ledger[24].ssh.jump.as_deref(), Some("ops@bastion.us.example:2200"));
    assert_eq!(ledger[24].address, "2001:db8:20::25");
}

#[test]
fn a_later_refusal_shows_the_line_of_the_node() {
    let shown = inventory("inventories/package.yaml")
        .diagnostic("orders-07", "is not in the ring", "remove it")
        .to_string();
    assert!(shown.contains("name: \"orders-[04..15]\""), "{shown}");
}
