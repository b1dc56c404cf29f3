//! Every row of the truth table, set by hand on one node of the real version: what its ports take is what ringwalk says.

use super::rig::{nodes, on, until, version_and_layout, yaml_path};
use super::truth_table::{PORT, PORT_SSL, ROWS, Row};
use super::wire::{serves_tls, takes_plaintext};
use ringwalk::facts::version::Version;
use std::time::Duration;

const KEYSTORE: &str = "/var/tmp/truth.jks";

pub fn scene() {
    let (node, address) = nodes().remove(0);
    let path = yaml_path();
    on(&node, &format!("cp -p {path} {path}.before"));
    on(
        &node,
        &format!(
            "rm -f {KEYSTORE}; keytool -genkeypair -alias node -keyalg RSA -dname CN=node -validity 30 -keystore {KEYSTORE} \
             -storetype JKS -storepass hunter2 -keypass hunter2 2>/dev/null; chmod 644 {KEYSTORE}"
        ),
    );
    let mut wrong = Vec::new();
    for row in &ROWS {
        let expected = row.expected(version());
        assert_eq!(row.said(version()), expected, "what the code says of {}", told(row));
        restart_with(&node, row);
        let found = shown(&node, &address, row);
        println!("{}: {found}", told(row));
        if found != expected {
            wrong.push(format!("{}: {found}, not {expected}", told(row)));
        }
    }
    on(&node, &format!("mv {path}.before {path}; service cassandra stop; service cassandra start"));
    until("the node serves again", Duration::from_secs(180), || takes_plaintext(&address, PORT));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn version() -> Version {
    let (major, minor) = match version_and_layout().0.as_str() {
        "3.11" => (3, 11),
        "4.0" => (4, 0),
        "4.1" => (4, 1),
        "5.0" => (5, 0),
        other => panic!("no truth is known of {other}"),
    };
    Version::new(major, minor, 0)
}

fn told(row: &Row) -> String {
    let word = |flag: Option<bool>| flag.map_or("not written".to_owned(), |flag| flag.to_string());
    let keystore = if row.keystore_exists { "" } else { ", no keystore" };
    let second = row.port_ssl.map_or(String::new(), |port| format!(", native_transport_port_ssl {port}"));
    format!(
        "{}: enabled {}, optional {}{keystore}{second}",
        version_and_layout().0,
        word(row.enabled),
        word(row.optional)
    )
}

fn restart_with(node: &str, row: &Row) {
    let path = yaml_path();
    let line =
        |key: &str, flag: Option<bool>| flag.map_or(String::new(), |flag| format!("  {key}: {flag}\\n"));
    let keystore = if row.keystore_exists { KEYSTORE } else { "/var/tmp/no-such-store" };
    let port = row.port_ssl.map_or(String::new(), |port| format!("native_transport_port_ssl: {port}\\n"));
    let block = format!(
        "{port}client_encryption_options:\\n{}{}  keystore: {keystore}\\n  keystore_password: hunter2\\n",
        line("enabled", row.enabled),
        line("optional", row.optional)
    );
    // The block of the stock file ends at the next key of the file itself.
    let cut = "/^client_encryption_options:/ { skip = 1; next } skip && /^[^ #]/ { skip = 0 } !skip";
    on(
        node,
        &format!(
            "awk '{cut}' {path}.before >{path}; printf '{block}' >>{path}; service cassandra stop; service cassandra start || :"
        ),
    );
}

/// What the ports take once the node is up; `-` if it ends instead.
fn shown(node: &str, address: &str, row: &Row) -> String {
    let takes = |port: u16| {
        let letters = [(takes_plaintext(address, port), 'P'), (serves_tls(address, port), 'T')];
        letters.into_iter().filter(|(takes, _)| *takes).map(|(_, letter)| letter).collect::<String>()
    };
    let mut seen = String::new();
    until("the node is up or has ended", Duration::from_secs(180), || {
        std::thread::sleep(Duration::from_secs(1));
        let runs = !on(node, "pgrep -f '[C]assandraDaemon' || :").trim().is_empty();
        seen = takes(PORT);
        if !runs {
            seen = "-".into();
        }
        !seen.is_empty()
    });
    if seen != "-" {
        // The port may have opened between the two questions of the look that found it open.
        seen = takes(PORT);
    }
    if row.port_ssl == Some(PORT_SSL) && seen != "-" {
        until("the second port is open", Duration::from_secs(30), || !takes(PORT_SSL).is_empty());
        return format!("{seen} {}", takes(PORT_SSL));
    }
    seen
}
