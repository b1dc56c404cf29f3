//! What a PKCS12 file shows before it is opened: how it is sealed, and how much work it asks for.

use crate::formats::contents::StoreError;
use pkcs8::der::asn1::{AnyRef, BmpString, ObjectIdentifier, UintRef};
use pkcs8::der::{Decode, Reader, SliceReader, Tag, Tagged};

/// Rounds of key derivation in all; keytool writes 10,000 a derivation, OpenSSL 2,048, and an operator who is told to may
/// ask for 600,000. Java takes 5,000,000 at most in each (`PKCS12KeyStore.MAX_ITERATION_COUNT`).
const ROUNDS_LIMIT: u64 = 5_000_000;
/// Between the two ciphers that Java has a name for in PBES2: AES-128-CBC and AES-256-CBC.
const AES_192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
/// Key derivation by memory, up to a gigabyte of it; Java has no name for it.
const SCRYPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.4.11");
/// RFC 7292, `pkcs8ShroudedKeyBag`.
const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
/// RFC 2985: what Java calls the alias.
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
/// How deep one thing may stand in another; a real store has eleven levels.
const DEPTH_LIMIT: usize = 24;

/// The check sum over the whole store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Every Java reads it.
    HmacSha1,
    /// Java 8 reads it from 8u301 on, Java 11 from 11.0.12 on (JDK-8267701).
    HmacSha2,
    Other,
}

/// `None`: the store has no check sum, or is none.
pub fn seal(bytes: &[u8]) -> Option<Seal> {
    let mut outer = items(SliceReader::new(bytes).ok()?).ok()?.into_iter();
    let pfx = children(outer.next()?)?;
    // Version, content, check sum: digest with its algorithm, salt, rounds.
    let mac = children(*pfx.get(2)?)?;
    let digest = children(*mac.first()?)?;
    let algorithm = children(*digest.first()?)?;
    let oid: ObjectIdentifier = algorithm.first()?.decode_as().ok()?;
    Some(match oid.to_string().as_str() {
        "1.3.14.3.2.26" => Seal::HmacSha1,
        sha2 if sha2.starts_with("2.16.840.1.101.3.4.2.") => Seal::HmacSha2,
        _ => Seal::Other,
    })
}

/// The names of encrypted private keys: Java and OpenSSL encrypt each by itself, its name beside it.
pub fn key_aliases(bytes: &[u8]) -> Vec<String> {
    let mut aliases = Vec::new();
    if let Some(items) = SliceReader::new(bytes).ok().and_then(|reader| items(reader).ok()) {
        collect_key_aliases(&items, 0, &mut aliases);
    }
    aliases
}

/// A bag is its kind, its content, and a set of attributes: each a kind and a set of values.
fn collect_key_aliases(items: &[AnyRef<'_>], depth: usize, aliases: &mut Vec<String>) {
    if let [kind, _, attributes] = items
        && is(kind, SHROUDED_KEY_BAG)
    {
        for attribute in children(*attributes).into_iter().flatten().filter_map(children) {
            if let [kind, values] = attribute[..]
                && is(&kind, FRIENDLY_NAME)
            {
                let names = children(values).into_iter().flatten();
                aliases
                    .extend(names.filter_map(|name| Some(name.decode_as::<BmpString>().ok()?.to_string())));
            }
        }
    }
    if depth < DEPTH_LIMIT {
        for inner in items.iter().filter_map(|item| children(*item)) {
            collect_key_aliases(&inner, depth + 1, aliases);
        }
    }
}

/// Refuses a file whose numbers of rounds would only keep us busy. `parts`: DER, the file itself, and what was encrypted
/// in it once that is known.
pub fn bounded<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<(), StoreError> {
    let mut rounds = 0;
    let mut unknown = None;
    for part in parts {
        let reader =
            SliceReader::new(part).map_err(|_| StoreError::Damaged("it is not PKCS12, or ends too early"))?;
        if let Ok(items) = items(reader) {
            count(&items, 0, &mut rounds, &mut unknown);
        }
    }
    match (unknown, rounds) {
        (Some(encryption), _) => Err(StoreError::Unsupported(encryption)),
        (None, 0..=ROUNDS_LIMIT) => Ok(()),
        (None, _) => Err(StoreError::Unsupported(
            "more than 5,000,000 rounds of key derivation (write it with 10,000)",
        )),
    }
}

/// Adds up every number that follows a salt, whatever the algorithm around them: an octet string, then an integer.
fn count(items: &[AnyRef<'_>], depth: usize, rounds: &mut u64, unknown: &mut Option<&'static str>) {
    if depth > DEPTH_LIMIT {
        return;
    }
    for pair in items.windows(2) {
        // With its initialization vector: a certificate may name the cipher, too, as one that its owner reads.
        if is(&pair[0], AES_192_CBC) && pair[1].tag() == Tag::OctetString {
            *unknown = Some("an encryption that Java does not know (AES-192)");
        }
        if pair[0].tag() == Tag::OctetString && pair[1].tag() == Tag::Integer {
            let number = pair[1].decode_as::<UintRef<'_>>().ok().map(|number| number.as_bytes());
            let number = number
                .filter(|bytes| bytes.len() <= 8)
                .map(|bytes| bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)));
            *rounds = rounds.saturating_add(number.unwrap_or(u64::MAX));
        }
    }
    for item in items {
        if is(item, SCRYPT) {
            *unknown = Some("an encryption that Java does not know (scrypt)");
        }
        if let Some(inner) = children(*item) {
            count(&inner, depth + 1, rounds, unknown);
        }
    }
}

pub(super) fn is(item: &AnyRef<'_>, oid: ObjectIdentifier) -> bool {
    item.decode_as::<ObjectIdentifier>().is_ok_and(|own| own == oid)
}

/// What stands in a thing: an octet string may hold DER too.
pub(super) fn children<'a>(item: AnyRef<'a>) -> Option<Vec<AnyRef<'a>>> {
    let is_open = item.tag().is_constructed() || item.tag() == Tag::OctetString;
    is_open.then(|| SliceReader::new(item.value()).ok())?.and_then(|reader| items(reader).ok())
}

pub(super) fn items<'a>(mut reader: SliceReader<'a>) -> Result<Vec<AnyRef<'a>>, pkcs8::der::Error> {
    let mut items = Vec::new();
    while !reader.is_finished() {
        items.push(AnyRef::decode(&mut reader)?);
    }
    Ok(items)
}
