//! A node with nothing wrong, on which a case spoils something.

use ringwalk::audit::{DirectoryLook, Look, PortLook, Seen, ServedLook};
use ringwalk::facts::suites::Protocol;
use ringwalk::facts::{FileFacts, NodeFacts, StorageTransport};
use ringwalk::formats::certificate::Certificate;
use ringwalk::formats::store::Store;
use ringwalk::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use zeroize::Zeroizing;

use super::debian;
pub use super::debian::YAML;
use super::workshop::Workshop;

pub const KEYSTORE: &str = "/etc/cassandra/tls/keystore.p12";
pub const TRUSTSTORE: &str = "/etc/cassandra/tls/truststore.p12";
pub const PASSWORD: &str = "correct-horse";
/// When the process began.
pub const BEGAN_S: i64 = 1_000_000;

/// Made by keytool once: `good`, `other` (of the same CA), `short` (ends in five days), and what trusts the CA.
pub static STORES: LazyLock<BTreeMap<&'static str, Vec<u8>>> = LazyLock::new(|| {
    let shop = Workshop::new();
    shop.write("password", PASSWORD.as_bytes());
    let store = |name: &str| format!("-storetype PKCS12 -storepass:file password -keystore {name}.p12");
    let pair = "-keyalg EC -groupname secp256r1 -genkeypair";
    shop.run(&format!("keytool {pair} -alias ca -dname CN=CA -ext bc:c -validity 3650 {}", store("ca")));
    shop.run(&format!("keytool -exportcert -rfc -alias ca -file ca.pem {}", store("ca")));
    shop.run(&format!("keytool -importcert -noprompt -alias ca -file ca.pem {}", store("trust")));
    for (name, days) in [("good", 365), ("other", 365), ("short", 5)] {
        shop.run(&format!("keytool {pair} -alias n -dname CN={name} {}", store(name)));
        shop.run(&format!("keytool -certreq -alias n -file {name}.csr {}", store(name)));
        shop.run(&format!(
            "keytool -gencert -rfc -alias ca -infile {name}.csr -outfile {name}.pem -validity {days} \
             -ext SAN=IP:10.0.0.1 -ext EKU=serverAuth,clientAuth {}",
            store("ca")
        ));
        shop.run(&format!("keytool -importcert -noprompt -alias ca -file ca.pem {}", store(name)));
        shop.run(&format!("keytool -importcert -noprompt -alias n -file {name}.pem {}", store(name)));
    }
    ["good", "other", "short", "trust"].map(|name| (name, shop.read(&format!("{name}.p12")))).into()
});

pub fn chain(name: &str) -> Vec<Certificate> {
    let store = Store::open(&STORES[name], &Secret::new(PASSWORD)).unwrap();
    store.keys[0].chain.clone()
}

/// Requires TLS, on 5.0, and talks TLS to other nodes.
pub fn node() -> Look {
    let facts = facts();
    let port = PortLook {
        open: true,
        plaintext: false,
        served: Some(ServedLook { chain: chain("good"), demands_certificate: false }),
        versions: BTreeSet::from([Protocol::Tls12, Protocol::Tls13]),
        weak: Vec::new(),
    };
    let store = |path: &str, name: &str| (path.to_owned(), Zeroizing::new(STORES[name].clone()));
    let seen = Seen {
        facts,
        started_s: Some(BEGAN_S),
        modified_s: BTreeMap::from([(YAML.to_owned(), BEGAN_S - 60)]),
        overruled: Vec::new(),
        directories: BTreeMap::from([("/etc/cassandra/tls".to_owned(), directory("root", 0o755))]),
        stores: BTreeMap::from([store(KEYSTORE, "good"), store(TRUSTSTORE, "trust")]),
        ports: BTreeMap::from([(9042, port.clone()), (7000, port)]),
    };
    Look { node: "n1".into(), address: "10.0.0.1".into(), seen: Ok(Box::new(seen)) }
}

pub fn file(owner: &str, group: &str, mode: u32) -> FileFacts {
    FileFacts { sha256: "0".repeat(64), size_bytes: 1, owner: owner.into(), group: group.into(), mode }
}

pub fn directory(group: &str, mode: u32) -> DirectoryLook {
    DirectoryLook { owner: "root".into(), group: group.into(), mode }
}

/// Both sections alike, so that a case replaces in both or names the one.
pub fn yaml(client: &str, server: &str) -> Secret {
    let stores = format!(
        "keystore: {KEYSTORE}, keystore_password: {PASSWORD}, truststore: {TRUSTSTORE}, truststore_password: {PASSWORD}"
    );
    Secret::new(format!(
        "cluster_name: orders\nserver_encryption_options: {{ {server}, {stores} }}\nclient_encryption_options: {{ {client}, {stores} }}\n"
    ))
}

fn facts() -> NodeFacts {
    let text = yaml("enabled: true, optional: false", "internode_encryption: all, optional: false");
    NodeFacts {
        files: BTreeMap::from([
            (KEYSTORE.into(), Some(file("cassandra", "cassandra", 0o640))),
            (TRUSTSTORE.into(), Some(file("cassandra", "cassandra", 0o644))),
        ]),
        storage: StorageTransport {
            address: "10.0.0.1".into(),
            port: 7000,
            port_ssl: 7001,
            listening: BTreeSet::from([7000]),
        },
        ..debian::node("n1", "10.0.0.1", text)
    }
}
