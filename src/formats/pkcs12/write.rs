//! PKCS12, written as Java reads it: a key with its chain, and certificates that bear Oracle's attribute of trust.

use super::store_error;
use crate::formats::certificate::Certificate;
use crate::formats::contents::{Contents, KeyEntry, StoreError, names_differ};
use crate::secret::Secret;
use p12_keystore::{EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain};
use zeroize::Zeroizing;

/// How the store is encrypted and sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strength {
    /// AES-256 and HMAC-SHA-256, 10,000 rounds: what keytool writes since JDK 16.
    #[default]
    Modern,
    /// Triple DES and HMAC-SHA-1: for a Java 8 before 8u301, which cannot read the other (JDK-8267701).
    Legacy,
}

pub fn write(
    contents: &Contents,
    password: &Secret,
    strength: Strength,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    names_differ(contents)?;
    let mut store = KeyStore::new();
    for entry in &contents.keys {
        linked(entry)?;
        let key = PrivateKey::from_der(entry.key.as_pkcs8()).map_err(store_error)?;
        let chain = entry.chain.iter().map(certificate).collect::<Result<Vec<_>, _>>()?;
        // It ties the key to its certificate, and need only be unique within the store.
        let local_key_id = entry.alias.as_bytes();
        let chain = PrivateKeyChain::new(local_key_id, key, chain);
        store.add_entry(&entry.alias, KeyStoreEntry::PrivateKeyChain(chain));
    }
    for (alias, trusted) in &contents.trusted {
        store.add_entry(alias, KeyStoreEntry::Certificate(certificate(trusted)?));
    }
    let writer = store.writer(password.expose());
    let writer = match strength {
        Strength::Modern => writer,
        Strength::Legacy => writer
            .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
            .mac_algorithm(MacAlgorithm::HmacSha1),
    };
    writer.write().map(Zeroizing::new).map_err(store_error)
}

fn certificate(certificate: &Certificate) -> Result<p12_keystore::Certificate, StoreError> {
    p12_keystore::Certificate::from_der(&certificate.der).map_err(store_error)
}

/// PKCS12 has no chains: a reader makes them anew by the names of issuers, and would lose what they do not lead to.
fn linked(entry: &KeyEntry) -> Result<(), StoreError> {
    match entry.chain.windows(2).all(|pair| pair[0].issuer == pair[1].subject) {
        true => Ok(()),
        false => Err(StoreError::NotWritable {
            alias: entry.alias.clone(),
            why: "a certificate of its chain is not followed by its issuer",
        }),
    }
}
