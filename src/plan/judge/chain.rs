//! Each certificate of a chain is signed by the next one: clients that go by RFC 5246 follow it in that order.

use super::finding::{Remark, error};
use super::subject::Lone;
use crate::formats::certificate::Certificate;

pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    let keys = lone.store.keys.iter().filter(|_| lone.role.is_keystore());
    keys.filter_map(|key| broken(&key.chain)).collect()
}

pub(super) fn broken(chain: &[Certificate]) -> Option<Remark> {
    let help = "put the node's own certificate first, then each issuer after the one that it signed";
    chain.windows(2).find_map(|pair| {
        let (certificate, next) = (&pair[0], &pair[1]);
        if certificate.issuer != next.subject {
            let reason = format!(
                "its chain is not in order: after {} comes {}, and its issuer is {}",
                certificate.subject, next.subject, certificate.issuer
            );
            return Some(error(reason, help));
        }
        (next.verifies(certificate) == Some(false)).then(|| {
            let reason = format!(
                "its chain is broken: {} is not signed by the {} that comes after it",
                certificate.subject, next.subject
            );
            error(
                reason,
                "take the CA's certificate of the key that signed the node's: there are two of one name",
            )
        })
    })
}
