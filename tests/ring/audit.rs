//! The audit of a real ring: in plaintext, with a store that was replaced and not taken up, and with nothing wrong.

use super::desk::{Desk, store_type};
use super::rig::{nodes, on, version_and_layout, yaml_path};
use super::screen::Screen;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs;

/// TLS 1.0 and 1.1 are served by 4.0 and 4.1 unless told otherwise (measured).
fn old_protocols_are_served() -> bool {
    ["4.0", "4.1"].contains(&version_and_layout().0.as_str())
}

pub fn before(desk: &Desk) {
    let screen = audit(desk, &[]).exits(11);
    let says = "port 9042 serves plaintext only: passwords and data cross the network readable (plaintext)";
    screen.says(says).says_not("(not_restarted)").says_not("(unreached)");
}

/// The keystore of the second node stands at the path of the first one's for as long as an audit takes.
pub fn during_and_after() {
    let desk = Desk::of_this_ring();
    let group = on("n1", "ps -o group= -p $(pgrep -f [o]rg.apache.cassandra.service.CassandraDaemon)");
    for (name, _) in nodes() {
        on(&name, &format!("chgrp {} {1} && chmod 0640 {1}", group.trim(), yaml_path()));
    }
    let path = format!("/etc/cassandra-tls/keystore.{}", store_type().1);
    let other = fs::read(desk.directory.join(format!("stores/n2.{}", store_type().1))).unwrap();
    let other = STANDARD.encode(other);
    on("n1", &format!("cp -p {path} {path}.kept && printf %s {other} | base64 -d >{path}"));
    let screen = audit(&desk, &[]);
    on("n1", &format!("mv {path}.kept {path}"));
    screen.exits(11).says("error: n1: serves clients ").says("(not_reloaded)").says_not("(not_restarted)");

    let clean = audit(&desk, &[]).says("require  require").says_not("error: ").says_not("(opens)");
    match old_protocols_are_served() {
        true => clean.exits(11).says("takes TLS 1.0 and TLS 1.1 (old_protocols)"),
        false => clean.exits(0).says("3 nodes: clean"),
    };
    audit(&desk, &["--output", "prometheus", "--out", "audit.prom"]);
    let metrics = desk.read("audit.prom");
    assert_eq!(metrics.matches("ringwalk_audit_up{cluster=").count(), 3, "{metrics}");
    assert_eq!(metrics.matches("by=\"wire\",mode=\"require\"} 1").count(), 3, "{metrics}");
    assert!(!metrics.contains(&desk.password()));
}

fn audit(desk: &Desk, options: &[&str]) -> Screen {
    desk.ringwalk(&[&["audit"], options].concat())
}
