//! A node is cut off from its peers and its clients in mid-run, and the run goes on at another desk, from a copy of its directory: the
//! next node is not taken down beside the one that is cut off, and is as soon as it is not.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT};
use super::files::protocols;
use super::rig::{fault, heal_network, nodes, nodetool, until};
use super::rotate::processes;
use super::wire;
use std::process::Command;
use std::time::Duration;

pub fn scene() {
    let desk = Desk::of_this_ring();
    let paused = format!("{ROLLOUT}  pause_after: canary\n");
    desk.write("paused.yaml", &protocols(&paused, "[TLSv1.3, TLSv1.2]"));
    let clients = Clients::of(&desk);
    desk.ringwalk_with("paused.yaml", &["apply", "--yes"]).exits(4).says("1 of 3 nodes done").says("resume");
    let after_canary = processes();
    let (cut_off, address) = nodes().pop().unwrap();
    fault(&cut_off, &["island"]);
    until("its peers see it down", Duration::from_secs(60), || {
        nodetool("n1", "status").lines().any(|line| line.starts_with("DN") && line.contains(&address))
    });

    let (elsewhere, run) = (desk.beside("elsewhere"), desk.latest_run());
    elsewhere.write("paused.yaml", &desk.read("paused.yaml"));
    carry(&desk, &elsewhere, &run);
    let resumed = elsewhere.start("inventory.yaml", "paused.yaml", &["resume", &run, "--yes"]);
    resumed.until_it_says("n2           waits: ");
    // It asks again and again, and the answer is the same.
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(processes(), after_canary, "no node is taken down beside one that is cut off");
    heal_network(&cut_off);
    resumed.screen().exits(0).says("(can the node be spared?)").says(&address).says("3 of 3 nodes done");
    assert!(processes()[1..].iter().zip(&after_canary[1..]).all(|(now, before)| now != before));
    elsewhere.ringwalk_with("paused.yaml", &["plan"]).exits(0).says("nothing to do");
    clients.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
}

/// The run's directory is taken to another machine.
fn carry(from: &Desk, to: &Desk, run: &str) {
    let [from, to] = [from, to].map(|desk| desk.directory.join("runs"));
    std::fs::create_dir_all(&to).unwrap();
    assert!(Command::new("mv").arg(from.join(run)).arg(to).status().unwrap().success());
}
