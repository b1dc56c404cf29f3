//! Java's own key store format, JKS, as `sun.security.provider.JavaKeyStore` writes it.
//!
//! Big-endian: magic, version, count, entries, and a SHA-1 over password, a phrase and all bytes before it. Each private
//! key is encrypted by itself, by a key stream of chained SHA-1.

mod text;
pub mod write;

use super::certificate::Certificate;
use super::contents::{Contents, KeyEntry, PrivateKeyDer, StoreError, certificate};
use crate::secret::Secret;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, Reader, SliceReader};
use pkcs8::spki::AlgorithmIdentifierRef;
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use zeroize::Zeroizing;

const MAGIC: u32 = 0xfeed_feed;
const VERSION: u32 = 2;
const DIGEST_BYTES: usize = 20;
/// Mixed into the digest, `JavaKeyStore.getPreKeyedHash`.
const PHRASE: &[u8] = b"Mighty Aphrodite";
/// `sun.security.provider.KeyProtector.KEY_PROTECTOR_OID`.
const KEY_PROTECTOR: &str = "1.3.6.1.4.1.42.2.17.1.1";

/// Reads every entry; each private key must open with the password of the store.
pub fn read(bytes: &[u8], password: &Secret) -> Result<Contents, StoreError> {
    let password = password_bytes(password);
    let mut contents = Contents::default();
    for entry in opened(bytes, &password)? {
        match entry {
            Entry::Key { .. } if password.is_empty() => return Err(StoreError::PasswordMissing),
            Entry::Key { alias, protected, chain, .. } => {
                let alias = text::decoded(&alias);
                let key = unprotect(&alias, protected, &password)?;
                let chain = certificates(&alias, &chain)?;
                contents.keys.push(KeyEntry { alias, chain, key });
            }
            Entry::Trusted { alias, der, .. } => {
                let alias = text::decoded(&alias);
                let certificate = certificate(&alias, der)?;
                contents.trusted.push((alias, certificate));
            }
        }
    }
    Ok(contents)
}

/// What a store shows whose keys have another password.
pub struct Locked {
    /// By alias of each key: its certificates.
    pub chains: Vec<(String, Vec<Certificate>)>,
    pub trusted: Vec<(String, Certificate)>,
}

/// Reads every certificate and no key.
pub fn locked(bytes: &[u8], password: &Secret) -> Result<Locked, StoreError> {
    let mut locked = Locked { chains: Vec::new(), trusted: Vec::new() };
    for entry in opened(bytes, &password_bytes(password))? {
        match entry {
            Entry::Key { alias, chain, .. } => {
                let alias = text::decoded(&alias);
                let chain = certificates(&alias, &chain)?;
                locked.chains.push((alias, chain));
            }
            Entry::Trusted { alias, der, .. } => {
                let alias = text::decoded(&alias);
                let certificate = certificate(&alias, der)?;
                locked.trusted.push((alias, certificate));
            }
        }
    }
    Ok(locked)
}

/// The entries of a store whose password this is.
fn opened<'a>(bytes: &'a [u8], password: &[u8]) -> Result<Vec<Entry<'a>>, StoreError> {
    let body_length =
        bytes.len().checked_sub(DIGEST_BYTES).ok_or(StoreError::Damaged("it ends too early"))?;
    let (body, digest) = bytes.split_at(body_length);
    // The structure comes first: a cut file is damaged, whatever the password.
    let entries = entries(body)?;
    // Java checks nothing without a password: `KeyStore.load(stream, null)`, as Cassandra does from 4.1.2 on where none is
    // written. A key stays locked.
    match password.is_empty() || store_digest(password, body)[..] == *digest {
        true => Ok(entries),
        false => Err(StoreError::WrongPassword),
    }
}

fn certificates(alias: &str, ders: &[&[u8]]) -> Result<Vec<Certificate>, StoreError> {
    ders.iter().map(|der| certificate(alias, der)).collect()
}

/// An entry as it stands in the file: a key is still encrypted, an alias still Java's modified UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry<'a> {
    Key { alias: Cow<'a, [u8]>, created_ms: u64, protected: &'a [u8], chain: Vec<&'a [u8]> },
    Trusted { alias: Cow<'a, [u8]>, created_ms: u64, der: &'a [u8] },
}

fn entries(body: &[u8]) -> Result<Vec<Entry<'_>>, StoreError> {
    let mut input = Input(body);
    if input.u32()? != MAGIC {
        return Err(StoreError::NotAStore);
    }
    if input.u32()? != VERSION {
        return Err(StoreError::Unsupported("an unknown version of JKS"));
    }
    let count = input.u32()?;
    let mut entries = Vec::new();
    // A wrong count ends with the input, for every entry takes bytes from it.
    for _ in 0..count {
        entries.push(input.entry()?);
    }
    if input.0.is_empty() {
        Ok(entries)
    } else {
        Err(StoreError::Damaged("more bytes follow the last entry"))
    }
}

/// What is left to read. A length is believed only as far as there are bytes.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or(StoreError::Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, StoreError> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn block(&mut self) -> Result<&'a [u8], StoreError> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| StoreError::Damaged("it ends too early"))?)
    }

    fn text(&mut self) -> Result<&'a [u8], StoreError> {
        let bytes = self.take(2)?;
        let length = usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
        self.take(length)
    }

    fn certificate(&mut self) -> Result<&'a [u8], StoreError> {
        if self.text()? != b"X.509" {
            return Err(StoreError::Unsupported("a certificate other than X.509"));
        }
        self.block()
    }

    fn entry(&mut self) -> Result<Entry<'a>, StoreError> {
        let tag = self.u32()?;
        let alias = Cow::Borrowed(self.text()?);
        let created_ms = u64::from(self.u32()?) << 32 | u64::from(self.u32()?);
        match tag {
            1 => {
                let protected = self.block()?;
                let count = self.u32()?;
                let mut chain = Vec::new();
                for _ in 0..count {
                    chain.push(self.certificate()?);
                }
                Ok(Entry::Key { alias, created_ms, protected, chain })
            }
            2 => Ok(Entry::Trusted { alias, created_ms, der: self.certificate()? }),
            _ => Err(StoreError::Damaged("an entry of an unknown kind")),
        }
    }
}

/// The store's digest is right by now, so that a digest that fails here means another password.
fn unprotect(alias: &str, protected: &[u8], password: &[u8]) -> Result<PrivateKeyDer, StoreError> {
    let damaged = StoreError::Damaged("a private key is not in the form that JKS uses");
    let Some(data) = protected_data(protected) else { return Err(damaged) };
    let Some(length) = data.len().checked_sub(2 * DIGEST_BYTES) else { return Err(damaged) };
    let (salt, rest) = data.split_at(DIGEST_BYTES);
    let (encrypted, digest) = rest.split_at(length);
    let key = apply_key_stream(password, salt, encrypted);
    if Sha1::new().chain_update(password).chain_update(&key[..]).finalize()[..] != *digest {
        return Err(StoreError::KeyPasswordDiffers { alias: alias.to_string() });
    }
    PrivateKeyDer::from_pkcs8(key).ok_or(damaged)
}

/// The octets of a PKCS#8 `EncryptedPrivateKeyInfo` that names Java's own algorithm.
fn protected_data(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    let read = reader.sequence(|reader| -> Result<_, pkcs8::der::Error> {
        let algorithm = AlgorithmIdentifierRef::decode(reader)?;
        let data = <&OctetStringRef>::decode(reader)?;
        Ok((algorithm.oid.to_string(), data.as_bytes()))
    });
    read.ok().filter(|(oid, _)| oid == KEY_PROTECTOR).map(|(_, data)| data)
}

fn apply_key_stream(password: &[u8], salt: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(data.len()));
    let mut block = salt.to_vec();
    for chunk in data.chunks(DIGEST_BYTES) {
        block = Sha1::new().chain_update(password).chain_update(&block).finalize().to_vec();
        out.extend(chunk.iter().zip(&block).map(|(byte, key)| byte ^ key));
    }
    out
}

fn store_digest(password: &[u8], body: &[u8]) -> [u8; DIGEST_BYTES] {
    Sha1::new().chain_update(password).chain_update(PHRASE).chain_update(body).finalize().into()
}

/// Two bytes for each UTF-16 unit.
fn password_bytes(password: &Secret) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(password.expose().len() * 2));
    for unit in password.expose().encode_utf16() {
        bytes.extend(unit.to_be_bytes());
    }
    bytes
}
