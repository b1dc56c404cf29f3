//! A node that does not start with its new files is put back, or all that the run did is; clients are served all the while.

use super::client::Clients;
use super::desk::{DOES_NOT_START, Desk, ROLLOUT, does_not_start, enable};
use super::rig::{nodes, on, ring_says, yaml_path};

pub fn scene() {
    let desk = Desk::of_this_ring();
    has_stores(&desk);
    let before = everything();
    let clients = Clients::of(&desk);
    the_canary_is_put_back(&desk, &before);
    does_not_start_on_n2(true);
    the_second_node_is_put_back_and_the_first_stays(&desk, &before);
    the_whole_run_is_taken_back(&desk, &before);
    does_not_start_on_n2(false);
    clients.saw_no_failure();
}

/// Made by the first scene, if it was played.
pub fn has_stores(desk: &Desk) {
    if !desk.directory.join("stores/password").exists() {
        desk.make_stores();
    }
}

/// The keystore at a path of its own, so that a node has a file more, and one line of its yaml is new.
fn moved(on_failure: &str) -> String {
    let rollout = format!("{ROLLOUT}  on_failure: {on_failure}\n");
    enable(&rollout).replace("to: /etc/cassandra-tls/keystore.", "to: /etc/cassandra-tls/moved.")
}

fn the_canary_is_put_back(desk: &Desk, before: &[String]) {
    desk.write("wrong.yaml", &does_not_start(&moved("restore_node")));
    desk.ringwalk_with("wrong.yaml", &["apply", "--yes"])
        .exits(1)
        .says(DOES_NOT_START)
        .says("n1 is put back as it was before, by run")
        .says("every node is put back as it was before")
        .says("next: mend the cause");
    ring_says(&["wait", "120"]);
    assert_eq!(everything(), before);
}

/// While the yaml names the moved keystore, the JVM of n2 gets an option that it does not know.
fn does_not_start_on_n2(so: bool) {
    let environment = "/etc/cassandra/cassandra-env.sh";
    on(
        "n2",
        &match so {
            true => format!(
                "cp -p {environment} /root/kept.env && echo 'grep -q /moved. {} && JVM_OPTS=\"$JVM_OPTS -XX:+NoSuchOption\"; :' >>{environment}",
                yaml_path()
            ),
            false => format!("cp -p /root/kept.env {environment} && rm /root/kept.env"),
        },
    );
}

fn the_second_node_is_put_back_and_the_first_stays(desk: &Desk, before: &[String]) {
    desk.write("moved.yaml", &moved("restore_node"));
    desk.ringwalk_with("moved.yaml", &["apply", "--yes"])
        .exits(3)
        .says("failed      n2")
        .says_either("the start command ended with code 1", "the new process ended at once")
        .says("n2 is put back as it was before, by run")
        .says("put back: n2");
    ring_says(&["wait", "120"]);
    let now = everything();
    assert!(now[0] != before[0] && now[1..] == before[1..], "n1 alone is new");
    let first = undone_in_part(desk);
    desk.ringwalk(&["rollback", &first, "--yes"]).exits(0).says("1 of 1 node done");
    assert_eq!(everything(), before);
}

/// The run before the latest: the latest put its node back.
fn undone_in_part(desk: &Desk) -> String {
    let told = desk.ringwalk(&["show", &desk.latest_run(), "--output", "json"]).text;
    let runs: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    let origin = &runs["event"]["origin"];
    assert_eq!(origin["in_part"], true);
    origin["undoes"].as_str().unwrap().to_owned()
}

fn the_whole_run_is_taken_back(desk: &Desk, before: &[String]) {
    desk.write("moved.yaml", &moved("restore_run"));
    desk.ringwalk_with("moved.yaml", &["apply", "--yes"])
        .exits(1)
        .says("all that the run did is taken back, on 2 nodes")
        .says("every node is put back as it was before")
        .says("put back: n1, n2 by run");
    ring_says(&["wait", "120"]);
    assert_eq!(everything(), before);
    desk.ringwalk(&["runs"]).exits(0).says("put back as before");
}

/// Of each node: the bytes, owners and modes of its yaml and its stores.
pub fn everything() -> Vec<String> {
    let ask = |node: String| {
        let files = format!("{} /etc/cassandra-tls/*", yaml_path());
        let line = format!("sha256sum {files} 2>/dev/null; stat -c '%n %U:%G %a' {files} 2>/dev/null; :");
        format!("{node}\n{}", on(&node, &line))
    };
    nodes().into_iter().map(|(name, _)| ask(name)).collect()
}
