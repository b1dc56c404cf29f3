//! No plain port stands beside the TLS port.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;

/// With two ports the plain one is plain whatever the options say (`NativeTransportService`; measured).
pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let native = &subject.seen.facts.native;
    let Some(port_ssl) = native.port_ssl else { return Vec::new() };
    if !subject.seen.ports.get(&native.port).is_some_and(|port| port.open) {
        return Vec::new();
    }
    let plain = native.port;
    vec![remark(
        Severity::Warning,
        format!(
            "port {plain} serves plaintext beside the TLS port {port_ssl}, and is what drivers learn of peers"
        ),
        "serve TLS on the one port: `native_transport_port_ssl: null` in a phase of a playbook; or let a firewall close \
         the plain one",
    )]
}
