//! The operator's side of a simulated cluster: inventory, playbooks, stores and secrets.

use super::store::store;
use ringwalk::facts::version::Version;
use ringwalk::formats::store::Store;
use ringwalk::input::{self, Input, Source};
use ringwalk::plan::change::{CertificateSummary, sha256_hex};
use ringwalk::plan::material::{LocalStore, Material, StoreKey};
use ringwalk::plan::step::StoreName;
use ringwalk::secret::{Secret, SecretSource};
use ringwalk::sim::NodeWish;
use std::collections::BTreeMap;

pub const PASSWORD: &str = "kept-from-all-eyes";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playbook {
    Enable,
    /// The same playbook over a store of another year.
    Rotate,
    /// `Enable`, and then TLS only, once no client spoke plaintext for five minutes and somebody approved.
    Staged,
    /// … over the store of the other year.
    StagedRotate,
    /// `Enable`, three nodes of a rack at a time.
    InRacks,
}

const IN_RACKS: &str = "rollout: { waves: rack, at_once: 3 }\n";

const REQUIRE: &str = "  - name: require\n    enter_when: { plaintext_clients: 0, for: 5m, within: 30m, approved: true }\n    \
                       client_encryption_options: { optional: false }\n";

/// Nodes as they are before anybody did anything: three racks in turn, plaintext only.
pub fn wishes(nodes: usize) -> Vec<NodeWish> {
    (0..nodes).map(node).collect()
}

fn node(number: usize) -> NodeWish {
    let address = address(number);
    NodeWish {
        name: format!("n{number}"),
        rack: format!("r{}", number % 3),
        version: Version::new(4, 1, 10),
        yaml: format!(
            "cluster_name: sim\nlisten_address: {address}\nrpc_address: {address}\nclient_encryption_options:\n    \
             enabled: false\n    optional: false\n    keystore: conf/.keystore\n    #keystore_password: cassandra\n",
        ),
        address,
    }
}

fn address(number: usize) -> String {
    format!("10.0.{}.{}", number / 200, number % 200 + 1)
}

pub fn input(nodes: usize, of: Playbook) -> Input {
    let mut inventory = "cluster: sim\nnodes:\n".to_owned();
    for number in 0..nodes {
        inventory.push_str(&format!(
            "  - {{ name: n{number}, address: {}, datacenter: dc1, rack: r{} }}\n",
            address(number),
            number % 3
        ));
    }
    let playbook = "playbook: sim\nstores:\n  keystore:\n    from: k.jks\n    to: /etc/cassandra/tls/keystore.jks\n    \
                    password: env:KEYSTORE_PASSWORD\nphases:\n  - name: enable\n    client_encryption_options: \
                    { enabled: true, optional: true }\n";
    let rest = match of {
        Playbook::Enable | Playbook::Rotate => "",
        Playbook::Staged | Playbook::StagedRotate => REQUIRE,
        Playbook::InRacks => IN_RACKS,
    };
    let playbook = format!("{playbook}{rest}");
    let read = input::read(
        Source { file: "inventory.yaml", text: &inventory },
        Source { file: "playbook.yaml", text: &playbook },
    );
    read.unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// All phases bring the same.
pub fn keystore_of(node: &str) -> StoreKey {
    StoreKey { node: node.to_owned(), store: StoreName::Keystore, phase: 0 }
}

pub fn material(nodes: usize, playbook: Playbook) -> Material {
    let bytes = store(playbook);
    let opened = Store::open(&bytes, &Secret::new(PASSWORD)).unwrap();
    let leaf = opened.leaf().unwrap();
    let local = LocalStore {
        file: "k.jks".into(),
        sha256: sha256_hex(&bytes),
        bytes: bytes.into(),
        content: None,
        certificate: Some(CertificateSummary {
            subject: leaf.subject.clone(),
            sha256: leaf.sha256.clone(),
            not_after: leaf.not_after.to_string(),
            issuers: Default::default(),
        }),
    };
    let stores = (0..nodes).map(|number| (keystore_of(&format!("n{number}")), local.clone()));
    let source: SecretSource = "env:KEYSTORE_PASSWORD".parse().unwrap();
    Material {
        stores: stores.collect(),
        secrets: BTreeMap::from([(source.to_string(), Secret::new(PASSWORD))]),
        ..Material::default()
    }
}
