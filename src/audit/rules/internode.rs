//! How nodes talk to each other, and whether the wire agrees with the file.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;
use crate::facts::internode::Encrypts;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    if let Some(reason) = differs(subject) {
        let help = "restart the node: `restart: always` in a playbook does it safely";
        return vec![remark(Severity::Error, reason, help)];
    }
    let help = "4.0 and later: first `optional: true`, then `internode_encryption: all`, node by node";
    let notice = |reason: &str| vec![remark(Severity::Notice, reason, help)];
    let internode = &subject.internode;
    match internode.encrypts {
        Encrypts::None if internode.takes_tls() => {
            notice("nodes send plaintext to each other, and take TLS too (`internode_encryption: none`)")
        }
        Encrypts::None => notice("nodes talk to each other in plaintext (`internode_encryption: none`)"),
        Encrypts::All if internode.takes_plaintext() => {
            notice("nodes talk TLS to each other, and plaintext is still taken (`optional: true`)")
        }
        Encrypts::All => Vec::new(),
        part @ (Encrypts::Dc | Encrypts::Rack) => {
            notice(&format!("nodes talk TLS to each other in part (`internode_encryption: {part}`)"))
        }
    }
}

/// What a port shows that its file does not say.
fn differs(subject: &Subject<'_>) -> Option<String> {
    let internode = &subject.internode;
    let says = format!("cassandra.yaml says `internode_encryption: {}`", internode.encrypts);
    let tls = subject.internode_wire().filter(|port| port.open);
    if let Some(port) = tls.filter(|port| internode.takes_tls() && port.served.is_none()) {
        let what = if port.plaintext { "plaintext only" } else { "no TLS" };
        return Some(format!(
            "{says}, so that TLS is taken, and port {} serves {what}",
            subject.internode_port()
        ));
    }
    let plain = subject.internode_plain_wire().filter(|port| port.plaintext && !internode.takes_plaintext());
    plain.map(|_| format!("{says}, and port {} takes plaintext", subject.seen.facts.storage.port))
}
