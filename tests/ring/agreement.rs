//! Inventory and ring, or files of the operator, that do not fit each other: refused with the line and what to write.

use super::desk::{Desk, store_type};
use super::rig::{on, state};
use std::fs;

pub fn scene() {
    let desk = Desk::of_this_ring();
    let inventory = desk.read("inventory.yaml");
    let third = inventory.lines().last().unwrap();
    let cases = [
        (
            "a node too few",
            inventory.replace(&format!("{third}\n"), ""),
            "the ring has a node that the inventory lacks: 10.77.0.13",
        ),
        (
            "an address twice",
            format!("{inventory}  - {{ name: n4, address: 10.77.0.13, datacenter: dc1, rack: r3 }}\n"),
            "address `10.77.0.13` is given twice",
        ),
        (
            "another cluster",
            inventory.replace("cluster: rig", "cluster: orders"),
            "the nodes belong to cluster `rig`, the inventory says `orders`",
        ),
        (
            "another rack",
            inventory.replace("rack: r2", "rack: r9"),
            "`n2` is in rack `r2`, the inventory says `r9`",
        ),
    ];
    for (case, text, words) in cases {
        println!("-- {case}");
        desk.write("other.yaml", &text);
        desk.ringwalk_on("other.yaml", "enable.yaml", &["plan"]).exits(2).says(words).says("help:");
    }
    one_node_under_two_names(&desk);
    stores_that_cannot_be_read(&desk);
}

/// A host with two addresses is one node.
fn one_node_under_two_names(desk: &Desk) {
    on("n3", "ip addr add 10.77.0.99/24 dev eth0");
    let known = fs::read_to_string(state().join("known_hosts")).unwrap();
    desk.write("known_hosts", &known.replace("n3,10.77.0.13", "n3,10.77.0.13,10.77.0.99"));
    let inventory = desk.read("inventory.yaml");
    let line = inventory.lines().find(|line| line.contains("known_hosts:")).unwrap();
    let inventory = inventory.replace(line, "  known_hosts: known_hosts");
    desk.write("other.yaml", &format!("{inventory}  - {{ name: n4, address: 10.77.0.99 }}\n"));
    for ext in [store_type().1, "pem"] {
        fs::copy(
            desk.directory.join(format!("stores/n3.{ext}")),
            desk.directory.join(format!("stores/n4.{ext}")),
        )
        .unwrap();
    }
    let screen = desk.ringwalk_on("other.yaml", "enable.yaml", &["plan"]);
    on("n3", "ip addr del 10.77.0.99/24 dev eth0");
    screen
        .exits(2)
        .says("`n4` and `n3` are the same Cassandra node (10.77.0.13)")
        .says("leave one of them out");
}

/// Everything that is wrong on the desk is said at once, before any node is reached.
fn stores_that_cannot_be_read(desk: &Desk) {
    let path = |name: &str| desk.directory.join("stores").join(name);
    for node in ["n1", "n2"] {
        fs::rename(path(&format!("{node}.p12")), path(&format!("{node}.kept"))).unwrap();
    }
    fs::write(path("n2.p12"), "not a store").unwrap();
    let screen = desk.ringwalk(&["plan"]);
    for node in ["n1", "n2"] {
        fs::rename(path(&format!("{node}.kept")), path(&format!("{node}.p12"))).unwrap();
    }
    screen.exits(2).says("n1.p12").says("No such file").says("n2.p12");
    desk.write("wrong-password", "wrong\n");
    let playbook = desk.read("enable.yaml").replacen("file:stores/password", "file:wrong-password", 1);
    desk.write("wrong.yaml", &playbook);
    desk.ringwalk_with("wrong.yaml", &["plan"]).exits(2).says("n1.p12").says("password").says_not("`wrong`");
    desk.write(
        "unset.yaml",
        &desk.read("enable.yaml").replacen("file:stores/password", "env:NOBODY_SETS_THIS", 1),
    );
    desk.ringwalk_with("unset.yaml", &["plan"]).exits(2).says("NOBODY_SETS_THIS").says("is not set");
}
