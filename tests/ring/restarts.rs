//! Nodes that do not come back, are down or hang: the run stops in words, one node is touched, clients are served.

use super::client::Clients;
use super::desk::{DOES_NOT_START, Desk, ROLLOUT, does_not_start, enable, starts_again};
use super::enable::Yamls;
use super::rig::{fault, heal, on, ring_says};
use super::wire;

pub fn does_not_come_back() {
    let desk = Desk::of_this_ring();
    let before = Yamls::now();
    desk.write("wrong.yaml", &does_not_start(&desk.read("enable.yaml")));
    desk.write("mended.yaml", &starts_again(&desk.read("enable.yaml")));
    let clients = Clients::of(&desk);
    desk.ringwalk_with("wrong.yaml", &["apply", "--yes"])
        .exits(3)
        .says("1 failed, 2 untouched")
        .says("failed      n1")
        .says("log:")
        .says(DOES_NOT_START)
        .says("next:");
    let now = Yamls::now();
    assert!(before.is_of("n2", &now) && before.is_of("n3", &now) && !before.is_of("n1", &now));
    desk.ringwalk_with("mended.yaml", &["apply", "--yes"])
        .exits(0)
        .says("1 of 3 nodes change")
        .says("1 of 1 node done");
    clients.saw_no_failure();
    before.are_as_now();
    wire::is_tls_only_with_the_leaves_of(&desk);
}

/// Another node hangs: nothing is planned around it. It is down: it is mended, and first.
pub fn is_down_already() {
    let desk = Desk::of_this_ring();
    desk.write("always.yaml", &always(ROLLOUT));
    fault("n3", &["stop"]);
    // Its peers need a while to see it down; until then it is the gate that waits.
    super::rig::until("n1 sees n3 down", std::time::Duration::from_secs(60), || {
        super::rig::nodetool("n1", "status")
            .lines()
            .any(|line| line.starts_with("DN") && line.contains("10.77.0.13"))
    });
    let screen = desk.ringwalk_with("always.yaml", &["plan"]);
    heal("n3");
    screen
        .exits(2)
        .says("`n1` cannot be spared")
        .says("10.77.0.13")
        .says("bring the nodes that are down back first");

    on("n3", "systemctl stop cassandra");
    desk.ringwalk_with("always.yaml", &["plan"])
        .exits(10)
        .says("wave 1, canary: n3")
        .says("Cassandra does not run there");
    desk.ringwalk(&["apply", "--yes"])
        .exits(0)
        .says("1 of 3 nodes change")
        .says("Cassandra does not run there")
        .says("1 of 1 node done");
    ring_says(&["wait", "120"]);
}

/// The node that is restarted hangs as it comes back: the gate waits to its deadline and says for what.
pub fn hangs_as_it_comes_back() {
    let desk = Desk::of_this_ring();
    let short = ROLLOUT.replace("start: 2m, hold: 60s", "start: 10s, hold: 20s");
    desk.write("always.yaml", &always(&short));
    let clients = Clients::of(&desk);
    let run = desk.start("inventory.yaml", "always.yaml", &["apply", "--yes"]);
    run.until_it_says("the client port is closed");
    fault("n1", &["stop"]);
    let screen = run.screen();
    let hanging = desk.ringwalk(&["plan"]);
    heal("n1");
    screen
        .exits(3)
        .says("gave up after 30 s")
        .says("stopped by a signal (SIGSTOP)")
        .says("1 failed, 2 untouched")
        .says("next:");
    hanging.exits(0).says("warning: Cassandra runs on `n1`, but its client port 9042 is closed");
    // No file was changed, and the new process runs with the files that are wished.
    desk.ringwalk(&["plan"]).exits(0).says("nothing to do").says_not("but its client port");
    clients.saw_no_failure();
}

fn always(rollout: &str) -> String {
    enable(rollout).replace("  - name: require\n", "  - name: require\n    restart: always\n")
}
