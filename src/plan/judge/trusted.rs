//! Does what a truststore trusts lead to a certificate? Asked of stores at hand, and of what was only seen on a node.

use crate::formats::certificate::Certificate;
use crate::formats::store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// Whom a truststore trusts.
#[derive(Clone, Copy)]
pub enum Anchors<'a> {
    OfStore(&'a Store),
    /// Subjects by fingerprint.
    Seen(&'a BTreeMap<String, String>),
}

/// What a node shows.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    Chain(&'a [Certificate]),
    /// Fingerprints of all that it showed behind its leaf.
    Seen(&'a BTreeSet<String>),
}

pub fn leads(anchors: Anchors<'_>, shown: Shown<'_>) -> bool {
    match (anchors, shown) {
        (Anchors::OfStore(store), Shown::Chain(chain)) => {
            store.anchors().any(|anchor| is_in(chain, &anchor.sha256) || signs_the_last(anchor, chain))
        }
        (Anchors::OfStore(store), Shown::Seen(shown)) => {
            store.anchors().any(|anchor| shown.contains(&anchor.sha256))
        }
        (Anchors::Seen(trusts), Shown::Chain(chain)) => {
            let issuer = chain.last().map(|last| &last.issuer);
            trusts.iter().any(|(sha256, subject)| is_in(chain, sha256) || Some(subject) == issuer)
        }
        (Anchors::Seen(trusts), Shown::Seen(shown)) => trusts.keys().any(|sha256| shown.contains(sha256)),
    }
}

fn is_in(chain: &[Certificate], sha256: &str) -> bool {
    chain.iter().any(|certificate| certificate.sha256 == sha256)
}

/// A chain may leave out its root.
fn signs_the_last(anchor: &Certificate, chain: &[Certificate]) -> bool {
    chain.last().is_some_and(|last| last.issuer == anchor.subject && anchor.verifies(last) != Some(false))
}
