//! Every client whose truststore is known accepts the certificate that a node is to show.

use super::super::material::ClientTruststore;
use super::finding::{Remark, error};
use super::subject::OnNode;
use super::trusted::{Anchors, Shown, leads};

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(chain) = subject.chain() else { return Vec::new() };
    let Some(last) = chain.last() else { return Vec::new() };
    let refuses =
        |truststore: &&ClientTruststore| !leads(Anchors::OfStore(&truststore.content), Shown::Chain(chain));
    let refused = |truststore: &ClientTruststore| {
        error(
            format!(
                "its issuer, {}, is not in {}: clients that trust by that would refuse the node",
                last.issuer, truststore.file
            ),
            "give those clients a truststore with that CA first, and name it in `client_truststores` in place of the old one",
        )
    };
    subject.client_truststores.iter().filter(refuses).map(refused).collect()
}
