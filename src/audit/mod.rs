//! What is right and wrong with the TLS of every node: looks in, findings out.
//!
//! A rule is a file in `rules/`, a case in `tests/audit/` and a line in `docs/audit.md`.

pub mod finding;
pub mod mode;
mod opened;
mod rights;
pub mod rules;
mod subject;
pub mod view;

pub use finding::{Finding, Severity};

use crate::facts::NodeFacts;
use crate::facts::suites::{Protocol, Suite};
use crate::formats::certificate::Certificate;
use jiff::Timestamp;
use mode::Mode;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use subject::Subject;
use view::{Audit, NodeView};
use zeroize::Zeroizing;

/// One node as it was looked at, or why it could not be.
pub struct Look {
    pub node: String,
    pub address: String,
    pub seen: Result<Box<Seen>, Unseen>,
}

pub struct Unseen {
    pub why: String,
    pub help: String,
}

pub struct Seen {
    pub facts: NodeFacts,
    /// When the process began, by the node's clock, in seconds since 1970.
    pub started_s: Option<i64>,
    /// By path, stores and `cassandra.yaml`: when the file was last written, by the node's clock.
    pub modified_s: BTreeMap<String, i64>,
    /// System properties by which the command line takes settings from the yaml's hands. Without their values, which may
    /// be passwords.
    pub overruled: Vec<String>,
    /// By path: every store that is there.
    pub stores: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// By path: the directories in which they stand.
    pub directories: BTreeMap<String, DirectoryLook>,
    /// Client ports and those for nodes, each as it showed itself.
    pub ports: BTreeMap<u16, PortLook>,
}

/// Who may put another file in the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryLook {
    pub owner: String,
    pub group: String,
    /// Permission bits, with the sticky one.
    pub mode: u32,
}

/// A port on the wire.
#[derive(Clone, Debug, Default)]
pub struct PortLook {
    /// Whether anything listens.
    pub open: bool,
    pub plaintext: bool,
    pub served: Option<ServedLook>,
    pub versions: BTreeSet<Protocol>,
    pub weak: Vec<&'static Suite>,
}

#[derive(Clone, Debug)]
pub struct ServedLook {
    /// Leaf first.
    pub chain: Vec<Certificate>,
    /// Whether it serves nobody without a certificate.
    pub demands_certificate: bool,
}

/// What the rules go by, besides the looks.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Our clock, when the nodes were looked at.
    pub now: Timestamp,
    /// How early an end is told.
    pub expiry_warning: Duration,
}

/// Everything that there is to say of these nodes, in the order of the inventory; the gravest findings of a node first.
pub fn audit(cluster: &str, looks: &[Look], policy: Policy) -> Audit {
    let mut nodes = Vec::new();
    let mut findings = Vec::new();
    let mut modes = Vec::new();
    for look in looks {
        match &look.seen {
            Err(unseen) => {
                findings.push(finding::unreached(&look.node, unseen));
                nodes.push(NodeView::unreached(look));
            }
            Ok(seen) => {
                let subject = Subject::of(look, seen, policy);
                let mut own = rules::of_node(&subject);
                own.sort_by_key(|finding| finding.severity);
                findings.extend(own);
                modes.push((look.node.as_str(), subject.mode_on_wire()));
                nodes.push(NodeView::of(&subject));
            }
        }
    }
    findings.extend(rules::one_mode::findings(&modes));
    Audit { cluster: cluster.to_owned(), looked_at: policy.now, nodes, findings }
}

/// The mode that a node serves clients in, by name.
pub type Modes<'a> = [(&'a str, Option<Mode>)];
