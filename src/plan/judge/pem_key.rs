//! A private key in PEM is one that Cassandra's `PEMReader` can read with the node's Java: the node would not start otherwise.

use super::finding::{Remark, error, warning};
use super::pem_factory::is_cassandras;
use super::subject::OnNode;
use crate::formats::store::{KeyCipher, StoreKind};

const ANEW: &str = "write the key anew, with the same password: \
    `(openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in FILE; sed -n '/BEGIN CERT/,/END CERT/p' FILE) >NEW`";
/// The first Java whose `EncryptedPrivateKeyInfo` tells of PBES2 what Cassandra asks it for (JDK-8286428).
const READS_PBES2: u32 = 19;

/// `PEMReader.extractPrivateKey`: it decrypts whenever there is a `keystore_password`, and a playbook always brings one;
/// then it tries RSA, DSA and EC.
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let store = subject.lone.store;
    if store.kind != StoreKind::Pem || !subject.lone.role.is_keystore() || !is_cassandras(subject) {
        return Vec::new();
    }
    algorithm(subject).into_iter().chain(encryption(subject, store.key_cipher)).collect()
}

fn algorithm(subject: &OnNode<'_>) -> Option<Remark> {
    let leaf = subject.lone.leaf()?;
    let is_known = ["RSA", "DSA", "EC"].contains(&leaf.key.split(' ').next()?);
    (!is_known).then(|| {
        error(
            format!("its private key is {}, and Cassandra reads RSA, DSA and EC from PEM", leaf.key),
            "make the node another key, or bring this one as PKCS12 without `ssl_context_factory`",
        )
    })
}

fn encryption(subject: &OnNode<'_>, cipher: Option<KeyCipher>) -> Option<Remark> {
    match (cipher, subject.seen.java.as_deref()) {
        (None, _) if subject.lone.store.keys.is_empty() => None,
        (None, _) => Some(error(
            "its private key is not encrypted, and Cassandra would decrypt it with `keystore_password` and not start",
            ANEW,
        )),
        (Some(KeyCipher::TripleDes), _) => None,
        (Some(KeyCipher::Aes), Some(java)) => (feature(java)? < READS_PBES2).then(|| {
            error(
                format!(
                    "its private key is encrypted with PBES2, which Cassandra cannot read on the node's Java {java} \
                     (on {READS_PBES2} and later it can)"
                ),
                ANEW,
            )
        }),
        (Some(KeyCipher::Aes), None) => Some(warning(
            format!(
                "its private key is encrypted with PBES2, which Cassandra reads on Java {READS_PBES2} and later only, \
                 and which Java the node has is not known"
            ),
            ANEW,
        )),
    }
}

/// `17` of `17.0.15`, `8` of `1.8.0_292`.
fn feature(java: &str) -> Option<u32> {
    let mut numbers = java.split(['.', '_', '+', '-']).map_while(|part| part.parse().ok());
    match numbers.next()? {
        1 => numbers.next(),
        feature => Some(feature),
    }
}

#[cfg(test)]
mod tests {
    use super::feature;

    #[test]
    fn the_feature_release_is_the_first_number_but_for_one_point() {
        for (java, expected) in [
            ("1.8.0_292", Some(8)),
            ("11.0.13", Some(11)),
            ("17", Some(17)),
            ("21-ea", Some(21)),
            ("none", None),
        ] {
            assert_eq!(feature(java), expected, "{java}");
        }
    }
}
