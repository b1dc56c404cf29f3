//! A cluster in the middle of an upgrade, two nodes on the old line and one on the new: one plan has those reload that can
//! and restarts the others, and no query fails.

use super::client::Clients;
use super::desk::Desk;
use super::enable::nothing_is_left_to_do;
use super::rig::ring_says;
use super::rotate::{processes, reloads};
use super::wire;

pub fn scene(newer: &str) {
    let desk = Desk::of_this_ring();
    desk.make_stores();
    // Its keyspace is there before the upgrade: the lines pull no schema from each other.
    let clients = Clients::of(&desk);
    println!("{}", ring_says(&["upgrade", "n3", newer]));
    desk.ringwalk(&["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do(&desk);

    desk.make_stores();
    let before = processes();
    let screen = desk.ringwalk(&["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    clients.saw_no_failure();
    let kept: Vec<bool> = processes().iter().zip(&before).map(|(now, before)| now == before).collect();
    if reloads() {
        screen.says("with 3 reloads and no restart");
        assert_eq!(kept, [true, true, true], "no process was restarted");
    } else {
        screen.says("with 2 restarts and 1 reload").says("the running process keeps the old keystore");
        assert_eq!(kept, [false, false, true], "the node on {newer} alone keeps its process");
    }
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do(&desk);
}
