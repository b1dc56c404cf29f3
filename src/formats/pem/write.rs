//! PEM, written as Cassandra's `PEMReader` and every TLS library read it.

use crate::formats::certificate::Certificate;
use crate::formats::contents::{Contents, PrivateKeyDer, StoreError};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2::Parameters;
use zeroize::Zeroizing;

/// As keytool does it: Java reads it, and a password that is random needs no more.
const ROUNDS: u32 = 10_000;
/// RFC 7468.
const LINE_CHARACTERS: usize = 64;

/// A private key with its chain, or trusted certificates. `password`: what the key is encrypted with, if it is.
pub fn write(contents: &Contents, password: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut text = Zeroizing::new(String::new());
    match (&contents.keys[..], &contents.trusted[..]) {
        ([entry], []) => {
            text.push_str(&key(&entry.key, password)?);
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

/// PKCS#8, the only form that Java reads.
pub fn key(key: &PrivateKeyDer, password: Option<&Secret>) -> Result<Zeroizing<String>, StoreError> {
    let Some(password) = password else {
        return Ok(Zeroizing::new(block("PRIVATE KEY", key.as_pkcs8())));
    };
    let mut salt = [0; 16];
    let mut iv = [0; 16];
    for bytes in [&mut salt, &mut iv] {
        aws_lc_rs::rand::fill(bytes).map_err(|_| StoreError::NoRandomness)?;
    }
    let damaged = StoreError::Damaged("the private key is not PKCS#8");
    let info = PrivateKeyInfoRef::try_from(key.as_pkcs8()).map_err(|_| damaged.clone())?;
    let parameters =
        Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv).map_err(|_| damaged.clone())?;
    let encrypted = info.encrypt_with_params(parameters, password.expose()).map_err(|_| damaged)?;
    Ok(Zeroizing::new(block("ENCRYPTED PRIVATE KEY", encrypted.as_bytes())))
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
