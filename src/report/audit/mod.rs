//! An audit, for people: a line a node, then what was found.

pub mod prometheus; // for a textfile collector

use super::{Screen, table};
use crate::audit::view::{Audit, CertificateView, NodeView, SeenView};
use crate::audit::{Finding, Severity};

const HEADS: [&str; 8] = ["node", "file", "wire", "served", "on disk", "trusts", "tls", "internode"];

pub fn text(audit: &Audit, screen: Screen) -> String {
    let mut rows = vec![HEADS.map(String::from)];
    rows.extend(audit.nodes.iter().map(row));
    let mut text = String::new();
    for (index, line) in table::lines(&rows).into_iter().enumerate() {
        text += &if index == 0 { screen.bold(&line) } else { line };
        text.push('\n');
    }
    grouped(&audit.findings).iter().for_each(|group| text += &found(group, screen));
    text + &end(audit, screen)
}

fn row(node: &NodeView) -> [String; 8] {
    let Some(seen) = &node.seen else {
        let mut row = HEADS.map(|_| "?".to_owned());
        row[0].clone_from(&node.node);
        return row;
    };
    let dash = || "-".to_owned();
    let days = |certificate: Option<&CertificateView>| certificate.map_or_else(dash, days_left);
    [
        node.node.clone(),
        seen.mode_by_file.to_string(),
        seen.mode_on_wire.map_or_else(dash, |mode| mode.to_string()),
        days(seen.tls_port().and_then(|port| port.certificate.as_ref())),
        days(seen.keystore.as_ref().and_then(|store| store.certificate.as_ref())),
        trusts(seen),
        versions(seen),
        seen.internode_encryption.clone(),
    ]
}

fn days_left(certificate: &CertificateView) -> String {
    let short = &certificate.sha256[..certificate.sha256.len().min(8)];
    match certificate.days_left {
        left @ ..0 => format!("{short} ended {} d ago", -left),
        left => format!("{short} {left} d"),
    }
}

/// The CA that ends first of those by which the node knows its clients, and how many there are beside it.
fn trusts(seen: &SeenView) -> String {
    let trusts = seen.truststore.iter().flat_map(|store| &store.trusts);
    let first = trusts.clone().min_by_key(|ca| ca.not_after);
    match (first, trusts.count()) {
        (None, _) => "-".to_owned(),
        (Some(first), 1) => days_left(first),
        (Some(first), count) => format!("{} +{}", days_left(first), count - 1),
    }
}

/// `1.2 1.3`.
fn versions(seen: &SeenView) -> String {
    let versions = seen.tls_port().map(|port| &port.tls_versions[..]).unwrap_or_default();
    let short: Vec<&str> = versions.iter().map(|version| version.trim_start_matches("TLS ")).collect();
    if short.is_empty() { "-".to_owned() } else { short.join(" ") }
}

/// The same of many nodes is told once.
struct Group<'a> {
    finding: &'a Finding,
    nodes: Vec<&'a str>,
}

fn grouped(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let is_same = |group: &&mut Group<'_>| {
            let other = group.finding;
            (other.rule, &other.reason, &other.help) == (finding.rule, &finding.reason, &finding.help)
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.nodes.push(&finding.node),
            None => groups.push(Group { finding, nodes: vec![&finding.node] }),
        }
    }
    groups.sort_by_key(|group| group.finding.severity);
    groups
}

/// Whoever serves a certificate chose its text; a control character in it would act on the terminal.
fn found(group: &Group<'_>, screen: Screen) -> String {
    let Finding { rule, severity, reason, help, .. } = group.finding;
    let word = match severity {
        Severity::Error => screen.red("error"),
        Severity::Warning => screen.yellow("warning"),
        Severity::Notice => screen.cyan("notice"),
    };
    let nodes = super::names::folded(&group.nodes);
    let text = format!("{nodes}: {reason} ({rule})").replace(|c: char| c.is_control(), "\u{fffd}");
    let help = help.replace(|c: char| c.is_control(), "\u{fffd}");
    format!("\n{word}: {text}\nhelp: {help}\n")
}

fn end(audit: &Audit, screen: Screen) -> String {
    let count = |severity| audit.findings.iter().filter(|finding| finding.severity == severity).count();
    let [errors, warnings, notices] = Severity::ALL.map(count);
    let nodes = audit.nodes.len();
    let cluster = &audit.cluster;
    match audit.is_clean() {
        true => format!("\n`{cluster}`, {nodes} nodes: {}, {notices} notices\n", screen.green("clean")),
        false => {
            format!("\n`{cluster}`, {nodes} nodes: {errors} errors, {warnings} warnings, {notices} notices\n")
        }
    }
}
