//! The CA of a keystore is in the truststore that comes with it, unless servers and clients have different CAs.

use super::finding::{Remark, warning};
use super::subject::OnNode;

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let chain = match &subject.lone.store.keys[..] {
        [key] if subject.lone.leaf().is_some() => &key.chain,
        _ => return Vec::new(),
    };
    let (Some(truststore), Some(last)) = (subject.truststore, chain.last()) else { return Vec::new() };
    if truststore.trusted.is_empty() && truststore.keys.is_empty() {
        // That it trusts nobody at all is said by another rule.
        return Vec::new();
    }
    let own = truststore.keys.iter().filter_map(|key| key.chain.first());
    let mut trusted = truststore.trusted.iter().map(|(_, certificate)| certificate).chain(own);
    let known = trusted.any(|trusted| {
        chain.iter().any(|certificate| certificate.sha256 == trusted.sha256)
            || (last.issuer == trusted.subject && trusted.verifies(last) != Some(false))
    });
    if known {
        return Vec::new();
    }
    vec![warning(
        format!(
            "its issuer, {}, is not in the truststore: what trusts by that truststore refuses this node",
            last.issuer
        ),
        "add the CA to the truststore, or the missing issuer to the keystore's chain; nothing to do if clients' certificates have another CA",
    )]
}
