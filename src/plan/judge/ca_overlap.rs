//! A CA changes in three passes: what a node shows is trusted by whoever has the truststore of before, and of after.

use super::finding::{Remark, error};
use super::subject::OnNode;
use super::trusted::{Anchors, Shown, leads};
use crate::plan::step::StoreName;

/// Only where the stores of before belong together: servers and clients may have different CAs, and then no truststore of
/// a node leads to what nodes show.
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    if subject.stands() {
        return Vec::new();
    }
    let (Some(trusted), Some(shown)) = (subject.before.trusts, subject.before.shows) else {
        return Vec::new();
    };
    if !leads(trusted, shown) {
        return Vec::new();
    }
    match subject.lone.role {
        StoreName::Keystore => new_leaf(subject, trusted),
        StoreName::Truststore => dropped_ca(subject),
        StoreName::InternodeKeystore | StoreName::InternodeTruststore => Vec::new(),
    }
}

fn new_leaf(subject: &OnNode<'_>, trusted: Anchors<'_>) -> Vec<Remark> {
    let Some(chain) = subject.chain().filter(|chain| !leads(trusted, Shown::Chain(chain))) else {
        return Vec::new();
    };
    let issuer = chain.last().map_or("", |last| &last.issuer);
    let reason = format!(
        "its issuer, {issuer}, is not in the truststore of before: whoever trusts by that one refuses this node"
    );
    vec![error(
        reason,
        "put a phase before it whose truststore has the old CA and the new one (`trust-both` in docs/rotate-ca.md)",
    )]
}

fn dropped_ca(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(shown) = subject.shows_with_it else { return Vec::new() };
    if leads(Anchors::OfStore(subject.lone.store), shown) {
        return Vec::new();
    }
    vec![error(
        "drops the CA of the certificate that the node shows still: whoever trusts by it refuses this node",
        "put a phase before it whose keystores are of the new CA (`new-leaves` in docs/rotate-ca.md)",
    )]
}
