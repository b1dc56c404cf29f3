//! A leaf may be used by a TLS server: every client that checks a chain refuses it otherwise.

use super::finding::{Remark, error};
use super::subject::Lone;
use crate::formats::certificate::Certificate;
use crate::formats::usage::Usage;

pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    lone.leaf().and_then(remark).into_iter().collect()
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
    let help = "issue it with `extendedKeyUsage=serverAuth,clientAuth` and `keyUsage=digitalSignature,keyEncipherment`";
    Some(error(reason, help))
}
