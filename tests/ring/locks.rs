//! Two operators at once, and one whose machine dies in the middle of a restart that cannot succeed.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, does_not_start, enable};
use super::enable::Yamls;
use super::files::protocols;
use super::rig::{on, ring_says, until};
use super::wire;
use std::time::Duration;

/// The second is told who is at work; where the lock is broken all the same, the first stops before its next act.
pub fn two_operators() {
    let desk = Desk::of_this_ring();
    let watched = ROLLOUT.replace("canary_look: 0s", "canary_look: 30s");
    desk.write("watched.yaml", &protocols(&watched, "[TLSv1.2, TLSv1.3]"));
    let second = desk.beside("second");
    second.write("enable.yaml", &desk.read("watched.yaml"));
    let clients = Clients::of(&desk);
    let first = desk.start("inventory.yaml", "watched.yaml", &["apply", "--yes"]);
    first.until_it_says("n1           restart: start");
    // While n1 is down a plan may be refused for that; once it is up, for the lock alone.
    until("the second is told", Duration::from_secs(90), || {
        let screen = second.ringwalk(&["apply", "--yes"]).exits(2);
        screen.text.contains("the cluster is locked")
            && screen.text.contains("holds 3 of 3 nodes since")
            && screen.text.contains("is at work")
    });
    let run = desk.latest_run();
    second
        .ringwalk(&["lock", "show"])
        .exits(0)
        .says(&format!("n3  run {run} by "))
        .says("at work: last sign of life");
    second.ringwalk(&["lock", "break", "orders"]).exits(2).says(&format!("run {run} does"));
    second.ringwalk(&["lock", "break", &run]).exits(2).says("there is no terminal to ask on");
    second.ringwalk(&["lock", "break", &run, "--yes"]).exits(0).says("n1  the lock is taken away");
    first
        .screen()
        .exits(3)
        .says("this run lost its lock: it was broken")
        .says("nothing more was done to n1")
        .says("0 of 3 nodes done");
    desk.ringwalk(&["resume", &run, "--yes"]).exits(0).says("3 of 3 nodes done");
    desk.ringwalk(&["lock", "show"]).exits(0).says("n1  free").says("n2  free").says("n3  free");
    clients.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
}

/// Killed at once, nobody there: the node finds by itself that it cannot start with the new files.
pub fn nobody_is_there() {
    let desk = Desk::of_this_ring();
    let before = Yamls::now();
    let soon = ROLLOUT.replace("hold: 60s", "hold: 60s, heal: 60s");
    desk.write("wrong.yaml", &does_not_start(&enable(&soon)));
    let clients = Clients::of(&desk);
    let run = desk.start("inventory.yaml", "wrong.yaml", &["apply", "--yes"]);
    run.until_it_says("n1           restart: d");
    run.kill();
    drop(run.screen());
    let killed = desk.latest_run();
    until("n1 heals itself", Duration::from_secs(300), || {
        on("n1", "cat /var/lib/ringwalk/healed 2>/dev/null || :").starts_with(&killed)
    });
    ring_says(&["wait", "180"]);
    before.are_as_now();
    let healed = format!("and run {killed} was gone: its old files are back and it runs with them");
    desk.ringwalk_with("wrong.yaml", &["plan"]).exits(10).says("it healed itself at").says(&healed);
    desk.ringwalk(&["plan"]).exits(0).says("nothing to do").says(&healed);
    desk.ringwalk(&["resume", &killed, "--yes"]).exits(2).says(&healed).says(&format!("rollback {killed}"));
    desk.ringwalk_with("wrong.yaml", &["apply", "--yes"]).exits(2).says(&format!("locked: run {killed} by"));
    desk.ringwalk(&["lock", "break", &killed, "--yes"]).exits(0);
    clients.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
}
