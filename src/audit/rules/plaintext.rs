//! Clients are served in TLS only.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::mode::Mode;
use crate::audit::subject::Subject;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let port = subject.tls_port();
    match subject.mode_on_wire() {
        Some(Mode::Off) => vec![remark(
            Severity::Error,
            format!("port {port} serves plaintext only: passwords and data cross the network readable"),
            "take the cluster to TLS: `ringwalk plan` with a playbook such as playbooks/enable-staged.yaml",
        )],
        Some(Mode::Accept) => vec![remark(
            Severity::Warning,
            format!("port {port} takes plaintext beside TLS"),
            "once no client speaks plaintext any more, go on to `optional: false`",
        )],
        Some(Mode::Require | Mode::Mutual) | None => Vec::new(),
    }
}
