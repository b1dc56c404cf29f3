//! What a store holds, or what a port serves, to people and programs.

use crate::formats::certificate::Certificate;
use crate::node::wire::{ClientCertificate, Plaintext, Tls, TlsVersion, WireLook};
use crate::plan::judge::{Finding, Severity};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// One store, or one port; `docs/inspect.schema.json` is its form.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Inspection {
    /// The file, or host and port.
    pub source: String,
    /// `PKCS12`, `JKS`, `PEM`, `certificate (DER)` or `port`.
    pub form: String,
    pub entries: Vec<Entry>,
    /// What the rules of `docs/store-rules.md` say of a store by itself; of no node, so that what depends on one is not asked.
    pub findings: Vec<Finding>,
    /// Of a port only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServedTls>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    pub role: Role,
    /// Empty where it has none.
    pub alias: String,
    /// None for a private key that has no certificate.
    pub certificate: Option<CertificateView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The certificate of a private key in the store.
    Key,
    /// A private key in the store that no certificate goes with: a server cannot use it.
    KeyAlone,
    /// The next one of the chain above it.
    Issuer,
    /// Trusted by itself.
    Trusted,
    /// In the file, and not seen by Java.
    Ignored,
    /// A certificate file, no store.
    Certificate,
    /// What the port showed as its own.
    Served,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateView {
    pub subject: String,
    pub issuer: String,
    /// Lowercase hex.
    pub serial: String,
    #[schemars(with = "String")]
    pub not_before: Timestamp,
    #[schemars(with = "String")]
    pub not_after: Timestamp,
    pub sans: Vec<String>,
    pub key: String,
    pub signature: String,
    pub is_ca: bool,
    /// Lowercase hex.
    pub sha256: String,
}

impl From<&Certificate> for CertificateView {
    fn from(certificate: &Certificate) -> CertificateView {
        CertificateView {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            serial: certificate.serial.clone(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            sans: certificate.sans.clone(),
            key: certificate.key.clone(),
            signature: certificate.signature.clone(),
            is_ca: certificate.is_ca,
            sha256: certificate.sha256.clone(),
        }
    }
}

/// How a port speaks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServedTls {
    /// Whether it answers CQL without TLS.
    pub plaintext: bool,
    /// `TLS 1.3`, `TLS 1.2`; none where it serves no TLS.
    pub version: Option<String>,
    pub suite: Option<String>,
    /// Of a client: `not asked for`, `optional`, `demanded`; none where it serves no TLS.
    pub client_certificate: Option<String>,
    /// Why it serves no TLS, if it does not.
    pub refused: Option<String>,
}

impl ServedTls {
    pub fn new(look: &WireLook) -> ServedTls {
        let plaintext = look.plaintext == Plaintext::Accepted;
        let refused = |why: &str| ServedTls {
            plaintext,
            version: None,
            suite: None,
            client_certificate: None,
            refused: Some(why.to_owned()),
        };
        let served = match &look.tls {
            Tls::Served(served) => served,
            Tls::Refused(why) => return refused(why),
            Tls::NotTls => return refused("it does not speak TLS"),
            Tls::Silent => return refused("it did not answer"),
            Tls::Closed => return refused("nothing listens"),
        };
        let client = match &served.client_certificate {
            ClientCertificate::NotAsked => "not asked for",
            ClientCertificate::Optional => "optional",
            ClientCertificate::Demanded(_) => "demanded",
            ClientCertificate::Accepted => "accepted",
            ClientCertificate::Rejected(_) => "rejected",
        };
        let version = match served.version {
            TlsVersion::Tls12 => "TLS 1.2",
            TlsVersion::Tls13 => "TLS 1.3",
        };
        ServedTls {
            plaintext,
            version: Some(version.into()),
            suite: served.suite.clone(),
            client_certificate: Some(client.into()),
            refused: None,
        }
    }
}

/// A block for each entry; lines are short enough for a narrow terminal but for names that are not.
pub fn text(inspection: &Inspection, now: Timestamp) -> String {
    let mut text = format!("{}: {}\n", inspection.source, inspection.form);
    if let Some(tls) = &inspection.tls {
        text += &port(tls);
    }
    if inspection.entries.is_empty() && inspection.tls.is_none() {
        text += "  nothing is in it\n";
    }
    inspection.entries.iter().for_each(|entry| text += &block(entry, now));
    inspection.findings.iter().for_each(|finding| text += &found(finding));
    text
}

fn port(tls: &ServedTls) -> String {
    let plaintext = if tls.plaintext { "accepted" } else { "refused" };
    let mut text = row("plaintext", plaintext);
    match (&tls.version, &tls.refused) {
        (Some(version), _) => {
            text += &row(
                "tls",
                &[Some(version.as_str()), tls.suite.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", "),
            );
            text += &row(
                "client",
                &format!("certificate {}", tls.client_certificate.as_deref().unwrap_or_default()),
            );
        }
        (None, why) => text += &row("tls", &format!("none: {}", why.as_deref().unwrap_or_default())),
    }
    text
}

fn block(entry: &Entry, now: Timestamp) -> String {
    let role = match entry.role {
        Role::Key => "private key and its certificate",
        Role::KeyAlone => "private key without a certificate",
        Role::Issuer => "issuer of the one above",
        Role::Trusted => "trusted",
        Role::Ignored => "not seen by Java",
        Role::Certificate => "certificate",
        Role::Served => "served",
    };
    let alias = entry.alias.replace(|c: char| c.is_control(), "\u{fffd}");
    let alias = if alias.is_empty() { alias } else { format!(" `{alias}`") };
    let mut text = format!("\n{role}{alias}\n");
    let Some(certificate) = &entry.certificate else { return text };
    text += &row("subject", &certificate.subject);
    text += &row("issuer", &certificate.issuer);
    if !certificate.sans.is_empty() {
        text += &row("names", &certificate.sans.join(", "));
    }
    text += &row("until", &until(certificate, now));
    let kind = if certificate.is_ca { ", CA" } else { "" };
    text += &row("key", &format!("{}, signed with {}{kind}", certificate.key, certificate.signature));
    text += &row("sha256", &certificate.sha256);
    text
}

fn found(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("\n{severity}: {} ({})\nhelp: {}\n", finding.reason, finding.rule, finding.help)
}

fn until(certificate: &CertificateView, now: Timestamp) -> String {
    const DAY_S: i64 = 24 * 60 * 60;
    let day = certificate.not_after.strftime("%Y-%m-%d %H:%M UTC");
    let left_s = certificate.not_after.as_second() - now.as_second();
    match left_s {
        ..=0 => format!("{day}: ended {} days ago", -left_s / DAY_S),
        _ if certificate.not_before > now => format!("{day}, and not before {}", certificate.not_before),
        _ => format!("{day}, {} days from now", left_s / DAY_S),
    }
}

/// Whoever serves a certificate chose its text; a control character in it would act on the terminal.
fn row(name: &str, value: &str) -> String {
    let value = value.replace(|c: char| c.is_control(), "\u{fffd}");
    format!("  {name:<9} {value}\n")
}
