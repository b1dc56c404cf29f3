//! What `ringwalk stores` made: which names each certificate has, and how a playbook names the files.

use crate::formats::certificate::Certificate;
use crate::pki::names::San;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// A set of stores, one for each node.
#[derive(Debug, Serialize)]
pub struct Issued {
    pub nodes: Vec<IssuedNode>,
    /// What the playbook says.
    pub stores: Option<Snippet>,
    /// What the operator should know.
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct IssuedNode {
    pub node: String,
    /// The keystore, or the request.
    pub file: PathBuf,
    pub names: Vec<Name>,
    /// Why the ring did not say under which addresses it knows the node, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_unknown: Option<String>,
    /// Of the node's own certificate; none where only a request was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<IssuedCertificate>,
}

#[derive(Debug, Serialize)]
pub struct IssuedCertificate {
    pub issuer: String,
    pub not_after: Timestamp,
    pub sha256: String,
}

/// A name in a certificate, and who said that it is the node's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Name {
    #[serde(serialize_with = "as_text")]
    pub san: San,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Ring,
    Inventory,
    CommandLine,
    /// The certificate that was there before, or came back from its CA.
    Certificate,
}

fn as_text<S: Serializer>(san: &San, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(san)
}

/// The `stores:` of a playbook.
#[derive(Debug, Serialize)]
pub struct Snippet {
    pub keystore: StoreLine,
    pub truststore: StoreLine,
}

#[derive(Debug, Serialize)]
pub struct StoreLine {
    /// With `{node}` where it is the node's own.
    pub from: String,
    pub to: String,
    /// A secret's source.
    pub password: String,
}

impl StoreLine {
    /// `from` and the password's file as this process names them.
    pub fn new(from: &Path, to: &str, password: &Path) -> StoreLine {
        let password = format!("file:{}", password.display());
        StoreLine { from: from.display().to_string(), to: to.to_owned(), password }
    }
}

/// A truststore that was made by itself.
#[derive(Debug, Serialize)]
pub struct Trusted {
    pub file: PathBuf,
    pub certificates: Vec<TrustedCertificate>,
    /// What the playbook says.
    pub store: StoreLine,
    /// What the operator should know.
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct TrustedCertificate {
    pub subject: String,
    pub not_after: Timestamp,
    pub sha256: String,
}

impl From<&Certificate> for TrustedCertificate {
    fn from(certificate: &Certificate) -> TrustedCertificate {
        TrustedCertificate {
            subject: certificate.subject.clone(),
            not_after: certificate.not_after,
            sha256: certificate.sha256.clone(),
        }
    }
}

/// Whom it trusts, then the notes and what to write into the playbook.
pub fn trusted_text(trusted: &Trusted) -> String {
    let many = if trusted.certificates.len() == 1 { "" } else { "s" };
    let mut text =
        format!("{} trusts {} certificate{many}\n", trusted.file.display(), trusted.certificates.len());
    for TrustedCertificate { subject, not_after, sha256 } in &trusted.certificates {
        text += &format!("  {subject} until {}  SHA-256 {sha256}\n", not_after.strftime("%Y-%m-%d"));
    }
    for note in &trusted.notes {
        text += &format!("note: {note}\n");
    }
    text + "\nFor a playbook in this directory, in its `stores:`:\n" + &line("truststore:", &trusted.store)
}

/// More nodes than a screen shows are shown only when asked for.
const NODES_SHOWN: usize = 20;

/// One line a node, then the notes and what to write into the playbook.
pub fn text(issued: &Issued, all: bool) -> String {
    let width = issued.nodes.iter().map(|node| node.node.len()).max().unwrap_or(0);
    let mut text = String::new();
    let shown = if all || issued.nodes.len() <= NODES_SHOWN { issued.nodes.len() } else { NODES_SHOWN };
    for node in &issued.nodes[..shown] {
        text += &format!("  {:width$}  {}\n", node.node, names(node));
    }
    if shown < issued.nodes.len() {
        text += &format!("  … and {} more (`-v` shows every node)\n", issued.nodes.len() - shown);
    }
    for note in ring_notes(&issued.nodes).iter().chain(&issued.notes) {
        text += &format!("note: {note}\n");
    }
    if let Some(snippet) = &issued.stores {
        text += "\nFor a playbook in this directory:\n";
        text += &yaml(snippet);
    }
    text
}

/// The names, and behind them those that only the inventory knows though the ring was asked.
fn names(node: &IssuedNode) -> String {
    let all: Vec<String> = node.names.iter().map(|name| name.san.to_string()).collect();
    let mut text = all.join(", ");
    let is_strange = |name: &&Name| {
        let is_address = name.san.to_string() != node.node.to_ascii_lowercase();
        node.ring_unknown.is_none() && name.origin == Origin::Inventory && is_address
    };
    let strange: Vec<String> =
        node.names.iter().filter(is_strange).map(|name| name.san.to_string()).collect();
    if !strange.is_empty() {
        text += &format!(" (the ring does not know {})", strange.join(" and "));
    }
    text
}

/// Whose names rest on the inventory alone, and why: one line for each reason.
fn ring_notes(nodes: &[IssuedNode]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (why, node) in
        nodes.iter().filter_map(|node| Some((node.ring_unknown.as_deref()?, node.node.as_str())))
    {
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, of)) => of.push(node),
            None => reasons.push((why, vec![node])),
        }
    }
    let note = |(why, of): (&str, Vec<&str>)| {
        let whose = match of.len() {
            all if all == nodes.len() && all > 1 => "the names of all nodes".to_owned(),
            1 => format!("the names of {}", of[0]),
            2..=5 => format!("the names of {}", of.join(", ")),
            more => format!("the names of {} and {} more nodes", of[..3].join(", "), more - 3),
        };
        format!("{whose} rest on the inventory alone: {why}")
    };
    reasons.into_iter().map(note).collect()
}

fn yaml(snippet: &Snippet) -> String {
    ["stores:\n".to_owned(), line("keystore:", &snippet.keystore), line("truststore:", &snippet.truststore)]
        .concat()
}

fn line(name: &str, store: &StoreLine) -> String {
    // JSON's quotes are YAML's too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (from, to, password) = (quoted(&store.from), quoted(&store.to), quoted(&store.password));
    format!("  {name:<11} {{ from: {from}, to: {to}, password: {password} }}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, names: &[(&str, Origin)], ring_unknown: Option<&str>) -> IssuedNode {
        let name_of =
            |(san, origin): &(&str, Origin)| Name { san: San::parse(san).unwrap(), origin: *origin };
        IssuedNode {
            node: name.into(),
            file: PathBuf::new(),
            names: names.iter().map(name_of).collect(),
            ring_unknown: ring_unknown.map(String::from),
            certificate: None,
        }
    }

    #[test]
    fn what_rests_on_the_inventory_alone_is_said() {
        let nodes = vec![
            node("n1", &[("n1", Origin::Inventory), ("10.0.0.1", Origin::Ring)], None),
            node(
                "n2",
                &[("n2", Origin::Inventory), ("10.0.0.9", Origin::Inventory), ("10.0.0.2", Origin::Ring)],
                None,
            ),
            node("n3", &[("n3", Origin::Inventory)], Some("cannot connect")),
        ];
        let issued = Issued { nodes, stores: None, notes: vec!["more".into()] };
        let expected = "  n1  n1, 10.0.0.1\n  n2  n2, 10.0.0.9, 10.0.0.2 (the ring does not know 10.0.0.9)\n  n3  n3\n\
                        note: the names of n3 rest on the inventory alone: cannot connect\nnote: more\n";
        assert_eq!(text(&issued, false), expected);
    }

    #[test]
    fn a_long_list_of_nodes_is_cut_unless_all_are_asked_for() {
        let all: Vec<IssuedNode> =
            (1..=30).map(|at| node(&format!("n{at}"), &[], Some("--offline"))).collect();
        let issued = Issued { nodes: all, stores: None, notes: Vec::new() };
        let short = text(&issued, false);
        assert!(short.contains("… and 10 more"), "{short}");
        assert!(
            short.ends_with("note: the names of all nodes rest on the inventory alone: --offline\n"),
            "{short}"
        );
        assert_eq!(text(&issued, true).lines().count(), 31);
    }
}
