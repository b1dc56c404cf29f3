//! TLS between nodes on a ring that serves: in three steps by the playbook of docs/internode.md, seen on the wire.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, documented, store_type};
use super::enable::nothing_is_left_to_do_with;
use super::rig::{nodes, on, ring, version_and_layout};
use super::wire;

/// The phases of the page, by the key that they set; the ports of 3.11 have no `optional`.
const STAGED: [(&str, &str); 3] = [
    ("internode_encryption: none, optional: true", "internode_encryption: dc"),
    ("internode_encryption: all", "internode_encryption: rack"),
    ("optional: false", "internode_encryption: all"),
];
const LEAP: (&str, &str) = ("internode_encryption: all, optional: false", "internode_encryption: all");

fn playbook(steps: &[(&str, &str)]) -> String {
    let (kind, ext) = store_type();
    let store = |name: &str, from: &str| {
        format!(
            "  internode_{name}: {{ from: \"{from}.{ext}\", to: /etc/cassandra-internode/{name}.{ext}, password: \"file:stores/password\" }}\n"
        )
    };
    let stores = store("keystore", "stores/{node}") + &store("truststore", "stores/truststore");
    let phase = |(index, (since_4_0, before)): (usize, &(&str, &str))| {
        let said = if has_two_ports() { before } else { since_4_0 };
        let kind = if index == 0 { format!(", store_type: {kind}") } else { String::new() };
        format!("  - name: step-{}\n    internode: {{ {said}{kind} }}\n", index + 1)
    };
    let phases: String = steps.iter().enumerate().map(phase).collect();
    format!("playbook: internode-tls\nstores:\n{stores}phases:\n{phases}{ROLLOUT}")
}

fn has_two_ports() -> bool {
    version_and_layout().0 == "3.11"
}

pub fn scene() {
    let desk = Desk::of_this_ring();
    if !desk.directory.join("stores/ca.pem").exists() {
        desk.make_stores();
    }
    desk.write("leap.yaml", &playbook(&[LEAP]));
    desk.ringwalk_with("leap.yaml", &["plan"]).exits(2).says("nodes would not see each other");
    desk.write("internode.yaml", &playbook(&STAGED));
    if has_two_ports() && !on("n1", "nodetool version").contains("3.11.9") {
        desk.ringwalk_with("internode.yaml", &["plan"]).exits(2).says("no ring of 3.x comes to TLS");
        return;
    }
    assert!(nodes().iter().all(|(_, address)| takes_plaintext(address)), "plaintext is answered before");

    let clients = Clients::of(&desk);
    for command in documented("internode.md") {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let code = if words[0] == "plan" { 10 } else { 0 };
        desk.ringwalk_with("internode.yaml", &with_yes(&words)).exits(code).says("3 of 3 nodes");
    }
    let port = if has_two_ports() { 7001 } else { 7000 };
    for (name, address) in nodes() {
        assert!(!takes_plaintext(&address), "{name} takes plaintext from nodes");
        assert!(wire::serves_tls(&address, port), "{name} serves TLS to nodes");
        let connected = format!("ss -Htn state established '( sport = :{port} or dport = :{port} )' | wc -l");
        assert_ne!(on(&name, &connected).trim(), "0", "{name} is connected to no other node");
    }
    nothing_is_left_to_do_with(&desk, "internode.yaml");
    clients.saw_no_failure();
}

/// As where there is no terminal to ask.
fn with_yes<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let yes = (words[0] == "apply").then_some("--yes");
    words.iter().copied().chain(yes).collect()
}

fn takes_plaintext(address: &str) -> bool {
    if has_two_ports() { listens(address) } else { takes_a_greeting(address) }
}

fn listens(address: &str) -> bool {
    let script = format!("exec 3<>/dev/tcp/{address}/7000");
    ring().args(["run", "bash", "-c", &script]).output().unwrap().status.success()
}

/// Whether the greeting of a node in plaintext is answered, by more than an alert of TLS. It is that of a node that speaks no version of the protocol.
fn takes_a_greeting(address: &str) -> bool {
    let script = format!(
        "import socket, struct, zlib
m = struct.pack('>IIB4sH', 0xca552dfa, 0xffffff01, 6, socket.inet_aton('{address}'), 7000)
m += struct.pack('>I', zlib.crc32(bytes.fromhex('fa2d55ca') + m))
s = socket.create_connection(('{address}', 7000), 10)
s.sendall(m)
try: print(s.recv(12)[:1] not in (b'', b'\\x15'))
except ConnectionError: print(False)"
    );
    let output = ring().args(["run", "python3", "-c", &script]).output().unwrap();
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(["True", "False"].contains(&answer.as_str()), "{}", String::from_utf8_lossy(&output.stderr));
    answer == "True"
}
