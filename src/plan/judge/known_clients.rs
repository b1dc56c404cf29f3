//! A new truststore knows the clients of today: those of a CA that it drops are refused as soon as it is loaded.

use super::finding::{Remark, error, warning};
use super::subject::OnNode;
use super::trusted::Anchors;
use crate::plan::step::StoreName;
use std::collections::{BTreeMap, BTreeSet};

/// Only of a node that asks clients for certificates today: whoever is connected in TLS has shown one of a CA that its
/// truststore trusts. Of which one, no version up to 5.0 tells (`system_views.clients` has no certificate).
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let asks_today = subject.seen.trusts.is_some() && subject.on.now.require_client_auth;
    let is_asked = asks_today && subject.lone.asks_clients == Some(true);
    if subject.lone.role != StoreName::Truststore || !is_asked || subject.stands() {
        return Vec::new();
    }
    let before = trusted_before(subject);
    let becomes: BTreeSet<&str> =
        subject.lone.store.anchors().map(|certificate| certificate.sha256.as_str()).collect();
    let dropped: Vec<&str> = before
        .iter()
        .filter(|(sha256, _)| !becomes.contains(**sha256))
        .map(|(_, subject)| *subject)
        .collect();
    if dropped.is_empty() {
        return Vec::new();
    }
    let names = dropped.join(" and ");
    let when = if subject.phase_index == 0 { "today" } else { "by then" };
    let help = "let it trust the old CA and the new one until every client has a certificate of the new one (docs/rotate-ca.md)";
    match (dropped.len() == before.len(), subject.seen.tls_clients) {
        (true, Some(clients)) if clients > 0 => vec![error(
            format!(
                "drops {names}, all that the node trusts {when}: {clients} connected clients would be refused"
            ),
            help,
        )],
        (true | false, _) => vec![warning(
            format!(
                "drops {names}, which the node trusts {when}: clients with its certificates will be refused"
            ),
            help,
        )],
    }
}

/// Subjects by fingerprint.
fn trusted_before<'a>(subject: &OnNode<'a>) -> BTreeMap<&'a str, &'a str> {
    match subject.before.trusts {
        Some(Anchors::OfStore(store)) => {
            store.anchors().map(|anchor| (anchor.sha256.as_str(), anchor.subject.as_str())).collect()
        }
        Some(Anchors::Seen(trusts)) => {
            trusts.iter().map(|(sha256, subject)| (sha256.as_str(), subject.as_str())).collect()
        }
        None => BTreeMap::new(),
    }
}
