//! A leaf may be used by a TLS server: every client that checks a chain refuses it otherwise.

use super::finding::{Remark, error};
use super::subject::Lone;
use crate::formats::usage::{ServerUse, Usage};

pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    let Some(leaf) = lone.leaf() else { return Vec::new() };
    let what = match Usage::of(leaf).server {
        ServerUse::Allowed => return Vec::new(),
        ServerUse::NotForServers => "its extended key usage lacks serverAuth",
        ServerUse::NotForHandshakes => "its key usage allows neither signatures nor key exchange",
    };
    let reason = format!("{} is not for a TLS server: {what}", leaf.subject);
    vec![error(
        reason,
        "issue it with `extendedKeyUsage=serverAuth,clientAuth` and `keyUsage=digitalSignature,keyEncipherment`",
    )]
}
