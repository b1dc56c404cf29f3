//! Plaintext to TLS in one playbook, under load, from a saved plan; then everything that is claimed is looked at.
//! Before it, the plan is rehearsed.

use super::audit;
use super::client::Clients;
use super::desk::{Desk, store_type};
use super::rehearsed::Rehearsed;
use super::rig::{nodes, on, yaml_path};
use super::wire;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.make_stores();
    audit::before(&desk);
    let before = Yamls::now();
    desk.ringwalk(&["plan", "--out", "plan.json"]).exits(10).says("3 of 3 nodes change");
    let rehearsed = Rehearsed::of(&desk, "plan.json");
    let clients = Clients::of(&desk);
    let live = desk.ringwalk(&["apply", "--yes", "plan.json"]).exits(0).says("3 of 3 nodes done");
    clients.saw_no_failure();

    rehearsed.is_what_happened(&desk);
    wire::is_tls_only_with_the_leaves_of(&desk);
    files_are_as_wished(&desk, &before);
    nothing_is_left_to_do(&desk);
    the_run_is_remembered(&desk, &live.text);
    super::jmx::answered_the_latest_run(&desk);
    no_secret_is_told(&desk);
    if super::troubles_are_played() {
        Clients::see_an_outage(&desk);
    }
}

/// cassandra.yaml of every node, and its owner, group and mode.
pub struct Yamls(BTreeMap<String, (String, String)>);

impl Yamls {
    pub fn now() -> Yamls {
        let path = yaml_path();
        let one = |name: &String| {
            (on(name, &format!("stat -c '%U:%G %a' {path}")), on(name, &format!("cat {path}")))
        };
        Yamls(nodes().into_iter().map(|(name, _)| (name.clone(), one(&name))).collect())
    }

    /// Whether a node's is the same in both.
    pub fn is_of(&self, name: &str, other: &Yamls) -> bool {
        self.0[name] == other.0[name]
    }

    pub fn are_as_now(&self) {
        let now = Yamls::now();
        for (name, (rights, text)) in &self.0 {
            let (rights_now, text_now) = &now.0[name];
            assert!(rights == rights_now && text == text_now, "{name}: cassandra.yaml is not what it was");
        }
    }
}

fn files_are_as_wished(desk: &Desk, before: &Yamls) {
    let ext = store_type().1;
    let run = desk.latest_run();
    for (name, (rights, text)) in &Yamls::now().0 {
        let (rights_before, text_before) = &before.0[name];
        assert_eq!(rights, rights_before, "{name}: owner and mode of cassandra.yaml");
        let first = on(
            name,
            &format!("cat /var/lib/ringwalk/runs/{run}/backup/{}", backup_of(name, &run, text_before)),
        );
        assert_eq!(&first, text_before, "{name}: what was kept is what was there");
        only_wished_lines_differ(desk, name, text_before, text);
        let stores =
            on(name, &format!("cd /etc/cassandra-tls; stat -c '%n %U %a' keystore.{ext} truststore.{ext}"));
        assert_eq!(
            stores,
            format!("keystore.{ext} cassandra 400\ntruststore.{ext} cassandra 400\n"),
            "{name}"
        );
    }
}

/// The name of the backup that holds this text.
fn backup_of(name: &str, run: &str, text: &str) -> String {
    let list = on(name, &format!("cd /var/lib/ringwalk/runs/{run}/backup; sha256sum *cassandra.yaml.*"));
    let digest = ringwalk::plan::change::sha256_hex(text.as_bytes());
    let line = list.lines().find(|line| line.starts_with(&digest));
    line.and_then(|line| line.split_whitespace().nth(1))
        .unwrap_or_else(|| panic!("{name}: no backup of the first file in\n{list}"))
        .to_owned()
}

fn only_wished_lines_differ(desk: &Desk, name: &str, before: &str, now: &str) {
    let ext = store_type().1;
    let password = desk.password();
    let added = missing_from(before, now);
    let wished = [
        "enabled: true".to_owned(),
        "optional: false".into(),
        format!("keystore: /etc/cassandra-tls/keystore.{ext}"),
        format!("keystore_password: {password}"),
        format!("truststore: /etc/cassandra-tls/truststore.{ext}"),
        format!("truststore_password: {password}"),
    ];
    for line in &added {
        assert!(wished.contains(&line.replace(['"', '\''], "")), "{name}: a line that nobody wished");
    }
    assert!(added.len() >= 5, "{name}: {} lines were added", added.len());
    for line in missing_from(now, before) {
        let key = line.split(':').next().unwrap_or_default();
        assert!(wished.iter().any(|wish| wish.split(':').next() == Some(key)), "{name}: `{line}` is gone");
    }
}

/// Lines of one text that the other has less often.
fn missing_from(text: &str, other: &str) -> Vec<String> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines() {
        *left.entry(line).or_default() += 1;
    }
    let mut missing = Vec::new();
    for line in other.lines() {
        match left.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            Some(_) | None => missing.push(line.trim().to_owned()),
        }
    }
    missing
}

pub fn nothing_is_left_to_do(desk: &Desk) {
    nothing_is_left_to_do_with(desk, "enable.yaml");
}

pub fn nothing_is_left_to_do_with(desk: &Desk, playbook: &str) {
    desk.ringwalk_with(playbook, &["plan"]).exits(0);
    desk.ringwalk_with(playbook, &["check"]).exits(0).says("every node is as the playbook wishes");
}

/// `runs` lists it, and `show` tells it as it was told: all lines but those of waiting, which are not kept.
fn the_run_is_remembered(desk: &Desk, live: &str) {
    let run = desk.latest_run();
    desk.ringwalk(&["runs"]).exits(0).says(&run).says("done");
    let shown = desk.ringwalk(&["show", &run]).exits(0).text;
    for line in shown.lines() {
        assert!(live.lines().any(|told| told == line), "`show` says what was not said: {line}");
    }
    assert!(shown.lines().count() > 10, "{shown}");
}

/// Neither in what was kept here, nor in what is kept on a node beside the files themselves.
pub fn no_secret_is_told(desk: &Desk) {
    let password = desk.password();
    let here = [desk.directory.join("runs"), desk.directory.join("plan.json")];
    for place in here {
        assert!(!holds(&place, &password), "{} holds the password", place.display());
    }
    for (name, _) in nodes() {
        let found = on(
            &name,
            &format!(
                "grep -rl {password} /var/lib/ringwalk /var/log/syslog /var/log/auth.log 2>/dev/null | grep -v /backup/ || :"
            ),
        );
        assert_eq!(found, "", "{name} keeps the password");
        let journal =
            on(&name, &format!("journalctl -o cat 2>/dev/null | grep -v 'grep' | grep -c {password} || :"));
        assert!(["", "0"].contains(&journal.trim()), "{name}: the journal holds the password");
    }
}

fn holds(place: &Path, word: &str) -> bool {
    Command::new("grep").args(["-rqF", word]).arg(place).status().unwrap().success()
}
