//! A port serves the certificate that stands in its keystore.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;
use crate::facts::version::Version;
use crate::formats::certificate::Certificate;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let client = differs(subject, "clients", subject.served_leaf(), subject.leaf_on_disk());
    let internode = subject.internode_keystore.as_ref().and_then(|opened| opened.store()?.leaf());
    let served = subject.internode_wire().and_then(|port| port.served.as_ref()?.chain.first());
    client.into_iter().chain(differs(subject, "other nodes", served, internode)).collect()
}

fn differs(
    subject: &Subject<'_>,
    whom: &str,
    served: Option<&Certificate>,
    on_disk: Option<&Certificate>,
) -> Option<Remark> {
    let (served, on_disk) = (served?, on_disk?);
    if served.sha256 == on_disk.sha256 {
        return None;
    }
    let reason = format!(
        "serves {whom} {} (sha256 {}, until {}), and its keystore holds {} (sha256 {}, until {})",
        served.subject,
        &served.sha256[..16],
        day(served),
        on_disk.subject,
        &on_disk.sha256[..16],
        day(on_disk)
    );
    let facts = &subject.seen.facts;
    let help = match facts.flavour.apache_base(facts.version) >= Version::new(4, 0, 0) {
        true => {
            "take it up: `nodetool reloadssl` on the node, or `ringwalk apply` with the playbook that brought it"
        }
        false => "take it up by a restart: before 4.0 nothing else does",
    };
    Some(remark(Severity::Error, reason, help))
}

fn day(certificate: &Certificate) -> String {
    certificate.not_after.strftime("%Y-%m-%d").to_string()
}
