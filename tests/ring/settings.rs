//! A setting of cassandra.yaml that has nothing to do with TLS: rolled out under load, seen in the process, taken back.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT};
use super::enable::{Yamls, nothing_is_left_to_do_with};
use super::rig::{nodes, nodetool, version_and_layout};

/// The setting, and a slip of it, as the version writes them; it is read at start alone.
fn throughput() -> (&'static str, &'static str, &'static str) {
    match version_and_layout().0.as_str() {
        "3.11" | "4.0" => ("compaction_throughput_mb_per_sec", "compaction_througput_mb_per_sec", "37"),
        _ => ("compaction_throughput", "compaction_througput", "37MiB/s"),
    }
}

fn playbook(setting: &str) -> String {
    let value = throughput().2;
    format!(
        "playbook: tune\nphases:\n  - name: tune\n    settings: {{ {setting}: {value}, phi_convict_threshold: 8.5, hinted_handoff_disabled_datacenters: [dc9] }}\n{ROLLOUT}"
    )
}

fn throughputs() -> Vec<String> {
    let of = |(name, _): (String, String)| nodetool(&name, "getcompactionthroughput").trim().to_owned();
    nodes().into_iter().map(of).collect()
}

pub fn scene() {
    let desk = Desk::of_this_ring();
    if !desk.directory.join("stores/ca.pem").exists() {
        desk.make_stores();
    }
    let (right, slip, _) = throughput();
    desk.write("tune.yaml", &playbook(right));
    desk.write("slip.yaml", &playbook(slip));
    desk.ringwalk_with("slip.yaml", &["plan"])
        .exits(10)
        .says("settings_unknown")
        .says(&format!("did you mean `{right}`?"));

    let (files, before) = (Yamls::now(), throughputs());
    let clients = Clients::of(&desk);
    desk.ringwalk_with("tune.yaml", &["apply", "--yes"])
        .exits(0)
        .says(&format!("{right}: "))
        .says_not("settings_unknown")
        .says("3 of 3 nodes done");
    let during = throughputs();
    assert!(during.iter().all(|shown| shown.contains("37")), "{during:?}");
    nothing_is_left_to_do_with(&desk, "tune.yaml");

    let run = desk.latest_run();
    desk.ringwalk_with("tune.yaml", &["rollback", &run, "--yes"]).exits(0);
    files.are_as_now();
    assert_eq!(throughputs(), before);
    clients.saw_no_failure();
}
