//! No cipher suite is offered that anybody could break.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;
use crate::facts::suites::Strength;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let Some(port) = subject.wire() else { return Vec::new() };
    let of = |strength| -> Vec<&str> {
        port.weak.iter().filter(|suite| suite.strength == strength).map(|suite| suite.name).collect()
    };
    let help = "name the good ones in `cipher_suites` of a playbook's phase";
    let told = [
        (Strength::Broken, Severity::Error, "can be broken"),
        (Strength::Dated, Severity::Notice, "lack forward secrecy or use CBC"),
    ];
    let remark_of = |(strength, severity, what)| {
        let names = of(strength);
        (!names.is_empty()).then(|| {
            let port = subject.tls_port();
            remark(severity, format!("port {port} takes suites that {what}: {}", names.join(", ")), help)
        })
    };
    told.into_iter().filter_map(remark_of).collect()
}
