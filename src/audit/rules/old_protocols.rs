//! No version of TLS is offered that RFC 8996 has retired.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;
use crate::facts::version::Version;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let Some(port) = subject.wire() else { return Vec::new() };
    let old: Vec<String> =
        port.versions.iter().filter(|version| version.is_old()).map(ToString::to_string).collect();
    if old.is_empty() {
        return Vec::new();
    }
    let facts = &subject.seen.facts;
    let help = match facts.flavour.apache_base(facts.version) >= Version::new(4, 0, 0) {
        true => "set `accepted_protocols: [TLSv1.2, TLSv1.3]` in a playbook's phase",
        false => "add them to `jdk.tls.disabledAlgorithms` of its Java",
    };
    vec![remark(Severity::Warning, format!("port {} takes {}", subject.tls_port(), old.join(" and ")), help)]
}
