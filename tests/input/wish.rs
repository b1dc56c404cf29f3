//! What a playbook wishes for, phase by phase.

use super::examples::playbook;
use ringwalk::input::inventory::Node;
use ringwalk::input::playbook::{Playbook, expand};
use ringwalk::input::{self, Source};

/// The wish of a phase, as `key: value` lines without the stores' paths and passwords.
fn wished(playbook: &Playbook, phase: usize) -> String {
    let wish = playbook.wish(phase);
    let of_stores = ["keystore", "keystore_password", "truststore", "truststore_password"];
    let told = wish.iter().filter(|(key, _)| !of_stores.contains(&key.key()));
    told.map(|(key, setting)| format!("{key}: {}", setting.value)).collect::<Vec<_>>().join(", ")
}

fn read(text: &str) -> Playbook {
    input::read_playbook(Source { file: "playbook.yaml", text }).expect("a right playbook")
}

#[test]
fn a_phase_inherits_what_it_does_not_say() {
    let staged = playbook("playbooks/enable-staged.yaml");
    let expected = [
        "enabled: true, optional: true, store_type: PKCS12",
        "enabled: true, optional: false, store_type: PKCS12",
        "enabled: true, optional: false, require_client_auth: true, store_type: PKCS12",
    ];
    for (phase, expected) in expected.iter().enumerate() {
        assert_eq!(wished(&staged, phase), *expected);
    }
}

#[test]
fn the_stores_give_paths_and_passwords_unless_they_are_written_out() {
    let text = "
playbook: p
stores:
  keystore: { from: a, to: '/tls/{node}.p12', password: env:A }
  truststore: { from: b, to: /tls/trust.p12, password: env:B }
phases:
  - name: one
    client_encryption_options: { enabled: true, truststore: /tls/trust.p12, truststore_password: env:C }
";
    let wish: Vec<String> = read(text)
        .wish(0)
        .iter()
        .map(|(key, setting)| format!("{}:{key}: {}", setting.span.line, setting.value))
        .collect();
    let expected = [
        "8:enabled: true",
        "8:optional: false",
        "4:keystore: /tls/{node}.p12",
        "4:keystore_password: env:A",
        "8:truststore: /tls/trust.p12",
        "8:truststore_password: env:C",
    ];
    assert_eq!(wish, expected);
}

#[test]
fn a_playbook_that_only_restarts_wishes_for_nothing() {
    assert!(playbook("playbooks/restart.yaml").wish(0).is_empty());
}

#[test]
fn a_factory_needs_no_keystore_of_its_own() {
    let text = "
playbook: p
phases:
  - name: one
    client_encryption_options:
      enabled: true
      ssl_context_factory:
        class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
        parameters: { private_key: file:node.pem, private_key_password: env:P, trusted_certificates: x }
";
    let expected = "enabled: true, optional: false, ssl_context_factory: {class_name: \
         org.apache.cassandra.security.PEMBasedSslContextFactory, parameters: {private_key: file:node.pem, \
         private_key_password: env:P, trusted_certificates: x}}";
    assert_eq!(wished(&read(text), 0), expected);
}

#[test]
fn a_path_is_expanded_for_each_node() {
    let node = Node { name: "orders-1".into(), address: "10.0.1.11".into(), ..Node::default() };
    assert_eq!(expand("stores/{node}/{address}.p12", &node), "stores/orders-1/10.0.1.11.p12");
    assert_eq!(expand("stores/all.p12", &node), "stores/all.p12");
}
