//! A phase that takes a node back to what lets in more, or turns TLS off: possible where the playbook says so, and never
//! by a playbook that was only old.

use super::ports::ClientOptions;
use crate::diagnostic::Diagnostic;
use crate::facts::NodeFacts;
use crate::facts::policy::Policy;
use crate::input::Input;

/// What the client ports of a node take, all together.
pub(super) struct Takes {
    plaintext: bool,
    tls: bool,
    without_certificate: bool,
}

impl Takes {
    pub(super) fn of(options: &ClientOptions, facts: &NodeFacts) -> Takes {
        let policy = options.policy(facts);
        let has_plain_port = options.port_ssl.is_some_and(|port| port != facts.native.port);
        Takes {
            plaintext: has_plain_port || policy.accepts_plaintext(),
            tls: policy.accepts_tls(),
            without_certificate: !options.require_client_auth,
        }
    }

    /// Clients in plaintext, which the node refused before.
    pub(super) fn lets_plaintext_in_beside(&self, before: &Takes) -> bool {
        !before.plaintext && self.plaintext
    }

    /// Clients without a certificate, which the node refused before.
    pub(super) fn lets_anyone_in_beside(&self, before: &Takes) -> bool {
        before.tls && !before.without_certificate && self.without_certificate
    }
}

/// What speaks against taking a node from these options to those in a phase.
pub fn problem(
    input: &Input,
    phase: usize,
    facts: &NodeFacts,
    was: &ClientOptions,
    becomes: &ClientOptions,
) -> Option<Diagnostic> {
    let (before, after) = (Takes::of(was, facts), Takes::of(becomes, facts));
    let what = if before.tls && !after.tls {
        "turn TLS off"
    } else if after.lets_plaintext_in_beside(&before) {
        "let plaintext in again"
    } else if after.lets_anyone_in_beside(&before) {
        "let clients in again that show no certificate"
    } else {
        return None;
    };
    let wished = &input.playbook.phases[phase];
    let place = format!("phases[{phase}].name");
    let refuse =
        |message: String, help: &str| Some(input.playbook.source.diagnostic_of(&place, message, help));
    let node = &facts.node;
    if !wished.goes_back {
        let message = format!("phase `{}` would {what} on `{node}`", wished.name);
        return refuse(message, "write `goes_back: true` in the phase if the cluster is meant to go back");
    }
    // Neither kind of client would find a quorum of nodes that serve it.
    if !before.plaintext && !after.tls {
        let message = format!("phase `{}` would take `{node}` from TLS only to plaintext only", wished.name);
        let help = "put a phase before it with `{ enabled: true, optional: true }`, which serves both";
        return refuse(message, help);
    }
    None
}

/// Whom the way back no longer lets in.
pub(super) fn shuts_out(before: Policy, after: Policy) -> impl Iterator<Item = &'static str> {
    let tls = "TLS is turned off again: a client that speaks nothing but TLS by now is not served any more";
    let plaintext =
        "plaintext is refused again: a client that speaks plaintext by now is not served any more";
    let no_tls = (before.accepts_tls() && !after.accepts_tls()).then_some(tls);
    no_tls.into_iter().chain((before.accepts_plaintext() && !after.accepts_plaintext()).then_some(plaintext))
}
