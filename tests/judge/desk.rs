//! An operator's desk with good stores, on which a case spoils something; and three nodes that want them.

use super::debian;
use ringwalk::cli::load::{Loaded, load};
use ringwalk::diagnostic::render;
use ringwalk::facts::placement::Member;
use ringwalk::facts::ring::{Partitioner, Ring, RingSource};
use ringwalk::facts::{Facts, NodeFacts};
use ringwalk::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// What stands in `phases` unless a case says otherwise.
pub const ENABLE: &str = "enabled: true, optional: false";

pub struct Desk(TempDir);

/// Made once: a case copies it.
static GOOD: LazyLock<TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    shell(
        directory.path(),
        "authority ca 'Orders CA'; trust ca
         for node in n1 n2 n3; do key $node; certificate $node ca \"$(usual $node)\"; store $node ca; done",
    );
    directory
});

fn shell(directory: &Path, script: &str) {
    let script = format!("{}\n{script}", include_str!("good.sh"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
}

impl Desk {
    pub fn new(spoil: &str, stores: &str, options: &str) -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        for entry in fs::read_dir(GOOD.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), desk.0.path().join(entry.file_name())).unwrap();
        }
        shell(desk.0.path(), spoil);
        let nodes = NODES.map(|node| format!("  - {{ name: {node}, address: 10.0.0.{} }}\n", &node[1..]));
        fs::write(
            desk.0.path().join("inventory.yaml"),
            format!("cluster: orders\nnodes:\n{}", nodes.concat()),
        )
        .unwrap();
        let playbook = format!(
            "playbook: judged
stores:
  keystore: {{ from: \"{{node}}.store\", to: /opt/cassandra/conf/.keystore, password: file:password }}
{stores}
phases:
  - name: enable
    client_encryption_options: {{ {options} }}
"
        );
        fs::write(desk.0.path().join("playbook.yaml"), playbook).unwrap();
        desk
    }

    /// Both files read and the stores opened, as every command does it.
    pub fn load(&self) -> Result<Loaded, String> {
        let path = |name| self.0.path().join(name);
        load(Some(&path("inventory.yaml")), Some(&path("playbook.yaml")))
            .map_err(|problems| render(&problems))
    }
}

/// Three nodes of one ring, whose clocks are right.
pub fn facts() -> Facts {
    let members = NODES.map(|node| Member {
        host_id: format!("id-of-{node}"),
        address: address(node),
        rpc_address: address(node),
        datacenter: "dc1".into(),
        rack: "r1".into(),
        ..Member::default()
    });
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Facts {
        nodes: NODES.map(node).into(),
        ring: Ring {
            cluster_name: "orders".into(),
            partitioner: Partitioner::Murmur3,
            members: members.into(),
            keyspaces: Vec::new(),
            schema_versions: BTreeMap::new(),
            source: RingSource::Cql,
        },
        down: BTreeSet::new(),
        looked_at_s: now.as_secs() as i64,
    }
}

fn address(node: &str) -> String {
    format!("10.0.0.{}", &node[1..])
}

pub fn yaml(text: &str) -> Secret {
    Secret::new(format!("cluster_name: orders\nclient_encryption_options:\n  enabled: false\n{text}"))
}

fn node(name: &str) -> NodeFacts {
    NodeFacts { java: Some("17.0.15".into()), ..debian::node(name, &address(name), yaml("")) }
}
