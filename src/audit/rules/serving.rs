//! A node serves clients.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let facts = &subject.seen.facts;
    let port = subject.tls_port();
    let reason = match (&facts.process, subject.seen.ports.get(&port)) {
        (None, _) => "Cassandra does not run".to_owned(),
        (Some(_), Some(look)) if look.plaintext || look.served.is_some() => return Vec::new(),
        (Some(_), Some(look)) if look.open && !look.versions.is_empty() => {
            let reason = format!(
                "the client port {port} speaks TLS and agrees on no suite that ringwalk speaks, so its certificate was not \
                 seen"
            );
            let help = "add one of TLS 1.3, or one of ECDHE with AES-GCM, to `cipher_suites`";
            return vec![remark(Severity::Warning, reason, help)];
        }
        (Some(_), Some(look)) if look.open => {
            format!("something listens on the client port {port}, and serves neither CQL nor TLS")
        }
        (Some(_), _) => format!("the client port {port} is closed"),
    };
    vec![remark(Severity::Error, reason, format!("see its log in {}", facts.layout.log_dir))]
}
