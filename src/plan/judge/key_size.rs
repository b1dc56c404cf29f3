//! An RSA key is long enough for what clients ask today.

use super::finding::{Remark, error, warning};
use super::subject::Lone;
use crate::formats::certificate::Certificate;

/// `jdk.certpath.disabledAlgorithms` has `RSA keySize < 1024`; OpenSSL 3, Go and rustls ask for 2048.
pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    lone.shown().filter_map(remark).collect()
}

pub(super) fn remark(certificate: &Certificate) -> Option<Remark> {
    let bits = certificate.rsa_bits?;
    let help = "make a new key: RSA of 3072 bits, or EC P-256";
    let who = match bits {
        2048.. => return None,
        1024.. => "OpenSSL 3 and others refuse it",
        _ => "Java refuses it, and so do the others",
    };
    let reason = format!("{} has an RSA key of {bits} bits: {who}", certificate.subject);
    Some(if bits < 1024 { error(reason, help) } else { warning(reason, help) })
}
