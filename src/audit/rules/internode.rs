//! How nodes talk to each other, and whether the wire agrees with the file.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let help = "4.0 and later: first `optional: true`, then `internode_encryption: all`, node by node";
    let notice = |reason: String| vec![remark(Severity::Notice, reason, help)];
    let encryption = subject.internode_encryption();
    let wire = subject.internode_wire();
    if encryption != "none"
        && let Some(port) = wire.filter(|port| port.open && port.served.is_none())
    {
        let what = if port.plaintext { "plaintext" } else { "no TLS" };
        return vec![remark(
            Severity::Error,
            format!(
                "cassandra.yaml says `internode_encryption: {encryption}`, and port {} serves {what}",
                subject.internode_port()
            ),
            "restart the node: `restart: always` in a playbook does it safely",
        )];
    }
    match encryption {
        "none" => notice("nodes talk to each other in plaintext (`internode_encryption: none`)".into()),
        "all" if subject.internode_flag("optional") == Some(true) => {
            notice("nodes talk TLS to each other, and plaintext is still taken (`optional: true`)".into())
        }
        "all" => Vec::new(),
        part => notice(format!("nodes talk TLS to each other in part (`internode_encryption: {part}`)")),
    }
}
