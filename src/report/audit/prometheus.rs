//! An audit in Prometheus' text exposition format, for node_exporter's textfile collector.

use crate::audit::Severity;
use crate::audit::mode::Mode;
use crate::audit::rules;
use crate::audit::view::{Audit, CertificateView, NodeView};
use crate::plan::judge;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Version 0.0.4 of the format: a family has its help, its type, then its samples, together.
pub fn text(audit: &Audit) -> String {
    let mut out = Exposition { cluster: &audit.cluster, text: String::new() };
    out.family("ringwalk_audit_timestamp_seconds", "When the nodes were looked at.");
    out.sample("ringwalk_audit_timestamp_seconds", &[], audit.looked_at.as_second());
    out.family("ringwalk_audit_up", "Whether the node could be looked at.");
    for node in &audit.nodes {
        out.sample("ringwalk_audit_up", &[("node", &node.node)], i64::from(node.seen.is_some()));
    }
    modes(&mut out, audit);
    expiry(&mut out, audit);
    out.family("ringwalk_tls_version_offered", "Versions of TLS that the client port takes.");
    for (node, seen) in seen(audit) {
        for version in seen.tls_port().iter().flat_map(|port| &port.tls_versions) {
            out.sample("ringwalk_tls_version_offered", &[("node", node), ("version", version)], 1);
        }
    }
    findings(&mut out, audit);
    out.text
}

fn seen(audit: &Audit) -> impl Iterator<Item = (&str, &crate::audit::view::SeenView)> {
    audit.nodes.iter().filter_map(|NodeView { node, seen, .. }| Some((node.as_str(), seen.as_ref()?)))
}

fn modes(out: &mut Exposition<'_>, audit: &Audit) {
    const NAME: &str = "ringwalk_client_tls_mode";
    out.family(
        NAME,
        "1 for the mode that clients meet on the wire or that cassandra.yaml says, 0 for the others.",
    );
    for (node, seen) in seen(audit) {
        for (by, is) in [("wire", seen.mode_on_wire), ("file", Some(seen.mode_by_file))] {
            for mode in Mode::ALL {
                let labels = [("node", node), ("by", by), ("mode", &mode.to_string())];
                out.sample(NAME, &labels, i64::from(is == Some(mode)));
            }
        }
    }
}

fn expiry(out: &mut Exposition<'_>, audit: &Audit) {
    const NAME: &str = "ringwalk_certificate_not_after_seconds";
    out.family(NAME, "When a certificate ends: those that the ports serve, those of the keystores, and each that is trusted.");
    for (node, seen) in seen(audit) {
        let served = seen.tls_port().and_then(|port| port.certificate.as_ref());
        let on_disk = seen.keystore.iter().flat_map(|store| &store.certificate);
        let trusted = seen.truststore.iter().flat_map(|store| &store.trusts);
        let nodes_keystore = seen.internode_keystore.iter().flat_map(|store| &store.certificate);
        let nodes_trusted = seen.internode_truststore.iter().flat_map(|store| &store.trusts);
        let internode = seen.internode_ports.iter().filter_map(|port| port.certificate.as_ref());
        let all: Vec<(&str, &CertificateView)> = (served.into_iter().map(|it| ("served", it)))
            .chain(on_disk.map(|it| ("keystore", it)))
            .chain(trusted.map(|it| ("trusted", it)))
            .chain(internode.map(|it| ("internode", it)))
            .chain(nodes_keystore.map(|it| ("internode_keystore", it)))
            .chain(nodes_trusted.map(|it| ("internode_trusted", it)))
            .collect();
        // The same certificate twice in a store would be the same sample twice, which the format forbids.
        let by_labels: BTreeMap<_, _> =
            all.iter().map(|(at, it)| ((*at, &it.sha256), (&it.subject, it.not_after))).collect();
        for ((at, sha256), (subject, not_after)) in by_labels {
            let labels = [("node", node), ("at", at), ("subject", subject), ("sha256", sha256)];
            out.sample(NAME, &labels, not_after.as_second());
        }
    }
}

/// Every rule has a sample of every severity that it has a finding of, so that an alert ends when the finding does; the
/// sum by severity is always there.
fn findings(out: &mut Exposition<'_>, audit: &Audit) {
    const NAME: &str = "ringwalk_audit_findings";
    out.family(NAME, "How many findings of a severity the node has.");
    for node in &audit.nodes {
        for severity in Severity::ALL {
            let count = audit.count(&node.node, severity) as i64;
            out.sample(NAME, &[("node", &node.node), ("severity", &severity.to_string())], count);
        }
    }
    const RULE: &str = "ringwalk_audit_finding";
    out.family(RULE, "How many findings of a rule the cluster has.");
    let names = rules::all().chain(judge::Rule::ALL.into_iter().map(judge::Rule::name));
    let names: std::collections::BTreeSet<&str> = names.collect();
    for rule in names {
        let count = audit.findings.iter().filter(|finding| finding.rule == rule && finding.severity.counts());
        out.sample(RULE, &[("rule", rule)], count.count() as i64);
    }
}

struct Exposition<'a> {
    cluster: &'a str,
    text: String,
}

impl Exposition<'_> {
    fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: i64) {
        let labels = [("cluster", self.cluster)].into_iter().chain(labels.iter().copied());
        let labels: Vec<String> =
            labels.map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.text, "{name}{{{}}} {value}", labels.join(","));
    }
}

/// What stands between the quotes of a label.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
