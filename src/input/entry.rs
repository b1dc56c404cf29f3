//! When a phase may begin, and after what a run pauses by itself.

use super::reader::Reader;
use super::record::Record;
use crate::diagnostic::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// `enter_when` of a phase: all of it must be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterWhen {
    pub no_plaintext: bool,
    pub no_tls: bool,
    pub all_with_certificate: bool,
    /// A person says yes.
    pub approved: bool,
    /// So long it must have been so of clients.
    pub window: Duration,
    /// So long a run waits for it.
    pub within: Duration,
}

/// What must hold of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientsMust {
    /// No client speaks plaintext.
    NotSpeakPlaintext,
    /// No client speaks TLS.
    NotSpeakTls,
    /// Every client shows a certificate.
    ShowCertificates,
}

impl fmt::Display for ClientsMust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientsMust::NotSpeakPlaintext => "no client speaks plaintext",
            ClientsMust::NotSpeakTls => "no client speaks TLS",
            ClientsMust::ShowCertificates => "every client shows a certificate",
        })
    }
}

/// After what a run stops until the operator goes on with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseAfter {
    #[default]
    Never,
    Canary,
    Wave,
    Phase,
}

/// A quarter of an hour: drivers that were cut off come back within minutes, and most jobs run more often.
pub(super) const WINDOW: Duration = Duration::from_secs(15 * 60);
/// A day: whoever needs longer resumes the run, which looks again.
pub(super) const WITHIN: Duration = Duration::from_secs(24 * 3600);

impl EnterWhen {
    pub(super) fn build(record: &Record) -> EnterWhen {
        EnterWhen {
            no_plaintext: record.whole("plaintext_clients").is_some(),
            no_tls: record.whole("tls_clients").is_some(),
            all_with_certificate: record.choice("clients_with_certificate").is_some(),
            approved: record.bool("approved").unwrap_or(false),
            window: record.duration("for").unwrap_or(WINDOW),
            within: record.duration("within").unwrap_or(WITHIN),
        }
    }

    pub fn clients_must(&self) -> Vec<ClientsMust> {
        let wished = [
            (self.no_plaintext, ClientsMust::NotSpeakPlaintext),
            (self.no_tls, ClientsMust::NotSpeakTls),
            (self.all_with_certificate, ClientsMust::ShowCertificates),
        ];
        wished.into_iter().filter(|(is_wished, _)| *is_wished).map(|(_, must)| must).collect()
    }
}

/// What an `enter_when` must not ask for. `place`: of one of its keys, or of itself.
pub(super) fn check(enter: &EnterWhen, place: impl Fn(&str) -> Option<Span>, reader: &mut Reader) {
    let keys = ["plaintext_clients", "tls_clients", "clients_with_certificate", "approved"];
    let own = place("").unwrap_or_default();
    if !keys.iter().any(|key| place(key).is_some()) {
        let help = "write for example `enter_when: { plaintext_clients: 0, for: 15m }`";
        reader.refuse(own, "`enter_when` names nothing to wait for", help);
    }
    if let Some(span) = place("approved").filter(|_| !enter.approved) {
        reader.refuse(span, "`approved: false` waits for nothing", "leave it out, or write `approved: true`");
    }
    let asks_for_clients = keys[..3].iter().any(|key| place(key).is_some());
    for key in ["for", "within"] {
        if let Some(span) = place(key).filter(|_| !asks_for_clients) {
            let message =
                format!("`{key}` says how long clients are looked at, and nothing is asked of them");
            reader.refuse(span, message, "add `plaintext_clients: 0`, or leave it out");
        }
    }
    if enter.within <= enter.window && asks_for_clients {
        let span = place("within").or(place("for")).unwrap_or(own);
        let message = "`within` is no longer than `for`: the run would end before it can know";
        reader.refuse(span, message, "make `within` longer, for example `within: 24h`");
    }
}
