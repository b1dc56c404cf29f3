//! The CA of a keystore is in the truststore that comes with it, unless servers and clients have different CAs.

use super::finding::{Remark, error, warning};
use super::subject::OnNode;
use super::trusted::{Anchors, Shown, leads};

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let (Some(chain), Some(truststore)) = (subject.chain(), subject.truststore) else { return Vec::new() };
    let Some(last) = chain.last() else { return Vec::new() };
    if truststore.anchors().next().is_none() {
        // That it trusts nobody at all is said by another rule.
        return Vec::new();
    }
    let known = leads(Anchors::OfStore(truststore), Shown::Chain(chain));
    if known {
        return Vec::new();
    }
    if subject.lone.role.is_internode() {
        return vec![error(
            format!(
                "its issuer, {}, is not in the truststore of the nodes: they would refuse each other",
                last.issuer
            ),
            "add the CA to the internode truststore, or the missing issuer to the keystore's chain",
        )];
    }
    vec![warning(
        format!(
            "its issuer, {}, is not in the truststore: what trusts by that truststore refuses this node",
            last.issuer
        ),
        "add the CA to the truststore, or the missing issuer to the keystore's chain; nothing to do if clients' certificates have another CA",
    )]
}
