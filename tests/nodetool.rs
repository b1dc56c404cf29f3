//! What nodetool printed in real rings of 3.11, 4.0, 4.1 and 5.0, read into data (`tests/nodetool/<version>/`; of a Java
//! stack only the first lines are kept).

use ringwalk::facts::placement::Replication;
use ringwalk::facts::ring::{KeepAvailable, Partitioner, RingSource};
use ringwalk::node::nodetool::output::{self, Mode, State, StatusRow};
use ringwalk::node::nodetool::{Nodetool, NodetoolError, answer, command};
use ringwalk::secret::Secret;
use ringwalk::transport::Output;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

const VERSIONS: [&str; 4] = ["3.11", "4.0", "4.1", "5.0"];

fn captured(version: &str, name: &str) -> String {
    let path = format!("{}/tests/nodetool/{version}/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn refusal(code: i32, stdout: &str, stderr: &str) -> NodetoolError {
    answer(&Output { code, stdout: stdout.into(), stderr: stderr.into() }).unwrap_err()
}

/// `UN 127.0.0.1 r1` for each row, by address.
fn rows(text: &str) -> Vec<String> {
    let mut rows: Vec<String> = output::status(text).unwrap().iter().map(row).collect();
    rows.sort_by_key(|row| row[3..].to_string());
    rows
}

fn row(row: &StatusRow) -> String {
    assert_eq!(
        (row.datacenter.as_str(), row.tokens_count, row.host_id.len()),
        ("dc1", Some(4), 36),
        "{row:?}"
    );
    let state = match row.state {
        State::Normal => 'N',
        State::Leaving => 'L',
        State::Joining => 'J',
        State::Moving => 'M',
    };
    format!("{}{state} {} {}", if row.up { 'U' } else { 'D' }, row.address, row.rack)
}

#[test]
fn status_shows_who_is_up_in_every_version_and_with_every_load() {
    let all_up = vec!["UN 127.0.0.1 r1", "UN 127.0.0.2 r2", "UN 127.0.0.3 r3"];
    let one_down = vec!["UN 127.0.0.1 r1", "UN 127.0.0.2 r2", "DN 127.0.0.3 r3"];
    let one_drained = vec!["UN 127.0.0.1 r1", "DN 127.0.0.2 r2", "UN 127.0.0.3 r3"];
    let one_joins = vec!["UN 127.0.0.1 r1", "UN 127.0.0.2 r2", "UN 127.0.0.3 r3", "UJ 127.0.0.4 r4"];
    for version in VERSIONS {
        for (name, expected) in [
            ("un_status", &all_up),
            ("un_status_rf1", &all_up),
            ("un_status_rf3", &all_up),
            ("un_status_simple2", &all_up),
            ("un_status_system", &all_up),
            ("drained_status", &all_up),
            ("after_status", &all_up),
            ("dn_status", &one_down),
            ("dn_status_rf3", &one_down),
            ("drained_from1_status", &one_drained),
            ("joining_status", &one_joins),
            ("joining_self_status", &one_joins),
        ] {
            assert_eq!(&rows(&captured(version, name)), expected, "{version} {name}");
        }
    }
}

#[test]
fn status_takes_names_and_ports_for_addresses_where_it_was_asked_so() {
    let resolved = ["UN 127.0.0.2 r2", "UN 127.0.0.3 r3", "UN localhost r1"];
    VERSIONS.iter().for_each(|version| assert_eq!(rows(&captured(version, "un_status_r")), resolved));
    let with_ports = ["UN 127.0.0.1:7000 r1", "UN 127.0.0.2:7000 r2", "UN 127.0.0.3:7000 r3"];
    assert_eq!(rows(&captured("5.0", "un_status_pp")), with_ports);
}

#[test]
fn status_rows_are_read_without_token_counts_loads_and_host_ids_and_with_blanks_in_a_rack() {
    let id = "30848df6-476d-4728-b2cb-ec769fd5e2d8";
    for (line, expected) in [
        (
            format!("UN  10.0.0.1  70.75 KiB  256  100.0%  {id}  rack 1"),
            (true, State::Normal, Some(256), id, "rack 1"),
        ),
        (format!("UL  10.0.0.1  ?  256  ?  {id}  rack1"), (true, State::Leaving, Some(256), id, "rack1")),
        (format!("?M  10.0.0.1  ?  33.3%  {id}  -9223  rack1"), (false, State::Moving, None, id, "rack1")),
        ("DN  10.0.0.1  ?  256  ?  null  rack1".into(), (false, State::Normal, Some(256), "", "rack1")),
        // DSE: stopped.
        (format!("US  10.0.0.1  ?  256  ?  {id}  rack1"), (false, State::Normal, Some(256), id, "rack1")),
    ] {
        let rows = output::status(&format!("Datacenter: dc 1\n{line}\n")).unwrap();
        let row = &rows[0];
        assert_eq!(
            (row.up, row.state, row.tokens_count, row.host_id.as_str(), row.rack.as_str()),
            expected,
            "{line}"
        );
        assert_eq!(row.datacenter, "dc 1");
    }
    // A member in a state that nobody knows here is not passed over.
    assert!(output::status(&format!("Datacenter: dc1\nUQ  10.0.0.1  ?  256  ?  {id}  rack1\n")).is_err());
}

#[test]
fn an_ipv6_address_is_written_as_cql_gives_it() {
    let id = "30848df6-476d-4728-b2cb-ec769fd5e2d8";
    let text = format!("Datacenter: dc1\nUN  2001:db8:0:0:0:0:0:1  ?  4  ?  {id}  r1\n");
    assert_eq!(rows(&text), ["UN 2001:db8::1 r1"]);
}

#[test]
fn a_status_without_nodes_is_no_status() {
    for text in ["", "Datacenter: dc1\n", "UN  10.0.0.1\n"] {
        assert!(
            matches!(output::status(text), Err(NodetoolError::Unreadable { command: "status", .. })),
            "{text}"
        );
    }
}

#[test]
fn netstats_statusbinary_and_version_are_read_in_every_version() {
    for (version, release) in [("3.11", "3.11.19"), ("4.0", "4.0.19"), ("4.1", "4.1.10"), ("5.0", "5.0.6")] {
        assert_eq!(output::mode(&captured(version, "un_netstats")), Ok(Mode::Normal));
        assert_eq!(output::mode(&captured(version, "drained_netstats")), Ok(Mode::Drained));
        assert_eq!(output::mode(&captured(version, "joining_self_netstats")), Ok(Mode::Joining));
        assert_eq!(output::statusbinary(&captured(version, "un_statusbinary")), Ok(true));
        for stopped in ["disabled_statusbinary", "drained_statusbinary", "joining_self_statusbinary"] {
            assert_eq!(output::statusbinary(&captured(version, stopped)), Ok(false), "{version} {stopped}");
        }
        assert_eq!(output::version(&captured(version, "un_version")).as_deref(), Ok(release));
    }
}

#[test]
fn describering_shows_twelve_ranges_and_all_their_replicas_whatever_their_state() {
    for version in VERSIONS {
        for (name, factor) in [
            ("un_describering_rf1", 1),
            ("un_describering_simple2", 2),
            ("un_describering_rf3", 3),
            ("dn_describering_rf3", 3),
        ] {
            let ring = output::describering(&captured(version, name)).unwrap();
            assert_eq!((ring.schema_version.len(), ring.ranges.len()), (36, 12), "{version} {name}");
            assert!(ring.ranges.iter().all(|range| range.endpoints.len() == factor), "{version} {name}");
        }
    }
}

#[test]
fn describecluster_shows_schema_versions_and_whom_it_cannot_reach() {
    let addresses =
        |last: &[u8]| -> BTreeSet<String> { last.iter().map(|n| format!("127.0.0.{n}")).collect() };
    for version in VERSIONS {
        let all_up = output::describecluster(&captured(version, "un_describecluster")).unwrap();
        assert_eq!(
            (all_up.cluster_name.as_str(), all_up.partitioner),
            ("Test Cluster", Partitioner::Murmur3)
        );
        assert_eq!(all_up.schema_versions.values().collect::<Vec<_>>(), [&addresses(&[1, 2, 3])]);
        assert!(all_up.unreachable.is_empty());
        let one_down = output::describecluster(&captured(version, "dn_describecluster")).unwrap();
        assert_eq!(one_down.schema_versions.values().collect::<Vec<_>>(), [&addresses(&[1, 2])]);
        assert_eq!(one_down.unreachable, addresses(&[3]));
        let rf3 =
            all_up.keyspaces.iter().find(|keyspace| keyspace.name == "rf3").map(|found| &found.replication);
        let expected = Replication::NetworkTopology(BTreeMap::from([("dc1".into(), 3)]));
        assert_eq!(rf3, (version != "3.11").then_some(&expected), "{version}");
    }
}

#[test]
fn a_ring_known_from_nodetool_only_spares_a_node_while_all_others_are_up() {
    for version in VERSIONS {
        let status = output::status(&captured(version, "un_status")).unwrap();
        let cluster = output::describecluster(&captured(version, "un_describecluster")).unwrap();
        let ring = output::ring(&status, cluster);
        assert_eq!((ring.source, ring.members.len()), (RingSource::NodetoolOnly, 3));
        let down = |addresses: &[&str]| addresses.iter().map(|address| address.to_string()).collect();
        let proof = ring.can_be_spared("127.0.0.1", &down(&[]), KeepAvailable::Quorum).unwrap();
        assert_eq!(
            proof.text,
            "every other node is up (replicas are not known: the ring was read without CQL)"
        );
        let blocked = ring.can_be_spared("127.0.0.1", &down(&["127.0.0.3"]), KeepAvailable::One).unwrap_err();
        assert_eq!(
            blocked[0].to_string(),
            "replicas are not known (the ring was read without CQL), so one node at a time; down: 127.0.0.3"
        );
    }
}

#[test]
fn what_nodetool_refuses_is_told_in_our_words() {
    let keyspace = |keyspace: &str| keyspace.to_string();
    for version in VERSIONS {
        let on_stderr = |name: &str, code: i32| refusal(code, "", &captured(version, name));
        let on_stdout = |name: &str, code: i32| refusal(code, &captured(version, name), "");
        let cannot_connect = NodetoolError::CannotConnect {
            address: "127.0.0.1:7192".into(),
            cause: "ConnectException: 'Connection refused'".into(),
        };
        assert_eq!(on_stderr("dead_status.stderr", 1), cannot_connect);
        let unknown = NodetoolError::UnknownKeyspace { keyspace: keyspace("nosuch") };
        assert_eq!(on_stdout("un_status_nosuchks", 1), unknown);
        assert_eq!(on_stderr("un_describering_nosuch.stderr", 2), unknown);
        let no_ring = NodetoolError::NoRing { keyspace: keyspace("system") };
        assert_eq!(on_stderr("un_describering_system.stderr", 2), no_ring);
        let unknown_command = NodetoolError::UnknownCommand { command: "nosuchcommand".into() };
        assert_eq!(on_stdout("un_bad_command", 1), unknown_command);
        assert_eq!(on_stdout("drained_enablebinary", 1), NodetoolError::Drained);
        if version != "3.11" {
            assert_eq!(on_stderr("drained_describecluster.stderr", 2), NodetoolError::Drained);
        }
    }
}

#[test]
fn what_stands_before_nodetool_is_told_too() {
    let connect = "nodetool: Failed to connect to '127.0.0.1:7199' - ";
    for (code, stderr, expected) in [
        (
            1,
            format!("{connect}SecurityException: 'Authentication failed! Credentials required'."),
            NodetoolError::CredentialsRequired,
        ),
        (
            1,
            format!("{connect}SecurityException: 'Authentication failed! Invalid username or password'."),
            NodetoolError::BadCredentials,
        ),
        (
            1,
            format!("{connect}URISyntaxException: 'Malformed IPv6 address at index 7: rmi://[127.0.0.1]:7199'."),
            NodetoolError::JavaTooNew,
        ),
        (
            1,
            "Exception in thread \"main\" java.lang.IllegalArgumentException: Server is not initialized yet, cannot \
             run nodetool."
                .into(),
            NodetoolError::Starting,
        ),
        (
            1,
            "Unable to find java executable. Check JAVA_HOME and PATH environment variables.".into(),
            NodetoolError::NoJava,
        ),
        (
            127,
            "sh: 1: /opt/nodetool: not found".into(),
            NodetoolError::NotFound { text: "sh: 1: /opt/nodetool: not found".into() },
        ),
        (2, "error: it broke\n-- StackTrace --\n".into(), NodetoolError::Failed { code: 2, text: "error: it broke".into() }),
    ] {
        assert_eq!(refusal(code, "", &stderr), expected);
    }
}

fn tool(path: &str, password: Option<&str>) -> Nodetool {
    Nodetool {
        path: path.into(),
        port: Some(7199),
        username: password.map(|_| "monitor".into()),
        password: password.map(Secret::new),
    }
}

#[test]
fn a_password_is_in_no_argument_and_in_no_debug_text() {
    let plain = command(&tool("/usr/bin/nodetool", None), &["status"]);
    assert_eq!(plain.argv, ["/usr/bin/nodetool", "-p", "7199", "status"]);
    let secret = command(&tool("/usr/bin/nodetool", Some("swordfish")), &["status"]);
    assert_eq!(secret.argv[3..], ["nodetool", "/usr/bin/nodetool", "-p", "7199", "-u", "monitor", "status"]);
    assert!(!format!("{secret:?}").contains("swordfish"));
}

#[test]
fn nodetool_finds_the_password_in_a_file_that_is_gone_afterwards() {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nodetool");
    let script = "#!/bin/sh\nstat -c %a \"$2\"; cat \"$2\"; shift 2; echo \"$*\"; exit 3\n";
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let asked = command(&tool(path.to_str().unwrap(), Some("swordfish")), &["status", "a b"]);
    let files = directory.path().join("tmp");
    std::fs::create_dir(&files).unwrap();
    let mut child = Command::new(&asked.argv[0])
        .args(&asked.argv[1..])
        .env("TMPDIR", &files)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&asked.stdin.unwrap().0).unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, "600\nmonitor swordfish\n-p 7199 -u monitor status a b\n");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);
}
