//! Ctrl-C, once and twice, and a connection that is lost in the middle: the node ends what it began.

use super::desk::{Desk, ROLLOUT};
use super::enable::Yamls;
use super::files::protocols;
use super::rig::{fault, heal_network, nodetool, on, ring_says, until};
use super::wire;
use std::time::Duration;

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.write("protocols.yaml", &protocols(ROLLOUT, "[TLSv1.3, TLSv1.2]"));
    let before = Yamls::now();
    once_ends_after_the_node(&desk, &before);
    twice_leaves_at_once(&desk);
    what_is_owed_is_made_good_through_a_lost_connection(&desk);
    wire::is_tls_only_with_the_leaves_of(&desk);
}

fn once_ends_after_the_node(desk: &Desk, before: &Yamls) {
    let run = desk.start("inventory.yaml", "protocols.yaml", &["apply", "--yes"]);
    run.until_it_says("n1           restart Cassandra");
    run.interrupt();
    let screen = run.screen().exits(130);
    screen
        .says("nothing new is begun")
        .says("1 of 3 nodes done, 2 untouched")
        .says_not("n2           edit")
        .says("next:");
    let now = Yamls::now();
    assert!(before.is_of("n2", &now) && before.is_of("n3", &now) && !before.is_of("n1", &now));
}

fn twice_leaves_at_once(desk: &Desk) {
    let run = desk.start("inventory.yaml", "protocols.yaml", &["apply", "--yes"]);
    run.until_it_says("n2           restart: d");
    run.interrupt();
    run.until_it_says("nothing new is begun");
    run.interrupt();
    run.screen().exits(130).says("left at once").says("goes on there").says("n2").says("next:");
    // The job is the node's own: Cassandra comes back with nobody watching.
    let status = "cat $(ls -t /var/lib/ringwalk/runs/*/jobs/*.status /var/lib/ringwalk/runs/*/*.status 2>/dev/null | head -1)";
    let is_over = || on("n2", status).lines().any(|line| line.contains(" done "));
    assert!(!is_over(), "it left when the restart was over");
    until("the job on n2 ends", Duration::from_secs(120), is_over);
    ring_says(&["wait", "180"]);
    desk.ringwalk_with("protocols.yaml", &["plan"])
        .exits(10)
        .says("did not see it healthy")
        .says("2 of 3 nodes change");
    // Whoever left in an act keeps the lock: nobody else begins before its run is known to be over.
    let run = desk.latest_run();
    desk.ringwalk_with("protocols.yaml", &["apply", "--yes"])
        .exits(2)
        .says(&format!("the cluster is locked: run {run}"));
    desk.ringwalk_with("protocols.yaml", &["lock", "break", &run, "--yes"]).exits(0);
}

fn what_is_owed_is_made_good_through_a_lost_connection(desk: &Desk) {
    let run = desk.start("inventory.yaml", "protocols.yaml", &["apply", "--yes"]);
    run.until_it_says("n2           restart: d");
    // Connections that stand are cut, new ones refused.
    fault("n2", &["reset", "22"]);
    run.until_it_says("reconnecting");
    std::thread::sleep(Duration::from_secs(5));
    heal_network("n2");
    run.screen().exits(0).says("2 of 2 nodes done");
    ring_says(&["wait", "120"]);
    let up = nodetool("n3", "status").lines().filter(|line| line.starts_with("UN")).count();
    assert_eq!(up, 3);
    desk.ringwalk_with("protocols.yaml", &["plan"]).exits(0);
}
