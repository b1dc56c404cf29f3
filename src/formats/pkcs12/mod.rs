//! PKCS12, with its bags put together as Java's `sun.security.pkcs12.PKCS12KeyStore` does it.

mod inside;
pub mod outside;
pub mod write;

use super::certificate::Certificate;
use super::contents::{Contents, KeyEntry, PrivateKeyDer, StoreError, certificate};
use crate::secret::Secret;
use p12_keystore::error::Error;
use p12_keystore::{CertificateBag, Pkcs12Archive, PrivateKeyBag};
use zeroize::Zeroizing;

/// Java follows issuers as long as it finds them, and its TLS takes no chain that is longer
/// (`jdk.tls.maxCertificateChainLength`).
const CHAIN_LIMIT: usize = 10;

/// Cassandra uses one. Each key gets copies of its chain, so that many keys would multiply one large certificate.
const KEY_LIMIT: usize = 16;

/// Reads keys with their chains, and trusted certificates: those that carry Oracle's attribute for it, whatever it says. A certificate
/// that `openssl pkcs12 -export -nokeys` puts into a store does not, and is not trusted by Java either (measured).
pub fn read(bytes: &[u8], password: &Secret) -> Result<Contents, StoreError> {
    outside::bounded([bytes])?;
    // The reader below opens keys in an encrypted safe as it comes upon them, however much work each of them asks for.
    let safes = inside::safes(bytes, password);
    let encrypted = safes.iter().filter(|safe| safe.was_encrypted).map(|safe| safe.bags.as_slice());
    outside::bounded([bytes].into_iter().chain(encrypted))?;
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.expose())
        .map_err(|error| key_password_differs(bytes, &error).unwrap_or_else(|| store_error(error)))?;
    if archive.keys.len() > KEY_LIMIT {
        return Err(StoreError::Unsupported("more than sixteen private keys"));
    }
    let mut unnamed = 0;
    let mut alias_of = |name: &Option<String>| {
        name.clone().unwrap_or_else(|| {
            unnamed += 1;
            unnamed.to_string()
        })
    };
    let mut certificates = Vec::new();
    for bag in &archive.certs {
        let alias = bag.friendly_name.as_deref().unwrap_or_else(|| bag.cert.subject());
        certificates.push(certificate(alias, bag.cert.as_der())?);
    }
    let mut contents = Contents::default();
    for bag in &archive.keys {
        let leaf = leaf_of(bag, &archive);
        let key = PrivateKeyDer::from_pkcs8(Zeroizing::new(bag.key.as_der().to_vec()))
            .ok_or(StoreError::Damaged("a private key is not PKCS#8"))?;
        let chain = leaf.map(|index| chain(&certificates, index)).unwrap_or_default();
        contents.keys.push(KeyEntry { alias: alias_of(&bag.friendly_name), chain, key });
    }
    let trusted = inside::trusted(&safes);
    if trusted.len() != archive.certs.len() {
        return Err(StoreError::Damaged("its safes cannot be told apart"));
    }
    for ((bag, certificate), trusted) in archive.certs.iter().zip(&certificates).zip(trusted) {
        let is_of_a_chain = contents.keys.iter().any(|key| key.chain.contains(certificate));
        match trusted {
            true => contents.trusted.push((alias_of(&bag.friendly_name), certificate.clone())),
            false if !is_of_a_chain => contents.ignored.push(certificate.clone()),
            false => {}
        }
    }
    Ok(contents)
}

/// Key and certificate belong together by their key id. Where there is one key only, Java takes the first certificate
/// for its own if the ids are missing.
fn leaf_of(key: &PrivateKeyBag, archive: &Pkcs12Archive) -> Option<usize> {
    let has_id_of_key = |bag: &CertificateBag| match (&key.local_key_id, &bag.local_key_id) {
        (Some(key), Some(certificate)) => key.as_ref() == certificate.as_slice(),
        (Some(_) | None, Some(_) | None) => false,
    };
    let by_id = archive.certs.iter().position(has_id_of_key);
    let first_has_no_id = archive.certs.first().is_some_and(|bag| bag.local_key_id.is_none());
    let is_only_one = archive.keys.len() == 1 && key.local_key_id.is_none() && first_has_no_id;
    by_id.or(is_only_one.then_some(0))
}

fn chain(certificates: &[Certificate], leaf: usize) -> Vec<Certificate> {
    let mut chain = vec![certificates[leaf].clone()];
    while chain.len() < CHAIN_LIMIT {
        let last = &chain[chain.len() - 1];
        let issuer = certificates.iter().find(|candidate| candidate.subject == last.issuer);
        match issuer {
            Some(issuer) if !chain.contains(issuer) => chain.push(issuer.clone()),
            Some(_) | None => break,
        }
    }
    chain
}

/// The check sum comes first, under the password of the store: after it only a key can have another.
fn key_password_differs(bytes: &[u8], error: &Error) -> Option<StoreError> {
    let is_about_a_key = matches!(error, Error::Pkcs5Error(_) | Error::UnpadError | Error::InvalidPrivateKey);
    let is_sealed = outside::seal(bytes).is_some();
    (is_about_a_key && is_sealed)
        .then(|| StoreError::KeyPasswordDiffers { alias: outside::key_aliases(bytes).join("` or `") })
}

fn store_error(error: Error) -> StoreError {
    match error {
        Error::MacError(_) => StoreError::WrongPassword,
        // Reached only in a store without a check sum: the padding of what was decrypted is the only witness.
        Error::Pkcs5Error(_) | Error::UnpadError => StoreError::WrongPassword,
        Error::UnsupportedContentType => {
            StoreError::Unsupported("a kind of content that Java does not write")
        }
        Error::UnsupportedCertificateType => StoreError::Unsupported("a certificate other than X.509"),
        Error::UnsupportedEncryptionScheme => StoreError::Unsupported("a rare encryption"),
        Error::UnsupportedMacAlgorithm => StoreError::Unsupported("a rare check sum"),
        Error::InvalidVersion => StoreError::Unsupported("an unknown version of PKCS12"),
        Error::InvalidParameters => StoreError::Damaged("its encryption parameters make no sense"),
        Error::X509Error(_) => StoreError::Damaged("a certificate in it cannot be read"),
        Error::InvalidPrivateKey => StoreError::Damaged("a private key in it cannot be read"),
        Error::IoError(_) | Error::DerError(_) | Error::InvalidLength | Error::InvalidData => {
            StoreError::Damaged("it is not PKCS12, or ends too early")
        }
    }
}
