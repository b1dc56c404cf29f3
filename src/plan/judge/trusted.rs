//! Does what a truststore trusts lead to a certificate? Asked of stores at hand, and of what was only seen on a node.

use crate::facts::NodeFacts;
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
    Seen(&'a Seen),
}

/// What its ports were seen to show.
#[derive(Default)]
pub struct Seen {
    /// Fingerprints of its own certificates, and of all that it showed behind them.
    certificates: BTreeSet<String>,
    /// Who signed the last of a chain, and whether that was the root.
    ends: BTreeSet<(String, bool)>,
}

impl Seen {
    pub fn of(facts: &NodeFacts) -> Seen {
        let mut seen = Seen::default();
        for shows in facts.shows.values().filter(|shows| shows.tls) {
            seen.certificates.extend(shows.certificate.iter().chain(&shows.issuers).cloned());
            seen.ends.extend(shows.issuer.iter().map(|issuer| (issuer.clone(), shows.is_whole)));
        }
        seen
    }

    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }
}

pub fn leads(anchors: Anchors<'_>, shown: Shown<'_>) -> bool {
    match (anchors, shown) {
        (Anchors::OfStore(store), Shown::Chain(chain)) => {
            store.anchors().any(|anchor| is_in(chain, &anchor.sha256) || signs_the_last(anchor, chain))
        }
        (Anchors::OfStore(store), Shown::Seen(seen)) => {
            store.anchors().any(|anchor| signed(&anchor.sha256, &anchor.subject, seen))
        }
        (Anchors::Seen(trusts), Shown::Chain(chain)) => {
            let issuer = chain.last().filter(|last| !last.is_self_signed()).map(|last| &last.issuer);
            trusts.iter().any(|(sha256, subject)| is_in(chain, sha256) || Some(subject) == issuer)
        }
        (Anchors::Seen(trusts), Shown::Seen(seen)) => {
            trusts.iter().any(|(sha256, subject)| signed(sha256, subject, seen))
        }
    }
}

/// Whether whoever knows the CA of what was shown knows that of a chain too. A root has to be the same; where one of the
/// two leaves it out, there is its name.
pub fn is_of_one_ca(shown: Shown<'_>, chain: &[Certificate]) -> bool {
    let Some(last) = chain.last() else { return false };
    let is_end = |issuer: &str, is_whole: bool| issuer == last.issuer && !(is_whole && last.is_self_signed());
    match shown {
        Shown::Chain(before) => {
            before.iter().any(|certificate| is_in(chain, &certificate.sha256))
                || before.last().is_some_and(|end| is_end(&end.issuer, end.is_self_signed()))
        }
        Shown::Seen(seen) => {
            seen.certificates.iter().any(|sha256| is_in(chain, sha256))
                || seen.ends.iter().any(|(issuer, is_whole)| is_end(issuer, *is_whole))
        }
    }
}

fn is_in(chain: &[Certificate], sha256: &str) -> bool {
    chain.iter().any(|certificate| certificate.sha256 == sha256)
}

/// A chain may leave out its root.
fn signed(sha256: &str, subject: &str, seen: &Seen) -> bool {
    seen.certificates.contains(sha256) || seen.ends.contains(&(subject.to_owned(), false))
}

/// The same, where the key of the root is at hand.
fn signs_the_last(anchor: &Certificate, chain: &[Certificate]) -> bool {
    chain.last().is_some_and(|last| last.issuer == anchor.subject && anchor.verifies(last) != Some(false))
}
