//! A leaf may be used by a TLS server: every client that checks a chain refuses it otherwise.

use super::finding::{Remark, error, warning};
use super::subject::{Lone, OnNode};
use crate::formats::certificate::Certificate;
use crate::formats::usage::Usage;
use crate::input::options::OptionKey;

const HELP: &str =
    "issue it with `extendedKeyUsage=serverAuth,clientAuth` and `keyUsage=digitalSignature,keyEncipherment`";

pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    lone.leaf().and_then(remark).into_iter().collect()
}

/// A node shows its leaf as a client, too, to every node that it connects to.
pub fn between_nodes(subject: &OnNode<'_>) -> Vec<Remark> {
    let leaf = subject.lone.leaf().filter(|_| subject.lone.role.is_internode());
    let Some(leaf) = leaf.filter(|leaf| leaf.usages.is_some_and(|usages| !usages.client)) else {
        return Vec::new();
    };
    let asked = subject.option(OptionKey::RequireClientAuth);
    let is_asked =
        asked.iter().flatten().any(|said| ["true", "yes", "on"].contains(&said.to_lowercase().as_str()));
    let reason = format!("{} is not for a TLS client: its extended key usage lacks clientAuth", leaf.subject);
    vec![match is_asked {
        true => error(format!("{reason}, and other nodes ask for it (`require_client_auth`)"), HELP),
        false => warning(format!("{reason}, which nodes with `require_client_auth` ask of each other"), HELP),
    }]
}

pub(super) fn remark(leaf: &Certificate) -> Option<Remark> {
    let what = if leaf.usages.is_some_and(|usages| !usages.server) {
        "its extended key usage lacks serverAuth"
    } else if !Usage::of(leaf).allows_handshakes {
        "its key usage allows neither signatures nor key exchange"
    } else {
        return None;
    };
    let reason = format!("{} is not for a TLS server: {what}", leaf.subject);
    Some(error(reason, HELP))
}
