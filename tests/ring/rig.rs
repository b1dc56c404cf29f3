//! The ring that `scripts/ring up` made: its nodes, commands on them, what goes wrong with them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `scripts/ring WORD…`, of the ring that RING_NAME names.
pub fn ring() -> Command {
    Command::new(repository().join("scripts/ring"))
}

/// What a command of the rig prints; it must succeed.
pub fn ring_says(words: &[&str]) -> String {
    text_of(words, ring().args(words).output().expect("scripts/ring starts"))
}

fn text_of(words: &[&str], output: Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "scripts/ring {}: {}\n{out}{err}", words.join(" "), output.status);
    out.into_owned()
}

/// A line of shell on a node, as root, not over SSH.
pub fn on(node: &str, line: &str) -> String {
    ring_says(&["exec", node, line])
}

pub fn fault(node: &str, words: &[&str]) {
    println!("-- fault {node} {}", words.join(" "));
    ring_says(&[&["fault", node], words].concat());
}

/// The node as it was, and the ring whole again.
pub fn heal(node: &str) {
    println!("-- heal {node}");
    ring_says(&["heal", node]);
    ring_says(&["wait", "180"]);
}

/// What stops packets on the way to a node is gone; its processes are left alone.
pub fn heal_network(node: &str) {
    println!("-- heal {node} network");
    ring_says(&["heal", node, "network"]);
}

pub fn state() -> PathBuf {
    PathBuf::from(ring_says(&["state"]).trim())
}

/// `5.0 package`: version and layout, as RINGWALK_RING has them.
pub fn version_and_layout() -> (String, String) {
    let ring = std::env::var("RINGWALK_RING").expect("RINGWALK_RING=\"5.0 package\": scripts/test sets it");
    let (version, layout) = ring.split_once(' ').expect("RINGWALK_RING is a version and a layout");
    (version.into(), layout.into())
}

/// Where cassandra.yaml and nodetool are in this layout.
pub fn yaml_path() -> &'static str {
    match version_and_layout().1.as_str() {
        "tarball" => "/opt/cassandra/conf/cassandra.yaml",
        _ => "/etc/cassandra/cassandra.yaml",
    }
}

pub fn nodetool(node: &str, words: &str) -> String {
    let tool = if version_and_layout().1 == "tarball" { "/opt/cassandra/bin/nodetool" } else { "nodetool" };
    on(node, &format!("{tool} {words}"))
}

/// Names and addresses of all nodes.
pub fn nodes() -> Vec<(String, String)> {
    let inventory = ring_says(&["inventory"]);
    let field = |line: &str, key: &str| Some(line.split_once(key)?.1.split([',', ' ']).next()?.to_owned());
    inventory.lines().filter_map(|line| Some((field(line, "name: ")?, field(line, "address: ")?))).collect()
}

/// Looks until it is so; what is waited for is named if it does not come.
pub fn until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !is_so() {
        assert!(Instant::now() < end, "not within {} s: {what}", limit.as_secs());
        std::thread::sleep(Duration::from_millis(100));
    }
}
