//! The controller is killed in each step of a node's path and goes on each time; its disk fills up; then all is taken back.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, Running, enable};
use super::on_failure::{everything, has_stores};
use super::rig::{ring_says, until};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The steps of a node's path: two stores, the edit, a hold, the restart, a hold, the confirmation.
const PATH: usize = 7;
const RESTART: usize = 4;

pub fn scene() {
    let desk = Desk::of_this_ring();
    has_stores(&desk);
    let before = everything();
    desk.write("moved.yaml", &moved());
    let disk = SmallDisk::under(&desk);
    let clients = Clients::of(&desk);
    let mut run = desk.start("inventory.yaml", "moved.yaml", &["apply", "--yes"]);
    for step in 0..PATH {
        until(&format!("step {step} begins"), Duration::from_secs(120), || disk.tells_of(step));
        run = killed_and_resumed(&desk, run);
        if step == RESTART {
            run.until_it_says("n1           restart: st");
            run = killed_and_resumed(&desk, run);
        }
    }
    let ballast = disk.fill();
    run.screen()
        .exits(3)
        .says("the run stopped before its next act")
        .says("no space is left on the device")
        .says(&format!("free some space there, then `ringwalk resume {}` goes on", desk.latest_run()));
    fs::remove_file(ballast).unwrap();
    desk.ringwalk_with("moved.yaml", &["resume", "--yes"]).exits(0).says("3 of 3 nodes done");
    ring_says(&["wait", "120"]);
    assert_eq!(disk.journal().matches("\"event\":\"resumed\"").count(), PATH + 2);
    let now = everything();
    assert!(before.iter().zip(&now).all(|(was, is)| was != is), "every node is new");
    desk.ringwalk_with("moved.yaml", &["rollback", "--yes"]).exits(0).says("3 of 3 nodes done");
    assert_eq!(everything(), before);
    clients.saw_no_failure();
}

/// One phase that every node of the ring needs, whether it speaks TLS by now or not: a keystore at a path of its own.
fn moved() -> String {
    let playbook =
        enable(ROLLOUT).replace("to: /etc/cassandra-tls/keystore.", "to: /etc/cassandra-tls/moved.");
    let playbook = playbook.replace("to: /etc/cassandra-tls/truststore.", "to: /etc/cassandra-tls/trusted.");
    let (start, rest) = playbook.split_once("phases:\n").unwrap();
    let (_, rollout) = rest.split_once("rollout:\n").unwrap();
    format!(
        "{start}phases:\n  - name: accept\n    goes_back: true\n    client_encryption_options: {{ enabled: true, optional: true }}\n\
         rollout:\n{rollout}"
    )
}

/// As if its machine died, and its operator came back.
fn killed_and_resumed(desk: &Desk, run: Running) -> Running {
    run.kill();
    drop(run.screen());
    let run = desk.start("inventory.yaml", "moved.yaml", &["resume", "--yes"]);
    run.until_it_says("resumed by");
    run
}

/// The place of the desk's runs, with little room. What stood there is there again once it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn under(desk: &Desk) -> SmallDisk {
        let disk = SmallDisk(desk.directory.join("runs"));
        fs::create_dir_all(&disk.0).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(&disk.0);
        assert!(mount.status().unwrap().success());
        disk
    }

    /// Of its only run so far; empty before it begins.
    fn journal(&self) -> String {
        let runs = fs::read_dir(&self.0).unwrap();
        let mut paths: Vec<_> = runs.map(|run| run.unwrap().path().join("journal.jsonl")).collect();
        paths.sort();
        paths.last().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
    }

    fn tells_of(&self, step: usize) -> bool {
        self.journal().contains(&format!("\"event\":\"step_started\",\"step\":{step},"))
    }

    /// Leaves room for nothing; gives the file that takes it.
    fn fill(&self) -> PathBuf {
        let ballast = self.0.join(".ballast");
        let filled = fs::write(&ballast, vec![0; 2 << 20]);
        assert_eq!(filled.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
