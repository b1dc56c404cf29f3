//! TLS between nodes on a ring that serves: in three steps by the playbook of docs/internode.md, seen on the wire.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT};
use super::enable::nothing_is_left_to_do_with;
use super::rig::{nodes, on, ring};
use super::wire;

fn playbook(phases: &str) -> String {
    let store = |name: &str, from: &str| {
        format!(
            "  internode_{name}: {{ from: \"{from}\", to: /etc/cassandra-internode/{name}.p12, password: \"file:stores/password\" }}\n"
        )
    };
    let stores = store("keystore", "stores/{node}.p12") + &store("truststore", "stores/truststore.p12");
    format!("playbook: internode-tls\nstores:\n{stores}phases:\n{phases}{ROLLOUT}")
}

const STAGED: &str = "  - name: accept
    internode: { internode_encryption: none, optional: true }
  - name: speak
    internode: { internode_encryption: all }
  - name: require
    internode: { optional: false }
";

const LEAP: &str = "  - name: require
    internode: { internode_encryption: all, optional: false }
";

pub fn scene() {
    let desk = Desk::of_this_ring();
    if !desk.directory.join("stores/ca.pem").exists() {
        desk.make_stores();
    }
    desk.write("leap.yaml", &playbook(LEAP));
    desk.ringwalk_with("leap.yaml", &["plan"]).exits(2).says("nodes would not see each other");
    desk.write("internode.yaml", &playbook(STAGED));
    assert!(nodes().iter().all(|(_, address)| takes_a_greeting(address)), "plaintext is answered before");

    let clients = Clients::of(&desk);
    desk.ringwalk_with("internode.yaml", &["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    for (name, address) in nodes() {
        assert!(!takes_a_greeting(&address), "{name} takes plaintext from nodes");
        assert!(wire::serves_tls(&address, 7000), "{name} serves TLS to nodes");
        let peers = on(&name, "ss -Htn state established '( sport = :7000 or dport = :7000 )' | wc -l");
        assert_ne!(peers.trim(), "0", "{name} is connected to no other node");
    }
    nothing_is_left_to_do_with(&desk, "internode.yaml");
    clients.saw_no_failure();
}

/// Whether the greeting of a node in plaintext is answered. It is that of a node that speaks no version of the protocol.
fn takes_a_greeting(address: &str) -> bool {
    let script = format!(
        "import socket, struct, zlib
m = struct.pack('>IIB4sH', 0xca552dfa, 0xffffff01, 6, socket.inet_aton('{address}'), 7000)
m += struct.pack('>I', zlib.crc32(bytes.fromhex('fa2d55ca') + m))
s = socket.create_connection(('{address}', 7000), 10)
s.sendall(m)
try: print(len(s.recv(12)) > 0)
except ConnectionError: print(False)"
    );
    let output = ring().args(["run", "python3", "-c", &script]).output().unwrap();
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(["True", "False"].contains(&answer.as_str()), "{}", String::from_utf8_lossy(&output.stderr));
    answer == "True"
}
