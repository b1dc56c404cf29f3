//! Where Cassandra is on a simulated machine, and how it runs there: what a probe has to find.

use crate::facts::{LayoutKind, NodeFacts, Service, StorageTransport};
use crate::node::layout;
use std::collections::BTreeSet;

/// Where a package puts it.
pub const YAML: &str = "/etc/cassandra/cassandra.yaml";
const HOME: &str = "/usr/share/cassandra";

#[derive(Clone, Debug)]
pub struct Install {
    /// `cassandra.yaml` as it is found, and the file behind its links.
    pub yaml: String,
    pub real: String,
    pub home: String,
    pub nodetool: String,
    pub log_dir: String,
    pub user: String,
    pub group: String,
    pub cwd: String,
    pub service: Service,
    pub java: String,
    pub state_dir: String,
    /// Where its client port listens, and where other nodes reach it.
    pub native_address: String,
    pub storage: StorageTransport,
    /// Paths of stores at which a probe looks, whatever stands there.
    pub named: BTreeSet<String>,
}

impl Install {
    /// A Debian package that serves clients at this address.
    pub fn package(address: &str) -> Install {
        Install {
            yaml: YAML.into(),
            real: YAML.into(),
            home: HOME.into(),
            nodetool: "/usr/bin/nodetool".into(),
            log_dir: layout::log_dir(LayoutKind::DebianPackage, HOME),
            user: "cassandra".into(),
            group: "cassandra".into(),
            cwd: "/".into(),
            service: Service::Systemd { unit: "cassandra.service".into() },
            java: String::new(),
            state_dir: "/var/lib/ringwalk".into(),
            native_address: address.into(),
            storage: StorageTransport::default(),
            named: BTreeSet::new(),
        }
    }

    /// As a probe has found it on a real node.
    pub fn of(seen: &NodeFacts) -> Install {
        let layout = &seen.layout;
        let home = match layout.kind {
            LayoutKind::ApacheTarball => layout.conf_dir.trim_end_matches("/conf"),
            LayoutKind::DebianPackage
            | LayoutKind::RpmPackage
            | LayoutKind::DsePackage
            | LayoutKind::DseTarball
            | LayoutKind::Explicit => HOME,
        };
        Install {
            yaml: seen.yaml.path.clone(),
            real: seen.yaml.real_path.clone(),
            home: home.into(),
            nodetool: layout.nodetool.clone(),
            log_dir: layout.log_dir.clone(),
            user: layout.user.clone(),
            group: layout.group.clone(),
            cwd: seen.process.as_ref().map_or("/", |process| process.cwd.as_str()).into(),
            service: seen.service.clone(),
            java: seen.java.clone().unwrap_or_default(),
            state_dir: seen.state_dir.clone(),
            native_address: seen.native.address.clone(),
            storage: seen.storage.clone(),
            named: seen.files.keys().cloned().collect(),
        }
    }

    /// Whether a file there is Cassandra's own: not one that ringwalk keeps, nor one that is being written.
    pub fn is_of_cassandra(&self, path: &str) -> bool {
        !path.ends_with(".tmp")
            && path.strip_prefix(self.state_dir.as_str()).is_none_or(|rest| !rest.starts_with('/'))
    }
}
