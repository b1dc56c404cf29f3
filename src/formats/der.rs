//! DER, as far as one has to look into it where no reader of the whole keeps the bytes.

use pkcs8::der::{Decode, Header, Reader, SliceReader};

/// The elements of a sequence, each with its tag and length.
pub fn elements(sequence: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = SliceReader::new(value(sequence)?).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        found.push(reader.tlv_bytes().ok()?);
    }
    Some(found)
}

/// An element without its tag and length.
pub fn value(element: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(element).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    reader.read_slice(header.length()).ok()
}

/// The bytes of a bit string that has no loose bits, as keys and signatures are.
pub fn bits(element: &[u8]) -> Option<&[u8]> {
    value(element)?.strip_prefix(&[0])
}
