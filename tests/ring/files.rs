//! Files on a node that are not as the plan needs them, and disks that take none: nothing is lost, no node goes down.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, stores};
use super::enable::Yamls;
use super::rig::{fault, heal, on, version_and_layout, yaml_path};

/// A change that every node of the ring needs, small enough to be made and unmade. 3.11 cannot name protocols: there it is
/// their suites.
pub fn protocols(rollout: &str, protocols: &str) -> String {
    let option = match version_and_layout().0.as_str() {
        "3.11" => {
            let of = |bits: u32, hash: u32| {
                ["RSA", "ECDSA"]
                    .map(|key| format!("TLS_ECDHE_{key}_WITH_AES_{bits}_GCM_SHA{hash}"))
                    .join(", ")
            };
            let suites = protocols.replace("TLSv1.3", &of(256, 384)).replace("TLSv1.2", &of(128, 256));
            format!("cipher_suites: {suites}")
        }
        _ => format!("accepted_protocols: {protocols}"),
    };
    stores()
        + &format!(
            "phases:\n  - name: protocols\n    client_encryption_options: {{ enabled: true, optional: false, {option} }}\n"
        )
        + rollout
}

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.write("protocols.yaml", &protocols(ROLLOUT, "[TLSv1.3, TLSv1.2]"));
    let before = Yamls::now();
    broken_yaml(&desk);
    changed_since_the_plan(&desk);
    let clients = Clients::of(&desk);
    disks_that_take_nothing(
        &desk,
        &[
            ("etcfull", "/etc/cassandra has 0 KiB free"),
            ("etcro", "/etc/cassandra cannot be written to: not allowed, or a read-only file system"),
        ],
    );
    clients.saw_no_failure();
    // Its commit log stands on this disk too: under load Cassandra itself would stop (`commit_failure_policy`).
    disks_that_take_nothing(&desk, &[("fill", "0 KiB free")]);
    before.are_as_now();
    on("n1", "test -n \"$(pgrep -f CassandraDaemon)\"");
    desk.ringwalk(&["plan"]).exits(0);
}

/// A node's yaml with a line more, while `scene` plays.
fn with_line<T>(node: &str, line: &str, scene: impl FnOnce() -> T) -> T {
    let path = yaml_path();
    on(node, &format!("cp -p {path} /root/kept.yaml && printf '{line}\\n' >>{path}"));
    let answer = scene();
    on(node, &format!("cp -p /root/kept.yaml {path} && rm /root/kept.yaml"));
    answer
}

fn broken_yaml(desk: &Desk) {
    let path = yaml_path();
    let plan = || desk.ringwalk_with("protocols.yaml", &["plan"]);
    let screen = with_line("n1", "a: [b", || with_line("n3", "a:\\n\\tb: c", plan));
    let screen =
        screen.exits(2).says(&format!("node `n1`: {path} is no YAML")).says("line").says_not("node `n2`");
    screen
        .says(&format!("node `n3`: {path} is no YAML"))
        .says("tab")
        .says("Cassandra would not start with it");
    let twice = "client_encryption_options: { enabled: false }";
    let screen = with_line("n2", twice, plan);
    screen.exits(2).says("n2").says(path).says("client_encryption_options").says("twice");
}

fn changed_since_the_plan(desk: &Desk) {
    desk.ringwalk_with("protocols.yaml", &["plan", "--out", "protocols.json"]).exits(10);
    let apply = || desk.ringwalk_with("protocols.yaml", &["apply", "--yes", "protocols.json"]);
    let screen = with_line("n2", "# somebody was here", apply);
    screen
        .exits(2)
        .says(&format!("n2:{}", yaml_path()))
        .says("changed since the plan was made")
        .says("run `ringwalk plan` again")
        .says_not("restart Cassandra");
}

/// Found before the first node is touched. What happens to a file whose disk fills up at that very moment is for
/// `tests/node.rs`, which fills one up in the middle of a push.
fn disks_that_take_nothing(desk: &Desk, disks: &[(&str, &str)]) {
    for (kind, words) in disks {
        fault("n1", &[kind]);
        let screen = desk.ringwalk_with("protocols.yaml", &["apply", "--yes"]);
        heal("n1");
        screen.exits(2).says(words).says("`n1`").says("help:").says_not("restart Cassandra");
    }
}
