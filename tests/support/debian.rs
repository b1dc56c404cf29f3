//! A node as a probe finds it where everything is as a Debian package has it and nothing has been done yet.

use ringwalk::facts::version::{Flavour, Version};
use ringwalk::facts::{
    FileFacts, Layout, LayoutKind, NativeTransport, NodeFacts, Process, Service, StorageTransport, Yaml,
};
use ringwalk::plan::change::sha256_hex;
use ringwalk::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};

pub const YAML: &str = "/etc/cassandra/cassandra.yaml";

/// Runs 5.0 with this `cassandra.yaml`, and serves clients at its address.
pub fn node(name: &str, address: &str, text: Secret) -> NodeFacts {
    NodeFacts {
        node: name.into(),
        layout: Layout {
            kind: LayoutKind::DebianPackage,
            conf_dir: "/etc/cassandra".into(),
            nodetool: "/usr/bin/nodetool".into(),
            log_dir: "/var/log/cassandra".into(),
            user: "cassandra".into(),
            group: "cassandra".into(),
        },
        flavour: Flavour::Apache,
        version: Version::new(5, 0, 6),
        service: Service::Systemd { unit: "cassandra.service".into() },
        process: Some(Process { pid: 1, started_ticks: 1, user: "cassandra".into(), cwd: "/".into() }),
        java: None,
        yaml: Yaml {
            path: YAML.into(),
            real_path: YAML.into(),
            file: FileFacts {
                sha256: sha256_hex(text.expose().as_bytes()),
                size_bytes: text.expose().len() as u64,
                owner: "root".into(),
                group: "cassandra".into(),
                mode: 0o640,
            },
            text,
        },
        files: BTreeMap::new(),
        native: NativeTransport { address: address.into(), port: 9042, port_ssl: None, listening: true },
        storage: StorageTransport {
            address: address.into(),
            port: 7000,
            port_ssl: 7001,
            ..Default::default()
        },
        shows: BTreeMap::new(),
        known_as: BTreeSet::from([address.into()]),
        state_dir: "/var/lib/ringwalk".into(),
        owed: None,
        healed: None,
        free_bytes: BTreeMap::new(),
        unwritable: BTreeSet::new(),
        clock_offset_s: 0,
        trusts: None,
        internode_trusts: None,
        tls_clients: None,
    }
}
