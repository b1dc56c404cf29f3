//! New leaves of the same CA, under load: taken up by reload where the version can, by restart where it cannot.

use super::client::Clients;
use super::desk::{Desk, documented, store_type};
use super::enable::{no_secret_is_told, nothing_is_left_to_do};
use super::rig::{nodes, on, repository, version_and_layout, yaml_path};
use super::wire::{self, OpenConnection};
use std::fs;
use std::process::Command;

/// Since 4.0 a running Cassandra takes up new contents of its stores.
pub fn reloads() -> bool {
    version_and_layout().0 != "3.11"
}

pub fn scene() {
    let desk = Desk::of_this_ring();
    let commands = documented("rotate.md");
    let [audit, plan, apply, again] = commands.as_slice() else {
        panic!("the page has other commands: {commands:?}")
    };
    let run = |words: &[String]| desk.ringwalk(&words.iter().map(String::as_str).collect::<Vec<_>>());
    run(audit).says("require  require");
    desk.make_stores();
    let clients = Clients::of(&desk);
    let before = processes();
    let open = OpenConnection::to(&nodes()[0].1);
    run(plan).exits(10).says("3 of 3 nodes change");
    let screen = run(apply).exits(0).says("3 nodes change").says("3 of 3 nodes done");
    if reloads() {
        screen.says("with 3 reloads and no restart").says("only the contents of its keystore");
        assert_eq!(before, processes(), "no process was restarted");
        assert!(open.answers(), "a connection from before the reload lives on");
    } else {
        screen
            .says("the running process keeps the old keystore")
            .says_not("client_encryption_options.enabled");
        assert_ne!(before, processes());
    }
    clients.saw_no_failure();
    run(again).says("require  require").says_not("(served_validity)");
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do(&desk);
    no_secret_is_told(&desk);
}

/// The file of n1 names another password than its process was started with: the process cannot open the new store.
pub fn is_refused() {
    let desk = Desk::of_this_ring();
    let other = desk.directory.join("other");
    let _ = fs::remove_dir_all(&other);
    fs::create_dir_all(&other).unwrap();
    for name in ["ca.pem", "ca.key"] {
        fs::copy(desk.directory.join("stores").join(name), other.join(name)).unwrap();
    }
    let pairs = nodes().into_iter().map(|(name, address)| format!("{name}={address}"));
    let mut stores = Command::new(repository().join("scripts/stores"));
    assert!(stores.arg(&other).args(["--type", store_type().0]).args(pairs).status().unwrap().success());
    desk.write("other.yaml", &desk.read("enable.yaml").replace("stores/", "other/"));
    let (old, new) = (desk.password(), desk.read("other/password").trim().to_owned());
    let yaml = yaml_path();
    on("n1", &format!("cp -p {yaml} {yaml}.kept && sed -i 's/{old}/{new}/' {yaml}"));
    let before = (processes(), stores_of("n1"));
    let screen = desk.ringwalk_with("other.yaml", &["apply", "--yes"]);
    let after = (processes(), stores_of("n1"));
    on("n1", &format!("mv {yaml}.kept {yaml}"));
    screen
        .exits(3)
        .says("n1 refused the new stores")
        .says("its old stores are back in place")
        .says("1 failed, 2 untouched")
        .says_not(&new);
    assert_eq!(before, after);
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do(&desk);
}

/// A cluster whose certificates have ended: a client that checks them is refused, and served again after one `apply`.
pub fn is_overdue() {
    let desk = Desk::of_this_ring();
    desk.make_stores_for(-1);
    desk.ringwalk(&["apply", "--yes"]).exits(2).says("CN=n1 ended on ").says("(validity)");
    let overdue = desk.read("enable.yaml").replace("stores:\n", "stores:\n  allow_expired: true\n");
    desk.write("overdue.yaml", &overdue);
    desk.ringwalk_with("overdue.yaml", &["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    assert!(!Clients::can_connect(&desk), "a client takes a certificate that has ended");
    desk.ringwalk(&["audit"]).exits(11).says("CN=n2 ended on ");

    desk.make_stores();
    desk.ringwalk(&["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    assert!(Clients::can_connect(&desk));
    desk.ringwalk(&["audit"]).says_not("ended on ");
    wire::is_tls_only_with_the_leaves_of(&desk);
}

/// Pid and start of every Cassandra.
pub fn processes() -> Vec<String> {
    let of = |(name, _): (String, String)| {
        on(
            &name,
            "for p in $(pgrep -f [o]rg.apache.cassandra.service.CassandraDaemon); do cut -d' ' -f1,22 /proc/$p/stat; done",
        )
    };
    nodes().into_iter().map(of).collect()
}

fn stores_of(node: &str) -> String {
    on(node, "cd /etc/cassandra-tls && sha256sum * && stat -c '%n %U:%G %a' *")
}
