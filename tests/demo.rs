//! `ringwalk demo`, the program as it is: it needs nothing, tells what it is, does the job, and leaves nothing behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// With no variable set but the place for temporary files, so that nothing of this machine's can help or harm.
fn demo(temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwalk"));
    command
        .arg("demo")
        .env_clear()
        .env("TMPDIR", temporary)
        .env("PATH", "")
        .env("HOME", temporary.join("home"));
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_demo_does_the_main_job_with_nothing_installed_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(temporary.path()).output().unwrap();
    let (told, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{wrong}");
    let story = [
        "Three nodes are simulated in this process.",
        "`scripts/demo` does the\nsame on real Cassandra",
        "$ ringwalk stores new-ca ",
        "$ ringwalk stores issue ",
        "$ ringwalk check ",
        "port 9042: plaintext only",
        "ring `demo`: 3 nodes, 0 down, read by CQL",
        "$ ringwalk plan ",
        "3 of 3 nodes change, in 2 phases (accept, require) and 6 waves, with 6 restarts",
        "safe: every range keeps 2 of 3 replicas (local quorum 2)",
        "$ ringwalk apply --yes plan.json",
        "wave 1, canary: n1",
        "push the keystore",
        "restart: drain",
        "(1 of 6): port",
        "accepts plaintext",
        "(6 of 6): port",
        "refuses plaintext",
        "3 of 3 nodes done",
        "nothing to do: every node is as the playbook wishes",
        "n3  127.9.42.3:",
        "the certificate in stores/n3.p12; no plaintext",
        "on simulated nodes; on real Cassandra: scripts/demo",
    ];
    let mut rest: &str = &told;
    for line in story {
        // Where the port is taken the nodes have another.
        let line = line.strip_prefix("port 9042").map_or(line, |shown| shown);
        let at = rest.find(line);
        assert!(at.is_some(), "no `{line}` after what came before it in\n{told}\n{wrong}");
        rest = &rest[at.unwrap() + line.len()..];
    }
    assert!(!told.contains("warning:"), "{told}");
    assert_eq!(entries(temporary.path()), Vec::<String>::new(), "left behind");
}

#[test]
fn a_demo_that_is_broken_off_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut running = demo(temporary.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("restart: drain")), "it ended before a restart");
    assert_eq!(entries(temporary.path()).len(), 1, "its directory");
    let pid = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    lines.for_each(drop);
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert_eq!(entries(temporary.path()), Vec::<String>::new(), "left behind");
}
