//! PEM: certificates and one private key in text, as Cassandra's `PEMReader` reads them.

pub mod write;

use super::contents::{Contents, KeyEntry, PrivateKeyDer, StoreError, certificate};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::{Decode, ErrorKind};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use zeroize::Zeroizing;

/// What Cassandra calls the only entry of a PEM key store (`PEMBasedSslContextFactory`).
const KEY_ALIAS: &str = "cassandra-ssl-keystore";
/// A hundred times what Java writes, and more than any advice asks for; more would only keep us busy.
const ITERATION_LIMIT: u32 = 1_000_000;

pub fn is_pem(bytes: &[u8]) -> bool {
    let marker = b"-----BEGIN ";
    bytes.windows(marker.len()).any(|window| window == marker)
}

/// With a private key all certificates are its chain; without one, all are trusted.
pub fn read(bytes: &[u8], password: &Secret) -> Result<Contents, StoreError> {
    let mut key = None;
    let mut certificates = Vec::new();
    for block in blocks(bytes)? {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                let alias = (certificates.len() + 1).to_string();
                let certificate = certificate(&alias, &block.data()?)?;
                certificates.push((alias, certificate));
            }
            label if label.ends_with("PRIVATE KEY") && key.is_some() => {
                return Err(StoreError::Unsupported("more than one private key in PEM"));
            }
            "PRIVATE KEY" => key = Some(plain_key(block.data()?)?),
            "ENCRYPTED PRIVATE KEY" => key = Some(encrypted_key(&block.data()?, password)?),
            label if label.ends_with("PRIVATE KEY") => {
                return Err(StoreError::NotPkcs8 { label: label.to_string() });
            }
            _ => {}
        }
    }
    match key {
        Some(key) => {
            let chain = certificates.into_iter().map(|(_, certificate)| certificate).collect();
            let entry = KeyEntry { alias: KEY_ALIAS.to_string(), chain, key };
            Ok(Contents { keys: vec![entry], ..Contents::default() })
        }
        None if certificates.is_empty() => {
            Err(StoreError::Damaged("no certificate and no private key is in it"))
        }
        None => Ok(Contents { trusted: certificates, ..Contents::default() }),
    }
}

fn plain_key(der: Zeroizing<Vec<u8>>) -> Result<PrivateKeyDer, StoreError> {
    PrivateKeyDer::from_pkcs8(der).ok_or(StoreError::Damaged("the private key is not PKCS#8"))
}

fn encrypted_key(der: &[u8], password: &Secret) -> Result<PrivateKeyDer, StoreError> {
    if password.expose().is_empty() {
        return Err(StoreError::PasswordMissing);
    }
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|error| match error.kind() {
        ErrorKind::OidUnknown { .. } | ErrorKind::Value { .. } => {
            StoreError::Unsupported("a rare encryption of the private key")
        }
        _ => StoreError::Damaged("the encrypted private key cannot be read"),
    })?;
    let EncryptionScheme::Pbes2(scheme) = &info.encryption_algorithm else {
        return Err(StoreError::Unsupported("an old encryption of the private key (PBES1)"));
    };
    match &scheme.kdf {
        Kdf::Pbkdf2(derivation) if derivation.iteration_count <= ITERATION_LIMIT => {}
        Kdf::Pbkdf2(_) => return Err(StoreError::Damaged("its encryption parameters make no sense")),
        _ => return Err(StoreError::Unsupported("an encryption of the private key that Java does not know")),
    }
    let key = info.decrypt(password.expose()).map_err(|_| StoreError::WrongPassword)?;
    plain_key(Zeroizing::new(key.as_bytes().to_vec()))
}

/// Base64 between `-----BEGIN label-----` and `-----END label-----`; any text may stand around blocks.
struct Block {
    label: String,
    body: Zeroizing<String>,
}

impl Block {
    fn data(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let data = STANDARD.decode(self.body.as_bytes());
        data.map(Zeroizing::new).map_err(|_| StoreError::Damaged("a PEM block is not base64"))
    }
}

fn blocks(bytes: &[u8]) -> Result<Vec<Block>, StoreError> {
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = marker(line, "BEGIN") {
            if open.is_some() {
                return Err(StoreError::Damaged("a PEM block has no end"));
            }
            open = Some(Block { label: label.to_string(), body: Zeroizing::new(String::new()) });
        } else if let Some(label) = marker(line, "END") {
            match open.take() {
                Some(block) if block.label == label => blocks.push(block),
                Some(_) | None => return Err(StoreError::Damaged("a PEM block ends that did not begin")),
            }
        } else if let Some(block) = &mut open {
            block.body.push_str(line);
        }
    }
    if open.is_some() { Err(StoreError::Damaged("a PEM block has no end")) } else { Ok(blocks) }
}

fn marker<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix("-----")?.strip_prefix(word)?.strip_prefix(' ')?.strip_suffix("-----")
}
