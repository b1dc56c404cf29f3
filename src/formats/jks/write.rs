//! JKS, written as keytool writes it.

use super::{
    DIGEST_BYTES, Entry, KEY_PROTECTOR, MAGIC, VERSION, apply_key_stream, entries, password_bytes,
    store_digest, text,
};
use crate::formats::contents::{Contents, StoreError, names_differ};
use crate::secret::Secret;
use jiff::Timestamp;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Encode, Tag};
use pkcs8::spki::AlgorithmIdentifierRef;
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Writes the contents, each key under the password of the store, all entries dated `created`.
pub fn write(
    contents: &Contents,
    created: Timestamp,
    password: &Secret,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    names_differ(contents)?;
    let password = password_bytes(password);
    let created_ms = u64::try_from(created.as_millisecond()).unwrap_or(0);
    let protected = contents.keys.iter().map(|entry| protect(entry.key.as_pkcs8(), &password));
    let protected = protected.collect::<Result<Vec<_>, _>>()?;
    let keys = contents.keys.iter().zip(&protected).map(|(entry, protected)| Entry::Key {
        alias: Cow::Owned(text::encoded(&entry.alias.to_lowercase())),
        created_ms,
        protected,
        chain: entry.chain.iter().map(|certificate| certificate.der.as_slice()).collect(),
    });
    let trusted = contents.trusted.iter().map(|(alias, certificate)| Entry::Trusted {
        alias: Cow::Owned(text::encoded(&alias.to_lowercase())),
        created_ms,
        der: &certificate.der,
    });
    written(&keys.chain(trusted).collect::<Vec<_>>(), &password)
}

/// Takes a store apart and puts it together again: the same bytes, if it was written as Java writes it. Keys stay
/// encrypted as they are, dates and order too.
pub fn rewrite(bytes: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let body = bytes.len().checked_sub(DIGEST_BYTES).ok_or(StoreError::Damaged("it ends too early"))?;
    let password = password_bytes(password);
    let entries = entries(&bytes[..body])?;
    if store_digest(&password, &bytes[..body])[..] != bytes[body..] {
        return Err(StoreError::WrongPassword);
    }
    written(&entries, &password)
}

fn written(entries: &[Entry<'_>], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut out = Output(Zeroizing::new(Vec::new()));
    out.u32(MAGIC);
    out.u32(VERSION);
    out.length(entries.len())?;
    for entry in entries {
        out.entry(entry)?;
    }
    let digest = store_digest(password, &out.0);
    out.0.extend(digest);
    Ok(out.0)
}

struct Output(Zeroizing<Vec<u8>>);

impl Output {
    fn u32(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    fn length(&mut self, length: usize) -> Result<(), StoreError> {
        self.u32(u32::try_from(length).map_err(|_| StoreError::Unsupported("more than JKS has room for"))?);
        Ok(())
    }

    fn block(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.length(bytes.len())?;
        self.0.extend(bytes);
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> Result<(), StoreError> {
        let length = u16::try_from(text.len())
            .map_err(|_| StoreError::Unsupported("an alias longer than JKS has room for"))?;
        self.0.extend(length.to_be_bytes());
        self.0.extend(text);
        Ok(())
    }

    fn certificate(&mut self, der: &[u8]) -> Result<(), StoreError> {
        self.text(b"X.509")?;
        self.block(der)
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Result<(), StoreError> {
        match entry {
            Entry::Key { alias, created_ms, protected, chain } => {
                self.u32(1);
                self.text(alias)?;
                self.0.extend(created_ms.to_be_bytes());
                self.block(protected)?;
                self.length(chain.len())?;
                chain.iter().try_for_each(|der| self.certificate(der))
            }
            Entry::Trusted { alias, created_ms, der } => {
                self.u32(2);
                self.text(alias)?;
                self.0.extend(created_ms.to_be_bytes());
                self.certificate(der)
            }
        }
    }
}

/// RFC 5958 with Java's own algorithm.
fn protect(key: &[u8], password: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut salt = [0; DIGEST_BYTES];
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| StoreError::NoRandomness)?;
    let mut data = salt.to_vec();
    data.extend(apply_key_stream(password, &salt, key).iter());
    data.extend(Sha1::new().chain_update(password).chain_update(key).finalize());
    let too_long =
        |_: pkcs8::der::Error| StoreError::Unsupported("a private key longer than JKS has room for");
    let algorithm = AlgorithmIdentifierRef {
        oid: ObjectIdentifier::new_unwrap(KEY_PROTECTOR),
        // Java writes the NULL that stands for no parameters.
        parameters: Some(AnyRef::NULL),
    };
    let mut content = algorithm.to_der().map_err(too_long)?;
    content.extend(OctetStringRef::new(&data).and_then(|data| data.to_der()).map_err(too_long)?);
    AnyRef::new(Tag::Sequence, &content).and_then(|sequence| sequence.to_der()).map_err(too_long)
}
