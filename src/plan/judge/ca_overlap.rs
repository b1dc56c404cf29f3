//! A CA changes in three passes: what a node shows is trusted by whoever knew the CA of before, and of after.

use super::finding::{Remark, error, warning};
use super::shared_path;
use super::subject::OnNode;
use super::trusted::{Anchors, Shown, is_of_one_ca, leads};
use crate::plan::step::StoreName;
use std::collections::BTreeMap;

/// Whom clients trust is known only by `client_truststores`, which have a rule of their own. Else they are taken to know
/// the CA of what the node shows before, and all that its truststore has.
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    if subject.stands() {
        return Vec::new();
    }
    let role = subject.lone.role;
    let is_guessed = subject.client_truststores.is_empty();
    let for_clients = match role {
        StoreName::Keystore if is_guessed => new_leaf(subject),
        StoreName::Truststore if is_guessed => dropped_ca(subject),
        StoreName::Keystore | StoreName::Truststore => None,
        StoreName::InternodeKeystore | StoreName::InternodeTruststore => None,
    };
    let for_nodes = match role {
        StoreName::InternodeKeystore => new_internode_leaf(subject),
        StoreName::InternodeTruststore => dropped_internode_ca(subject),
        // One store for both: what clients are shown, nodes are shown.
        StoreName::Keystore if shared_path::is_nodes_keystore(subject) => new_internode_leaf(subject),
        StoreName::Keystore | StoreName::Truststore => None,
    };
    for_clients.into_iter().chain(for_nodes).collect()
}

fn new_leaf(subject: &OnNode<'_>) -> Option<Remark> {
    let (chain, shown) = (subject.chain()?, subject.before.shows?);
    let is_trusted = subject.before.trusts.is_some_and(|trusted| leads(trusted, Shown::Chain(chain)));
    if is_trusted || is_of_one_ca(shown, chain) {
        return None;
    }
    let reason = format!(
        "its issuer, {}, is not the CA of what the node shows before, and is not in the truststore of before: clients that \
         trust the old CA alone refuse this node",
        chain.last()?.issuer
    );
    Some(error(
        reason,
        "put a phase before it whose truststore has the old CA and the new one (`trust-both` in docs/rotate-ca.md), or name \
         truststores of clients that have the new one in `client_truststores`",
    ))
}

/// The nodes that have not had their turn know this one by the truststores that stand on them.
fn new_internode_leaf(subject: &OnNode<'_>) -> Option<Remark> {
    let chain = subject.chain()?;
    let knows = |trusts: &BTreeMap<String, String>| leads(Anchors::Seen(trusts), Shown::Chain(chain));
    if subject.others_trust.iter().all(|trusts| knows(trusts)) {
        return None;
    }
    let reason = format!(
        "its issuer, {}, is not in the internode truststores that other nodes have today: those that have not had their \
         turn would refuse this node, and it them",
        chain.last()?.issuer
    );
    Some(error(
        reason,
        "bring a truststore with the old CA and the new one first, with the keystores of today, in a run of its own \
         (docs/internode.md)",
    ))
}

/// A node that has had its turn meets leaves of before until the last one has: whoever signed those must stay. Who did is
/// not known, so that a CA which is dropped beside one that stays is for the operator to judge.
fn dropped_internode_ca(subject: &OnNode<'_>) -> Option<Remark> {
    let speak_tls = subject.on.root.as_ref().is_some_and(shared_path::speaks_tls);
    let trusts =
        subject.seen.internode_trusts.as_ref().filter(|_| speak_tls && subject.internode_leaves_change)?;
    let anchors = || subject.lone.store.anchors();
    let is_kept = |(sha256, name): &(&String, &String)| {
        anchors().any(|anchor| anchor.sha256 == **sha256 || anchor.subject == **name)
    };
    let (kept, dropped): (Vec<_>, Vec<_>) = trusts.iter().partition(is_kept);
    let (_, name) = dropped.first()?;
    let reason = format!(
        "drops {name}, which the node trusts today, while the keystores change too: if it signed what other nodes show still, \
         the first node to have both refuses them, and is cut off from the ring"
    );
    let help = "bring the new keystores first, with a truststore that has the old CA and the new one, and this truststore in a \
                run of its own (docs/internode.md)";
    Some(if kept.is_empty() { error(reason, help) } else { warning(reason, help) })
}

/// Only where the stores of before belong together: servers and clients may have different CAs.
fn dropped_ca(subject: &OnNode<'_>) -> Option<Remark> {
    // That it trusts nobody at all is said by another rule.
    let trusts_nobody = subject.lone.store.anchors().next().is_none();
    if trusts_nobody || !leads(subject.before.trusts?, subject.before.shows?) {
        return None;
    }
    let shown = subject.shows_with_it.or(subject.before.shows)?;
    if leads(Anchors::OfStore(subject.lone.store), shown) {
        return None;
    }
    Some(error(
        "drops the CA of the certificate that the node shows still: whoever trusts by it refuses this node",
        "put a phase before it whose keystores are of the new CA (`new-leaves` in docs/rotate-ca.md)",
    ))
}
