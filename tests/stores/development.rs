//! Nodes that sign for themselves.

use crate::Desk;

#[test]
fn each_node_trusts_itself_and_has_the_names_of_the_example() {
    for kind in ["pkcs12", "jks"] {
        let desk = Desk::empty();
        let said = desk
            .stores(&format!("issue -i inventory.yaml --offline --development --type {kind} --out stores"))
            .done();
        assert!(said.contains("keystores of 3 nodes in stores, signed each by itself, until "), "{said}");
        let example = include_str!("../../playbooks/enable-development.yaml");
        for from in ["stores/keystore.{node}", "stores/truststore.{node}", "file:stores/password"] {
            assert!(example.contains(from) && said.contains(from), "{from} in\n{said}");
        }
        for (store, entry) in [("keystore.n1", "PrivateKeyEntry"), ("truststore.n1", "trustedCertEntry")] {
            let listed = desk.sh(&format!(
                "keytool -list -v -keystore stores/{store} -storepass:file stores/password 2>/dev/null"
            ));
            assert!(listed.contains(entry) && listed.contains("Owner: CN=n1\nIssuer: CN=n1\n"), "{listed}");
            assert_eq!(desk.mode(&format!("stores/{store}")), 0o600);
        }
        desk.sh("openssl verify -purpose sslserver -verify_ip 10.1.0.11 -CAfile stores/n1.pem stores/n1.pem");
        desk.sh("! openssl verify -CAfile stores/n2.pem stores/n1.pem 2>&1");
    }
}

#[test]
fn a_node_that_joins_gets_the_same_password() {
    let desk = Desk::empty();
    let issue =
        |node: &str| format!("issue -i inventory.yaml --offline --development --node {node} --out stores");
    desk.stores(&issue("n1")).done();
    let password = desk.read("stores/password");
    desk.stores(&issue("n2")).done();
    assert_eq!(desk.read("stores/password"), password);
    desk.sh("keytool -list -keystore stores/keystore.n2 -storepass:file stores/password 2>/dev/null");
    assert_eq!(desk.stores(&issue("n1")).code, 2);
}
