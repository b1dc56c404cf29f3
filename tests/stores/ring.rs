//! Nodes that cannot be asked: their names rest on the inventory, and it is said why.

use crate::Desk;

#[test]
fn a_node_that_cannot_be_reached_gets_the_inventorys_names_and_a_note() {
    let desk = Desk::with_ca();
    desk.write(
        "inventory.yaml",
        "cluster: orders\nssh: { port: 1, config: none, known_hosts: none }\nnodes:\n  - { name: n1, address: 127.0.0.1 }\n",
    );
    desk.write("none", "");
    let said =
        desk.stores("issue -i inventory.yaml --ca ca --ca-password env:CA_PASSWORD --out stores").done();
    assert!(
        said.contains("note: the names of n1 rest on the inventory alone: cannot look at it: cannot connect to 127.0.0.1:1"),
        "{said}"
    );
    desk.leaf("stores/n1.p12", "stores/keystore.password", "n1");
    desk.sh("openssl verify -verify_hostname n1 -CAfile ca/ca.pem n1.crt");
}
