//! What will be written to a node must find room and rights there: before the first node is touched, not at its turn.

use super::work::Work;
use crate::diagnostic::Diagnostic;
use crate::facts::NodeFacts;
use crate::input::inventory::{Inventory, Node};
use std::collections::BTreeSet;

/// A `cassandra.yaml`, two stores, and a backup of each are a few hundred KiB.
const NEEDED_BYTES: u64 = 1 << 20;

/// Directories of this node that the work on it cannot be written to.
pub fn problems(
    inventory: &Inventory,
    node: &Node,
    facts: &NodeFacts,
    works: &[Option<Work>],
) -> Vec<Diagnostic> {
    let written = works.iter().flatten().flat_map(|work| {
        let stores = work.pushes.iter().map(|push| push.path.as_str());
        stores.chain(work.edit.iter().map(|edit| edit.path.as_str()))
    });
    let mut directories: BTreeSet<&str> = written.map(directory_of).collect();
    if directories.is_empty() {
        return Vec::new();
    }
    // For the backups.
    directories.insert(&facts.state_dir);
    let problem = |directory| {
        let (why, help) = match (facts.unwritable.contains(directory), facts.free_bytes.get(directory)) {
            (true, _) => (
                "cannot be written to: not allowed, or a read-only file system".to_owned(),
                "set `ssh: { become: sudo }`; if that is so, see `dmesg`: a disk that failed is often mounted read-only",
            ),
            (false, Some(free)) if *free < NEEDED_BYTES => {
                (format!("has {} KiB free", free >> 10), "make room on that file system")
            }
            (false, _) => return None,
        };
        Some(inventory.diagnostic(&node.name, format!("`{}`: {directory} {why}", node.name), help))
    };
    directories.into_iter().filter_map(problem).collect()
}

fn directory_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => ".",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Source, read_inventory};
    use crate::plan::change::NodeChange;
    use crate::plan::step::{PushStore, StoreName};

    #[test]
    fn a_full_or_read_only_directory_is_a_problem_where_something_is_written_to_it() {
        let text = "cluster: c\nnodes:\n  - { name: n1, address: 10.0.0.1 }\n";
        let inventory = read_inventory(Source { file: "i.yaml", text }).unwrap();
        let file =
            serde_json::json!({ "sha256": "x", "size_bytes": 1, "owner": "c", "group": "c", "mode": 0o400 });
        let mut facts: NodeFacts = serde_json::from_value(serde_json::json!({
            "node": "n1", "flavour": "apache", "version": "4.1.10", "process": null, "known_as": [], "owed": null,
            "layout": {
                "kind": "debian_package", "conf_dir": "/c", "nodetool": "/nodetool", "log_dir": "/l", "user": "c",
                "group": "c",
            },
            "service": { "systemd": { "unit": "cassandra.service" } },
            "yaml": { "path": "/c/c.yaml", "real_path": "/c/c.yaml", "file": file }, "files": {},
            "native": { "address": "10.0.0.1", "port": 9042, "port_ssl": null, "listening": true },
            "state_dir": "/s", "free_bytes": { "/s": 2097152, "/tls": 1048575 }, "unwritable": ["/c"],
            "clock_offset_s": 0,
        }))
        .unwrap();
        let push = PushStore {
            store: StoreName::Keystore,
            path: "/tls/k.p12".into(),
            was: None,
            becomes: "x".into(),
            owner: "c:c".into(),
            mode: 0o400,
        };
        let change = NodeChange {
            node: "n1".into(),
            changes: vec![],
            restart: vec![],
            reload: vec![],
            ports: None,
            diff: String::new(),
        };
        let works =
            [None, Some(Work { change, pushes: vec![push], edit: None, wires: vec![], internode: None })];
        let messages = |facts: &NodeFacts, works: &[Option<Work>]| -> Vec<String> {
            let found = problems(&inventory, &inventory.nodes[0], facts, works);
            found.into_iter().map(|problem| problem.message).collect()
        };
        assert_eq!(messages(&facts, &works), ["`n1`: /tls has 1023 KiB free"]);
        assert_eq!(messages(&facts, &works[..1]), Vec::<String>::new());
        facts.unwritable.insert("/s".into());
        let refused = "`n1`: /s cannot be written to: not allowed, or a read-only file system";
        assert_eq!(messages(&facts, &works), [refused, "`n1`: /tls has 1023 KiB free"]);
    }
}
