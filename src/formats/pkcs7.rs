//! PKCS#7 (`.p7b`): how Windows CAs and `openssl crl2pkcs7` hand out a certificate with its chain. Only certificates are read.

use super::certificate::Certificate;
use super::contents::{StoreError, certificate};
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// RFC 2315, `signedData`.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DAMAGED: StoreError = StoreError::Damaged("it is not PKCS#7, or ends too early");

/// Whether it says of itself that it is `SignedData`; it may be damaged all the same.
pub fn is_pkcs7(der: &[u8]) -> bool {
    content(der).is_some()
}

/// In the order of the file, which says nothing: a CA writes them as it likes.
pub fn read(der: &[u8]) -> Result<Vec<Certificate>, StoreError> {
    let signed = content(der).ok_or(DAMAGED)?;
    let set = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    let fields = items(signed.value()).ok_or(DAMAGED)?;
    let certificates =
        fields.iter().find(|field| field.tag() == set).map_or(Some(Vec::new()), |set| items(set.value()));
    let certificates = certificates.ok_or(DAMAGED)?;
    let read = |(at, item): (usize, &AnyRef<'_>)| {
        let der = item.to_der().map_err(|_| DAMAGED)?;
        certificate(&(at + 1).to_string(), &der)
    };
    certificates.iter().enumerate().map(read).collect()
}

/// `ContentInfo` is an object identifier and the content, which for `SignedData` is a sequence.
fn content(der: &[u8]) -> Option<AnyRef<'_>> {
    let outer = AnyRef::from_der(der).ok()?;
    let [kind, content] = items(outer.value())?[..] else { return None };
    let is_signed = kind.decode_as::<ObjectIdentifier>().is_ok_and(|kind| kind == SIGNED_DATA);
    is_signed.then(|| AnyRef::from_der(content.value()).ok())?
}

fn items(value: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(value).ok()?;
    let mut items = Vec::new();
    while !reader.is_finished() {
        items.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(items)
}
