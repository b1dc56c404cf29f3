//! What the rules for stores say of those that a node uses; a finding bears the name of the rule that it is of.

use crate::audit::finding::Remark;
use crate::audit::opened::Opened;
use crate::audit::subject::Subject;
use crate::plan::judge::{self, InUse};

pub fn remarks(subject: &Subject<'_>) -> Vec<(&'static str, Remark)> {
    let asks = subject.options.require_client_auth;
    let client = subject.keystore.iter().chain(subject.truststore.iter().filter(|_| asks));
    let client = client.filter(|_| subject.wants_tls()).map(|opened| (opened, "", asks));
    let internode = subject.internode_keystore.iter().chain(&subject.internode_truststore);
    let internode = internode.map(|opened| (opened, "internode ", true));
    client.chain(internode).flat_map(|(opened, whose, asks)| of_store(subject, opened, whose, asks)).collect()
}

fn of_store(
    subject: &Subject<'_>,
    opened: &Opened,
    whose: &str,
    asks_clients: bool,
) -> Vec<(&'static str, Remark)> {
    let Some(store) = opened.store() else { return Vec::new() };
    let (now, expiry_warning) = (subject.now, subject.expiry_warning);
    let found = judge::in_use(store, opened.role, InUse { now, expiry_warning, asks_clients });
    let remark = |finding: judge::Finding| {
        let reason = format!("{whose}{} {}: {}", opened.role, opened.path, finding.reason);
        let remark = Remark { severity: finding.severity.into(), reason, help: finding.help };
        (finding.rule.name(), remark)
    };
    found.into_iter().map(remark).collect()
}
