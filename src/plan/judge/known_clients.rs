//! A new truststore knows the clients of today: those of a CA that it drops are refused as soon as it is loaded.

use super::finding::{Remark, error, warning};
use super::subject::OnNode;
use crate::plan::step::StoreName;
use std::collections::BTreeSet;

/// Only of a node that asks clients for certificates today: whoever is connected in TLS has shown one of a CA that its
/// truststore trusts. Of which one, no version up to 5.0 tells (`system_views.clients` has no certificate).
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(trusts) = &subject.seen.trusts else { return Vec::new() };
    if subject.lone.role != StoreName::Truststore || subject.lone.asks_clients != Some(true) {
        return Vec::new();
    }
    let store = subject.lone.store;
    let own = store.keys.iter().filter_map(|key| key.chain.first());
    let trusted = store.trusted.iter().map(|(_, certificate)| certificate).chain(own);
    let becomes: BTreeSet<&str> = trusted.map(|certificate| certificate.sha256.as_str()).collect();
    let dropped: Vec<&str> = trusts
        .iter()
        .filter(|(sha256, _)| !becomes.contains(sha256.as_str()))
        .map(|(_, subject)| subject.as_str())
        .collect();
    if dropped.is_empty() {
        return Vec::new();
    }
    let names = dropped.join(" and ");
    let help = "let it trust the old CA and the new one until every client has a certificate of the new one";
    match (dropped.len() == trusts.len(), subject.seen.tls_clients) {
        (true, Some(clients)) if clients > 0 => vec![error(
            format!(
                "drops {names}, all that the node trusts today: {clients} connected clients would be refused"
            ),
            help,
        )],
        (true | false, _) => vec![warning(
            format!(
                "drops {names}, which the node trusts today: clients with its certificates will be refused"
            ),
            help,
        )],
    }
}
