//! To client certificates and all the way back to plaintext, phase by phase, then to TLS again: whoever a phase should
//! serve is served all the while.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, Running, stores};
use super::enable::nothing_is_left_to_do_with;
use super::rig::{nodes, version_and_layout};
use super::wire;
use std::process::Command;

fn playbook(phases: &str) -> String {
    format!("{}phases:\n{phases}{ROLLOUT}", stores())
}

const MUTUAL: &str = "  - name: mutual
    enter_when: { clients_with_certificate: all, for: 5s, approved: true }
    client_encryption_options: { enabled: true, optional: false, require_client_auth: true }
";

const BACK: &str = "  - name: require
    goes_back: true
    client_encryption_options: { enabled: true, optional: false, require_client_auth: false }
  - name: accept
    goes_back: true
    client_encryption_options: { enabled: true, optional: true }
  - name: \"off\"
    goes_back: true
    enter_when: { tls_clients: 0, for: 5s, within: 5m }
    client_encryption_options: { enabled: false, optional: false }
";

/// Whether a node tells who speaks TLS.
fn is_told() -> bool {
    version_and_layout().0 != "3.11"
}

fn back() -> String {
    match is_told() {
        true => BACK.to_owned(),
        false => BACK.replace(", within: 5m }", ", within: 5m, approved: true }"),
    }
}

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.write("mutual.yaml", &playbook(MUTUAL));
    desk.write("down.yaml", &playbook(&back()));
    let certificate = client_certificate(&desk);
    let certificate: Vec<&str> = certificate.iter().map(String::as_str).collect();

    // Up: who shows a certificate is served before, meanwhile and after; who shows none, not any more.
    let with_certificate = Clients::with(&desk, "tls", &certificate);
    desk.ringwalk_with("mutual.yaml", &["apply", "--yes", "--no-wait"]).exits(4).says("--approve mutual");
    desk.ringwalk_with("mutual.yaml", &["apply", "--yes", "--approve", "mutual"])
        .exits(0)
        .says("demands a client certificate");
    for (name, address) in nodes() {
        assert!(!wire::takes_plaintext(&address, 9042), "{name}");
        assert!(wire::answers_options(&desk, &address, &certificate), "{name}");
        assert!(!wire::answers_options(&desk, &address, &[]), "{name} wants no certificate");
    }
    nothing_is_left_to_do_with(&desk, "mutual.yaml");

    // Down to `accept`, where the run waits for the client that speaks TLS.
    let down = is_told().then(|| desk.start("inventory.yaml", "down.yaml", &["apply", "--yes"]));
    match &down {
        Some(down) => down.until_it_says("waits: in TLS: "),
        None => {
            let no_wait = ["apply", "--yes", "--no-wait"];
            drop(desk.ringwalk_with("down.yaml", &no_wait).exits(4).says("--approve off"));
        }
    }
    for (name, address) in nodes() {
        assert!(wire::takes_plaintext(&address, 9042), "{name}");
        assert!(wire::answers_options(&desk, &address, &[]), "{name}");
    }
    let in_plaintext = Clients::speaking(&desk, "plain");
    with_certificate.saw_no_failure();
    let approved = || desk.ringwalk_with("down.yaml", &["apply", "--yes", "--approve", "off"]);
    down.map_or_else(approved, Running::screen).exits(0).says("3 of 3 nodes done");
    in_plaintext.saw_no_failure();
    for (name, address) in nodes() {
        assert!(wire::takes_plaintext(&address, 9042), "{name}");
        assert!(!wire::serves_tls(&address, 9042), "{name}");
    }
    nothing_is_left_to_do_with(&desk, "down.yaml");

    // And up again.
    let clients = Clients::of(&desk);
    desk.ringwalk(&["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    clients.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
}

/// A certificate of the desk's CA for an application, and its key, as options of the rig's client.
fn client_certificate(desk: &Desk) -> [String; 4] {
    let make = "openssl req -newkey rsa:2048 -nodes -keyout app.key -out app.csr -subj /CN=app &&
        openssl x509 -req -in app.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out app.pem \
        -extfile <(echo extendedKeyUsage=clientAuth)";
    let stores = desk.directory.join("stores");
    assert!(Command::new("bash").args(["-c", make]).current_dir(&stores).status().unwrap().success());
    let path = |name: &str| stores.join(name).display().to_string();
    ["--cert".into(), path("app.pem"), "--key".into(), path("app.key")]
}
