//! PEM: certificates and one private key in text, as Cassandra's `PEMReader` reads them.

mod sealed;
pub mod write;

pub use sealed::KeyCipher;

use super::contents::{Contents, KeyEntry, PrivateKeyDer, StoreError, certificate};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// What Cassandra calls the only entry of a PEM key store (`PEMBasedSslContextFactory`).
const KEY_ALIAS: &str = "cassandra-ssl-keystore";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

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
            ENCRYPTED => key = Some(plain_key(sealed::open(&block.data()?, password)?)?),
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

/// What the private key is encrypted with; `None` where it is not encrypted, or where there is none.
pub fn key_cipher(bytes: &[u8]) -> Option<KeyCipher> {
    let key = blocks(bytes).ok()?.into_iter().find(|block| block.label == ENCRYPTED)?;
    sealed::cipher(&key.data().ok()?)
}

fn plain_key(der: Zeroizing<Vec<u8>>) -> Result<PrivateKeyDer, StoreError> {
    PrivateKeyDer::from_pkcs8(der).ok_or(StoreError::Damaged("the private key is not PKCS#8"))
}

/// Base64 between `-----BEGIN label-----` and `-----END label-----`; any text may stand around blocks.
pub(super) struct Block {
    pub label: String,
    body: Zeroizing<String>,
}

impl Block {
    pub fn data(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let data = STANDARD.decode(self.body.as_bytes());
        data.map(Zeroizing::new).map_err(|_| StoreError::Damaged("a PEM block is not base64"))
    }
}

pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, StoreError> {
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
