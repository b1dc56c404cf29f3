//! A certificate is signed with a digest that clients still take.

use super::finding::{Remark, error, warning};
use super::subject::Lone;
use crate::formats::usage::{Digest, Usage};

/// A root's own signature is looked at by nobody.
pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    let signed = lone.shown().filter(|certificate| certificate.subject != certificate.issuer);
    let remark = |certificate: &crate::formats::certificate::Certificate| {
        let help = "have it issued anew, signed with SHA-256";
        match Usage::of(certificate).digest {
            Digest::Strong => None,
            Digest::Sha1 => Some(warning(
                format!(
                    "{} is signed with SHA-1, which OpenSSL 3, Go and browsers refuse",
                    certificate.subject
                ),
                help,
            )),
            Digest::Md5 => Some(error(
                format!("{} is signed with MD5, which every client refuses", certificate.subject),
                help,
            )),
        }
    };
    signed.filter_map(remark).collect()
}
