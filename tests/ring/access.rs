//! A node that cannot be reached, trusted or asked: said of every node at once, before anything is touched.

use super::desk::Desk;
use super::rig::{fault, heal_network, on, state};
use std::fs;

pub fn scene() {
    let desk = Desk::of_this_ring();
    unreachable(&desk);
    unknown_and_changed_host_keys(&desk);
    sudo_asks_for_a_password(&desk);
    nodetool_does_not_answer(&desk);
}

fn unreachable(desk: &Desk) {
    let quick = desk.read("inventory.yaml").replace("ssh:\n", "ssh:\n  connect_timeout: 3s\n");
    desk.write("quick.yaml", &quick);
    fault("n2", &["port", "22"]);
    fault("n3", &["reset", "22"]);
    let screen = desk.ringwalk_on("quick.yaml", "enable.yaml", &["plan"]);
    heal_network("n2");
    heal_network("n3");
    screen
        .exits(2)
        .says("node `n2`: cannot look at it: cannot connect to 10.77.0.12:22")
        .says("node `n3`: cannot look at it")
        .says("refused")
        .says_not("node `n1`");
}

fn unknown_and_changed_host_keys(desk: &Desk) {
    let known = fs::read_to_string(state().join("known_hosts")).unwrap();
    let keys: Vec<&str> = known.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    // n1 as it is, n2 with the key of n3, n3 not at all.
    let changed = format!("{}\nn2,10.77.0.12 {}\n", known.lines().next().unwrap(), keys[2]);
    desk.write("known_hosts", &changed);
    let inventory = desk.read("inventory.yaml");
    let line = inventory.lines().find(|line| line.contains("known_hosts:")).unwrap();
    desk.write("strangers.yaml", &inventory.replace(line, "  known_hosts: known_hosts"));
    desk.ringwalk_on("strangers.yaml", "enable.yaml", &["plan"])
        .exits(2)
        .says("node `n2`")
        .says("has changed")
        .says("node `n3`")
        .says("is not known")
        .says("known_hosts")
        .says_not("node `n1`");
    assert_eq!(desk.read("known_hosts"), changed, "a key is trusted by nobody but the operator");
}

fn sudo_asks_for_a_password(desk: &Desk) {
    on("n2", "sed -i 's/NOPASSWD: //' /etc/sudoers.d/ops");
    let screen = desk.ringwalk(&["check"]);
    on("n2", "sed -i 's/(ALL) ALL/(ALL) NOPASSWD: ALL/' /etc/sudoers.d/ops");
    screen
        .exits(2)
        .says("node `n2`: cannot become root: sudo asks for a password")
        .says("NOPASSWD: ALL")
        .says("/etc/sudoers.d");
}

fn nodetool_does_not_answer(desk: &Desk) {
    let with = |line: &str| {
        desk.read("inventory.yaml").replace("  install: auto\n", &format!("  install: auto\n  {line}\n"))
    };
    desk.write("jmx.yaml", &with("jmx: { port: 7198 }"));
    desk.ringwalk_on("jmx.yaml", "enable.yaml", &["plan"])
        .exits(2)
        .says("n1")
        .says("7198")
        .says("`cassandra.jmx.port`");
    desk.write("tool.yaml", &with("nodetool: /opt/nodetool"));
    desk.ringwalk_on("tool.yaml", "enable.yaml", &["plan"])
        .exits(2)
        .says("/opt/nodetool")
        .says("set `cassandra.nodetool`");
}
