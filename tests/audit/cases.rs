//! What is spoiled, and what is found: `severity rule`, sorted.

use super::good::{self, KEYSTORE, PASSWORD, STORES, YAML, chain, file, yaml};
use ringwalk::audit::Seen;
use ringwalk::facts::suites::{Protocol, SUITES, Suite};
use zeroize::Zeroizing;

pub type Case = (&'static str, fn(&mut Seen), &'static [&'static str]);

pub const ALL: [&[Case]; 4] = [SERVING, STORES_AND_FILE, PORTS, RIGHTS];

fn named(name: &str) -> &'static Suite {
    SUITES.iter().find(|suite| suite.name == name).unwrap()
}

const INTERNODE: &str = "internode_encryption: all, optional: false";

const SERVING: &[Case] = &[
    (
        "not running",
        |seen| {
            seen.facts.process = None;
            seen.started_s = None;
            seen.ports.clear();
        },
        &["error serving"],
    ),
    (
        "closed port",
        |seen| {
            seen.ports.remove(&9042);
        },
        &["error serving"],
    ),
    (
        "TLS off",
        |seen| {
            seen.facts.yaml.text = yaml("enabled: false, optional: false", INTERNODE);
            let port = seen.ports.get_mut(&9042).unwrap();
            (port.plaintext, port.served) = (true, None);
        },
        &["error plaintext"],
    ),
    (
        "plaintext beside TLS",
        |seen| {
            seen.facts.yaml.text = yaml("enabled: true, optional: true", INTERNODE);
            seen.ports.get_mut(&9042).unwrap().plaintext = true;
        },
        &["warning plaintext"],
    ),
];

const STORES_AND_FILE: &[Case] = &[
    (
        "the file requires certificates and the port does not",
        |seen| seen.facts.yaml.text = yaml("enabled: true, require_client_auth: true", INTERNODE),
        &["error not_restarted"],
    ),
    (
        "the file requires TLS and the port takes plaintext",
        |seen| seen.ports.get_mut(&9042).unwrap().plaintext = true,
        &["error not_restarted", "warning plaintext"],
    ),
    (
        "written after the start",
        |seen| {
            seen.modified_s.insert(YAML.into(), good::BEGAN_S + 600);
        },
        &["warning not_restarted"],
    ),
    (
        "replaced on disk",
        |seen| store(seen, KEYSTORE, "other"),
        // Both sections name the one store.
        &["error not_reloaded", "error not_reloaded"],
    ),
    (
        "ends soon",
        |seen| {
            store(seen, KEYSTORE, "short");
            serves(seen, "short");
        },
        &["warning validity", "warning validity"],
    ),
    (
        "what is served ends soon, what is on disk does not",
        |seen| {
            serves(seen, "short");
        },
        &["error not_reloaded", "error not_reloaded", "warning served_validity", "warning served_validity"],
    ),
    (
        "a keystore that is gone",
        |seen| {
            seen.stores.remove(KEYSTORE);
            seen.facts.files.insert(KEYSTORE.into(), None);
        },
        &["error opens", "error opens"],
    ),
    (
        "another password",
        |seen| {
            let text = seen.facts.yaml.text.expose().replace(PASSWORD, "battery");
            seen.facts.yaml.text = ringwalk::secret::Secret::new(text);
            seen.facts.yaml.text = {
                let text = seen
                    .facts
                    .yaml
                    .text
                    .expose()
                    .replace("internode_encryption: all", "internode_encryption: none");
                ringwalk::secret::Secret::new(text)
            };
        },
        &["error opens"],
    ),
];

const PORTS: &[Case] = &[
    ("another address", |seen| seen.facts.native.address = "10.9.9.9".into(), &["warning names"]),
    (
        "TLS 1.0",
        |seen| {
            seen.ports.get_mut(&9042).unwrap().versions.insert(Protocol::Tls10);
        },
        &["warning old_protocols"],
    ),
    (
        "NULL suites",
        |seen| seen.ports.get_mut(&9042).unwrap().weak = vec![named("TLS_RSA_WITH_NULL_MD5")],
        &["error weak_suites"],
    ),
    (
        "CBC suites are noticed only",
        |seen| seen.ports.get_mut(&9042).unwrap().weak = vec![named("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384")],
        &[],
    ),
    (
        "two ports",
        |seen| {
            seen.facts.native.port_ssl = Some(9142);
            let tls = seen.ports.remove(&9042).unwrap();
            let mut plain = tls.clone();
            (plain.plaintext, plain.served) = (true, None);
            seen.ports.extend([(9142, tls), (9042, plain)]);
        },
        &["warning plain_port"],
    ),
    (
        "an overruled section",
        |seen| seen.overruled = vec!["cassandra.settings.client_encryption_options.enabled".into()],
        &["warning overruled"],
    ),
    (
        "an overruled section says something else than the file",
        |seen| {
            seen.overruled = vec!["cassandra.settings.client_encryption_options.optional".into()];
            seen.ports.get_mut(&9042).unwrap().plaintext = true;
        },
        &["warning overruled", "warning plaintext"],
    ),
    (
        "another overruled setting is noticed only",
        |seen| seen.overruled = vec!["cassandra.settings.x".into()],
        &[],
    ),
];

const RIGHTS: &[Case] = &[
    ("a yaml for all to read", |seen| seen.facts.yaml.file.mode = 0o644, &["warning yaml_permissions"]),
    (
        "a yaml for all to write",
        |seen| seen.facts.yaml.file.mode = 0o666,
        &["error yaml_permissions", "warning yaml_permissions"],
    ),
    (
        "a yaml of another group, to read",
        |seen| {
            let yaml = &mut seen.facts.yaml.file;
            (yaml.group, yaml.mode) = ("users".into(), 0o640);
        },
        &["warning yaml_permissions"],
    ),
    (
        "a yaml of another group, to write",
        |seen| {
            let yaml = &mut seen.facts.yaml.file;
            (yaml.group, yaml.mode) = ("users".into(), 0o620);
        },
        &["error yaml_permissions"],
    ),
    ("a yaml for all to read, with no password", |seen| only_secret(seen, ""), &["error plaintext"]),
    (
        "a yaml for all to read, with the password of a store for outbound connections",
        |seen| only_secret(seen, "server_encryption_options: { outbound_keystore_password: a }\n"),
        &["error plaintext", "warning yaml_permissions"],
    ),
    (
        "a yaml for all to read, with a dotted key",
        |seen| only_secret(seen, "client_encryption_options.keystore_password: a\n"),
        &["error plaintext", "warning yaml_permissions"],
    ),
    (
        "a yaml for all to read, with a private key",
        |seen| {
            only_secret(
                seen,
                "server_encryption_options: { ssl_context_factory: { parameters: { private_key: a } } }\n",
            );
        },
        &["error plaintext", "warning yaml_permissions"],
    ),
    (
        "a yaml for all to read, with the path of a password",
        |seen| only_secret(seen, "client_encryption_options.keystore_password_file: /a\n"),
        &["error plaintext"],
    ),
    (
        "a directory for all to write",
        |seen| {
            seen.directories.insert("/etc/cassandra/tls".into(), good::directory("root", 0o777));
        },
        &["warning store_permissions"],
    ),
    (
        "a directory of another group",
        |seen| {
            seen.directories.insert("/etc/cassandra/tls".into(), good::directory("users", 0o775));
        },
        &["warning store_permissions"],
    ),
    (
        "a directory in which only owners replace",
        |seen| {
            seen.directories.insert("/etc/cassandra/tls".into(), good::directory("root", 0o1777));
        },
        &[],
    ),
    (
        "a keystore for all to read",
        |seen| {
            seen.facts.files.insert(KEYSTORE.into(), Some(file("cassandra", "cassandra", 0o644)));
        },
        &["warning store_permissions"],
    ),
    (
        "a keystore of another group",
        |seen| {
            seen.facts.files.insert(KEYSTORE.into(), Some(file("cassandra", "users", 0o640)));
        },
        &["warning store_permissions"],
    ),
    (
        "internode that was not restarted",
        |seen| seen.ports.get_mut(&7000).unwrap().served = None,
        &["error internode"],
    ),
    (
        "internode that takes TLS beside plaintext is noticed only",
        |seen| {
            seen.facts.yaml.text =
                yaml("enabled: true, optional: false", "internode_encryption: none, optional: true");
            seen.ports.get_mut(&7000).unwrap().plaintext = true;
        },
        &[],
    ),
    (
        "internode that is to take TLS and was not restarted",
        |seen| {
            seen.facts.yaml.text =
                yaml("enabled: true, optional: false", "internode_encryption: none, optional: true");
            let port = seen.ports.get_mut(&7000).unwrap();
            (port.plaintext, port.served) = (true, None);
        },
        &["error internode"],
    ),
    (
        "internode that requires TLS and still takes plaintext",
        |seen| seen.ports.get_mut(&7000).unwrap().plaintext = true,
        &["error internode"],
    ),
    (
        "a keystore of nodes that take TLS is looked into, whoever sends it",
        |seen| {
            seen.facts.yaml.text =
                yaml("enabled: true, optional: false", "internode_encryption: none, optional: true");
            seen.ports.get_mut(&7000).unwrap().plaintext = true;
            store(seen, KEYSTORE, "other");
        },
        &["error not_reloaded", "error not_reloaded"],
    ),
    (
        "plaintext between nodes is noticed only",
        |seen| {
            seen.facts.yaml.text = yaml("enabled: true", "internode_encryption: none");
            seen.ports.remove(&7000);
        },
        &[],
    ),
];

/// For all to read, with TLS off and nothing secret but what is said.
fn only_secret(seen: &mut Seen, lines: &str) {
    seen.facts.yaml.file.mode = 0o644;
    seen.facts.yaml.text = ringwalk::secret::Secret::new(format!("cluster_name: orders\n{lines}"));
    seen.ports.clear();
    seen.ports.insert(9042, ringwalk::audit::PortLook { open: true, plaintext: true, ..Default::default() });
}

pub fn store(seen: &mut Seen, path: &str, name: &str) {
    seen.stores.insert(path.into(), Zeroizing::new(STORES[name].clone()));
}

fn serves(seen: &mut Seen, name: &str) {
    for port in seen.ports.values_mut() {
        port.served.as_mut().unwrap().chain = chain(name);
    }
}
