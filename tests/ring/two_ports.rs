//! A second port for TLS beside the plain one, and back to one port: who takes what each port speaks is served throughout.

use super::client::Clients;
use super::desk::{Desk, ROLLOUT, stores};
use super::enable::nothing_is_left_to_do_with;
use super::rig::{nodes, on, yaml_path};
use super::wire;

const TWO: &str = "phases:
  - name: accept
    goes_back: true
    client_encryption_options: { enabled: true, optional: true }
  - name: two-ports
    native_transport_port_ssl: 9142
";

const ONE: &str = "phases:
  - name: one-port
    native_transport_port_ssl: null
    client_encryption_options: { enabled: true, optional: true }
  - name: require
    client_encryption_options: { optional: false }
";

pub fn scene() {
    let desk = Desk::of_this_ring();
    desk.write("two.yaml", &(stores() + TWO + ROLLOUT));
    desk.write("one.yaml", &(stores() + ONE + ROLLOUT));
    let clients = Clients::of(&desk);

    desk.ringwalk_with("two.yaml", &["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    for (name, address) in nodes() {
        assert!(wire::takes_plaintext(&address, 9042) && !wire::serves_tls(&address, 9042), "{name}");
        assert!(wire::takes_plaintext(&address, 9142) && wire::serves_tls(&address, 9142), "{name}");
    }
    nothing_is_left_to_do_with(&desk, "two.yaml");
    let told = desk.ringwalk_with("two.yaml", &["clients"]).exits(0);
    if super::is_since_4_0() {
        told.says("still in plaintext: ");
    }
    let audit = desk.ringwalk_with("two.yaml", &["audit"]).exits(11);
    audit.says("(plain_port)").says("port 9142 takes plaintext beside TLS").says_not("(not_restarted)");

    desk.ringwalk_with("one.yaml", &["apply", "--yes"]).exits(0).says("3 of 3 nodes done");
    for (name, address) in nodes() {
        assert!(!wire::takes_plaintext(&address, 9142) && !wire::serves_tls(&address, 9142), "{name}");
        let lines = on(&name, &format!("grep -c '^native_transport_port_ssl' {} || :", yaml_path()));
        assert_eq!(lines.trim(), "0", "{name}");
    }
    clients.saw_no_failure();
    wire::is_tls_only_with_the_leaves_of(&desk);
    nothing_is_left_to_do_with(&desk, "one.yaml");
}
