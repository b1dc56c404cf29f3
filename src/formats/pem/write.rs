//! PEM, written as Cassandra's `PEMReader` and every TLS library read it.

use super::ENCRYPTED;
use super::sealed::{self, KeyCipher};
use crate::formats::certificate::Certificate;
use crate::formats::contents::{Contents, PrivateKeyDer, StoreError};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// RFC 7468.
const LINE_CHARACTERS: usize = 64;

/// A private key with its chain, or trusted certificates. `password`: what the key is encrypted with, if it is, in the
/// way that Cassandra reads on every Java.
pub fn write(contents: &Contents, password: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut text = Zeroizing::new(String::new());
    match (&contents.keys[..], &contents.trusted[..]) {
        ([entry], []) => {
            match password {
                Some(password) => text.push_str(&sealed_key(&entry.key, password, KeyCipher::TripleDes)?),
                None => text.push_str(&key(&entry.key)),
            }
            entry.chain.iter().for_each(|of_chain| text.push_str(&certificate(of_chain)));
        }
        ([], []) => return Err(StoreError::NotForPem("a store without entries")),
        ([], trusted) => trusted.iter().for_each(|(_, trusted)| text.push_str(&certificate(trusted))),
        (_, _) => {
            return Err(StoreError::NotForPem("more than one key, or a key beside trusted certificates"));
        }
    }
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

pub fn certificate(certificate: &Certificate) -> String {
    block("CERTIFICATE", &certificate.der)
}

/// PKCS#8, the only form that Java reads, as it is.
pub fn key(key: &PrivateKeyDer) -> Zeroizing<String> {
    Zeroizing::new(block("PRIVATE KEY", key.as_pkcs8()))
}

/// PKCS#8 under a password.
pub fn sealed_key(key: &PrivateKeyDer, password: &Secret, cipher: KeyCipher) -> Result<String, StoreError> {
    Ok(block(ENCRYPTED, &sealed::seal(key, password, cipher)?))
}

fn block(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = String::with_capacity(body.len() + body.len() / LINE_CHARACTERS + 2 * label.len() + 32);
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for at in (0..body.len()).step_by(LINE_CHARACTERS) {
        text.push_str(&body[at..body.len().min(at + LINE_CHARACTERS)]);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
