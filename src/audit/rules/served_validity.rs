//! What a port serves is valid now and for a while to come. Where it is what stands on disk, the rule for stores tells it.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;
use crate::formats::certificate::Certificate;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let client = subject.served_leaf().filter(|leaf| !is(subject.leaf_on_disk(), leaf));
    let internode_store = subject.internode_keystore.as_ref().and_then(|opened| opened.store()?.leaf());
    let internode = subject
        .internode_wire()
        .and_then(|port| port.served.as_ref()?.chain.first())
        .filter(|leaf| !is(internode_store, leaf));
    client.into_iter().chain(internode).filter_map(|leaf| ends(subject, leaf)).collect()
}

fn is(on_disk: Option<&Certificate>, served: &Certificate) -> bool {
    on_disk.is_some_and(|on_disk| on_disk.sha256 == served.sha256)
}

fn ends(subject: &Subject<'_>, leaf: &Certificate) -> Option<Remark> {
    let help = "issue a new one and rotate: docs/rotate.md";
    let left_s = leaf.not_after.as_second() - subject.now.as_second();
    let days = subject.days_until(leaf.not_after);
    let day = leaf.not_after.strftime("%Y-%m-%d");
    if left_s < 0 {
        let reason = format!("serves {}, which ended on {day}", leaf.subject);
        return Some(remark(Severity::Error, reason, help));
    }
    let is_soon = u64::try_from(left_s).is_ok_and(|left_s| left_s < subject.expiry_warning.as_secs());
    is_soon.then(|| {
        let reason = format!("serves {}, which ends in {days} days, on {day}", leaf.subject);
        remark(Severity::Warning, reason, help)
    })
}
