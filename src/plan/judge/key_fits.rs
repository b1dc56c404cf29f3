//! A private key and its certificate belong together, or no handshake comes to an end.

use super::finding::{Remark, error};
use super::subject::Lone;

pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    let keys = lone.store.keys.iter().filter(|_| lone.role.is_keystore());
    let pairs = keys.filter_map(|key| Some((key, key.chain.first()?)));
    let unfit = pairs.filter(|(key, leaf)| key.key.belongs_to(leaf) == Some(false));
    let remark =
        |(key, leaf): (&crate::formats::store::KeyEntry, &crate::formats::certificate::Certificate)| {
            error(
                format!(
                    "the private key `{}` is not the key of its certificate ({})",
                    key.alias, leaf.subject
                ),
                "make the store anew from a key and the certificate that was issued for it",
            )
        };
    unfit.map(remark).collect()
}
