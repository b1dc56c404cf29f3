//! An audit as programs read it; `docs/audit.schema.json` is its form.

use super::finding::{Finding, Severity};
use super::mode::Mode;
use super::opened::{Content, Opened};
use super::subject::Subject;
use super::{Look, PortLook};
use crate::formats::certificate::Certificate;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The TLS of a cluster, node by node, and what the rules have against it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Audit {
    pub cluster: String,
    #[schemars(with = "String")]
    pub looked_at: Timestamp,
    pub nodes: Vec<NodeView>,
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Nothing that counts was found.
    pub fn is_clean(&self) -> bool {
        !self.findings.iter().any(|finding| finding.severity.counts())
    }

    pub fn count(&self, node: &str, severity: Severity) -> usize {
        let is_it = |finding: &&Finding| finding.node == node && finding.severity == severity;
        self.findings.iter().filter(is_it).count()
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct NodeView {
    pub node: String,
    pub address: String,
    /// None for a node that could not be looked at.
    pub seen: Option<SeenView>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SeenView {
    /// Cassandra's.
    pub version: String,
    /// What `cassandra.yaml` makes of the client port once it is read.
    pub mode_by_file: Mode,
    /// What clients meet; none where nothing is served.
    pub mode_on_wire: Option<Mode>,
    /// Every client port.
    pub ports: Vec<PortView>,
    pub keystore: Option<StoreView>,
    pub truststore: Option<StoreView>,
    /// When the process began; none where none runs.
    #[schemars(with = "Option<String>")]
    pub process_began: Option<Timestamp>,
    /// When `cassandra.yaml` was last written.
    #[schemars(with = "Option<String>")]
    pub yaml_written: Option<Timestamp>,
    /// `none`, `dc`, `rack` or `all`, as `cassandra.yaml` has it.
    pub internode_encryption: String,
    /// The store by which other nodes know it; none where it takes no TLS from them.
    pub internode_keystore: Option<StoreView>,
    /// The store by which it knows other nodes.
    pub internode_truststore: Option<StoreView>,
    /// Ports for other nodes.
    pub internode_ports: Vec<PortView>,
    /// System properties that go before `cassandra.yaml`.
    pub overruled: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct PortView {
    pub port: u16,
    pub open: bool,
    pub plaintext: bool,
    /// `TLS 1.0` to `TLS 1.3`; empty where it serves no TLS.
    pub tls_versions: Vec<String>,
    /// Suites without which it would be better.
    pub weak_suites: Vec<String>,
    pub certificate: Option<CertificateView>,
    pub demands_client_certificate: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreView {
    pub path: String,
    /// Whether it opens with the password in `cassandra.yaml`.
    pub opens: bool,
    /// What a server shows with it; none for a truststore, and for a store without exactly one key.
    pub certificate: Option<CertificateView>,
    pub trusts: Vec<CertificateView>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateView {
    pub subject: String,
    pub issuer: String,
    /// Lowercase hex.
    pub sha256: String,
    #[schemars(with = "String")]
    pub not_after: Timestamp,
    /// Whole days, by the node's clock; negative once it has ended.
    pub days_left: i64,
}

impl NodeView {
    pub fn unreached(look: &Look) -> NodeView {
        NodeView { node: look.node.clone(), address: look.address.clone(), seen: None }
    }

    pub(super) fn of(subject: &Subject<'_>) -> NodeView {
        let (look, seen) = (subject.look, subject.seen);
        let (native, storage) = (&seen.facts.native, &seen.facts.storage);
        let ports = |ports: Vec<u16>| {
            let port = |port: u16| Some(PortView::of(port, seen.ports.get(&port)?, subject));
            ports.into_iter().filter_map(port).collect()
        };
        let view = |store: &Option<Opened>| store.as_ref().map(|store| StoreView::of(store, subject));
        let time = |seconds: Option<i64>| Timestamp::from_second(seconds?).ok();
        NodeView {
            node: look.node.clone(),
            address: look.address.clone(),
            seen: Some(SeenView {
                version: seen.facts.version.to_string(),
                mode_by_file: subject.mode_by_file(),
                mode_on_wire: subject.mode_on_wire(),
                ports: ports([Some(native.port), native.port_ssl].into_iter().flatten().collect()),
                keystore: view(&subject.keystore),
                truststore: view(&subject.truststore),
                process_began: time(seen.started_s),
                yaml_written: time(seen.modified_s.get(&seen.facts.yaml.real_path).copied()),
                internode_encryption: subject.internode.encrypts.to_string(),
                internode_keystore: view(&subject.internode_keystore),
                internode_truststore: view(&subject.internode_truststore),
                internode_ports: ports(vec![storage.port, storage.port_ssl]),
                overruled: seen.overruled.clone(),
            }),
        }
    }
}

impl SeenView {
    /// The client port that serves TLS, or else the only one.
    pub fn tls_port(&self) -> Option<&PortView> {
        self.ports.iter().find(|port| port.certificate.is_some()).or(self.ports.first())
    }
}

impl PortView {
    fn of(port: u16, look: &PortLook, subject: &Subject<'_>) -> PortView {
        let served = look.served.as_ref();
        PortView {
            port,
            open: look.open,
            plaintext: look.plaintext,
            tls_versions: look.versions.iter().map(ToString::to_string).collect(),
            weak_suites: look.weak.iter().map(|suite| suite.name.to_owned()).collect(),
            certificate: served
                .and_then(|it| it.chain.first())
                .map(|leaf| CertificateView::of(leaf, subject)),
            demands_client_certificate: served.is_some_and(|served| served.demands_certificate),
        }
    }
}

impl StoreView {
    fn of(opened: &Opened, subject: &Subject<'_>) -> StoreView {
        let store = opened.store();
        let trusted = store.iter().flat_map(|store| &store.trusted).map(|(_, certificate)| certificate);
        StoreView {
            path: opened.path.clone(),
            opens: matches!(opened.content, Content::Store(_)),
            certificate: store.and_then(|it| it.leaf()).map(|leaf| CertificateView::of(leaf, subject)),
            trusts: trusted.map(|certificate| CertificateView::of(certificate, subject)).collect(),
        }
    }
}

impl CertificateView {
    fn of(certificate: &Certificate, subject: &Subject<'_>) -> CertificateView {
        CertificateView {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            sha256: certificate.sha256.clone(),
            not_after: certificate.not_after,
            days_left: subject.days_until(certificate.not_after),
        }
    }
}
