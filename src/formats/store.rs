//! A key store or trust store of any format, opened the way Cassandra opens it: by what is in the file, not by its name.

pub use super::contents::{KeyEntry, PrivateKeyDer, StoreError};

use super::certificate::Certificate;
use super::{jks, pem, pkcs12};
use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    pub kind: StoreKind,
    pub keys: Vec<KeyEntry>,
    /// Alias and certificate of what is trusted by itself; certificates in a key's chain are not.
    pub trusted: Vec<(String, Certificate)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    Jks,
    Pkcs12,
    Pem,
}

impl Store {
    /// Opens the store and every key in it with one password, as Cassandra does with `keystore_password`.
    pub fn open(bytes: &[u8], password: &Secret) -> Result<Store, StoreError> {
        let kind = StoreKind::of(bytes)?;
        let contents = match kind {
            StoreKind::Jks => jks::read(bytes, password)?,
            StoreKind::Pkcs12 => pkcs12::read(bytes, password)?,
            StoreKind::Pem => pem::read(bytes, password)?,
        };
        Ok(Store { kind, keys: contents.keys, trusted: contents.trusted })
    }

    /// The certificate that a server with this store shows; none unless there is exactly one key.
    pub fn leaf(&self) -> Option<&Certificate> {
        match &self.keys[..] {
            [key] => key.chain.first(),
            _ => None,
        }
    }
}

impl StoreKind {
    fn of(bytes: &[u8]) -> Result<StoreKind, StoreError> {
        match bytes {
            [] => Err(StoreError::Empty),
            [0xfe, 0xed, 0xfe, 0xed, ..] => Ok(StoreKind::Jks),
            [0xce, 0xce, 0xce, 0xce, ..] => Err(StoreError::Jceks),
            // DER: PKCS12 and a bare certificate both are a sequence.
            [0x30, ..] if Certificate::from_der(bytes).is_ok() => Err(StoreError::CertificateOnly),
            [0x30, ..] => Ok(StoreKind::Pkcs12),
            _ if pem::is_pem(bytes) => Ok(StoreKind::Pem),
            _ => Err(StoreError::NotAStore),
        }
    }
}
