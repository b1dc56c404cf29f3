//! A key store or trust store of any format, opened the way Cassandra opens it: by what is in the file, not by its name.

pub use super::contents::{Contents, KeyEntry, PrivateKeyDer, StoreError};
pub use super::pem::KeyCipher;
pub use super::pkcs12::outside::Seal;
pub use super::pkcs12::write::Strength;

use super::certificate::Certificate;
use super::{jks, pem, pkcs12};
use crate::secret::Secret;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    pub kind: StoreKind,
    pub keys: Vec<KeyEntry>,
    /// Alias and certificate of what is trusted by itself; certificates in a key's chain are not.
    pub trusted: Vec<(String, Certificate)>,
    /// Certificates that are in the file and that Java sees neither in a chain nor as trusted.
    pub ignored: Vec<Certificate>,
    /// How a PKCS12 store is sealed.
    pub seal: Option<Seal>,
    /// What the private key of a PEM store is encrypted with; `None`: it is not encrypted, or the store is no PEM.
    pub key_cipher: Option<KeyCipher>,
}

/// A format to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Jks,
    Pkcs12(Strength),
    Pem,
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
        let (seal, key_cipher) = match kind {
            StoreKind::Pkcs12 => (pkcs12::outside::seal(bytes), None),
            StoreKind::Pem => (None, pem::key_cipher(bytes)),
            StoreKind::Jks => (None, None),
        };
        let Contents { keys, trusted, ignored } = contents;
        Ok(Store { kind, keys, trusted, ignored, seal, key_cipher })
    }

    /// The contents as a new file. Salts are random: the same contents are other bytes each time.
    pub fn write(
        contents: &Contents,
        form: Form,
        created: Timestamp,
        password: &Secret,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        match form {
            Form::Jks => jks::write::write(contents, created, password),
            Form::Pkcs12(strength) => pkcs12::write::write(contents, password, strength),
            Form::Pem => pem::write::write(contents, Some(password)),
        }
    }

    /// What the store holds, whatever its bytes: two stores with the same are the same store to Java. Neither names nor
    /// the order of entries count, since a key is taken whatever its alias.
    pub fn content_sha256(&self) -> String {
        let hash = |parts: &[&[u8]]| {
            let mut digest = Sha256::new();
            for part in parts {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
            digest.finalize()
        };
        let key = |entry: &KeyEntry| {
            let chain = entry.chain.iter().map(|certificate| certificate.der.as_slice());
            let parts: Vec<&[u8]> = [b"key", entry.key.as_pkcs8()].into_iter().chain(chain).collect();
            hash(&parts)
        };
        let trusted = self.trusted.iter().map(|(_, certificate)| hash(&[b"trusted", &certificate.der]));
        let mut all: Vec<_> = self.keys.iter().map(key).chain(trusted).collect();
        all.sort();
        let parts: Vec<&[u8]> = all.iter().map(|part| part.as_slice()).collect();
        hash(&parts).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whom Java trusts by it: trusted entries, and the first certificate of each key
    /// (`sun.security.validator.TrustStoreUtil`).
    pub fn anchors(&self) -> impl Iterator<Item = &Certificate> {
        let own = self.keys.iter().filter_map(|key| key.chain.first());
        self.trusted.iter().map(|(_, certificate)| certificate).chain(own)
    }

    /// The certificate that a server with this store shows; none unless there is exactly one key.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.only_chain().and_then(<[Certificate]>::first)
    }

    /// SHA-256 of what is shown behind it, but for a root: clients have it, or it is of no use to them.
    pub fn issuers(&self) -> BTreeSet<String> {
        let behind = self.only_chain().into_iter().flatten().skip(1);
        behind.filter(|issuer| !issuer.is_self_signed()).map(|issuer| issuer.sha256.clone()).collect()
    }

    /// That certificate and what is shown behind it.
    pub fn only_chain(&self) -> Option<&[Certificate]> {
        match &self.keys[..] {
            [key] => Some(&key.chain),
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
