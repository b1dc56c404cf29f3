//! A certificate is signed with a digest that clients still take.

use super::finding::{Remark, error, warning};
use super::subject::Lone;
use crate::formats::certificate::Certificate;

/// A root's own signature is looked at by nobody.
pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    lone.shown().filter_map(remark).collect()
}

pub(super) fn remark(certificate: &Certificate) -> Option<Remark> {
    if certificate.subject == certificate.issuer {
        return None;
    }
    let (subject, signature) = (&certificate.subject, certificate.signature.as_str());
    let help = "have it issued anew, signed with SHA-256";
    let is_of = |digests: &[&str]| digests.iter().any(|digest| signature.contains(digest));
    if is_of(&["MD2", "MD5"]) {
        let reason = format!("{subject} is signed by {signature}, which every client refuses");
        return Some(error(reason, help));
    }
    let reason = format!("{subject} is signed by {signature}, which OpenSSL 3, Go and browsers refuse");
    is_of(&["SHA-1"]).then(|| warning(reason, help))
}
