//! Java's modified UTF-8 (`java.io.DataInput`): each UTF-16 unit by itself, and NUL in two bytes.

/// The text; what is none stands as U+FFFD, for Java would not open the store at all.
pub fn decoded(bytes: &[u8]) -> String {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let (unit, length) = unit(*first, after).unwrap_or((0xfffd, 1));
        units.push(unit);
        rest = rest.get(length..).unwrap_or_default();
    }
    String::from_utf16_lossy(&units)
}

/// A unit and the number of its bytes.
fn unit(first: u8, after: &[u8]) -> Option<(u16, usize)> {
    let more =
        |at: usize| after.get(at).filter(|byte| **byte & 0xc0 == 0x80).map(|byte| u16::from(byte & 0x3f));
    let first_bits = |mask: u8| u16::from(first & mask);
    match first {
        0x00..=0x7f => Some((first_bits(0x7f), 1)),
        0xc0..=0xdf => Some((first_bits(0x1f) << 6 | more(0)?, 2)),
        0xe0..=0xef => Some((first_bits(0x0f) << 12 | more(0)? << 6 | more(1)?, 3)),
        0x80..=0xbf | 0xf0..=0xff => None,
    }
}

pub fn encoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    // The masks leave six bits or fewer, which are a byte.
    let low = |unit: u16, shift: u32| (unit >> shift & 0x3f) as u8;
    for unit in text.encode_utf16() {
        match unit {
            0x01..=0x7f => bytes.push(unit as u8),
            0 | 0x80..=0x7ff => bytes.extend([0xc0 | low(unit, 6), 0x80 | low(unit, 0)]),
            0x800..=0xffff => {
                bytes.extend([0xe0 | low(unit, 12), 0x80 | low(unit, 6), 0x80 | low(unit, 0)]);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};

    #[test]
    fn a_text_is_written_as_java_writes_it_and_read_again() {
        for (text, bytes) in [
            ("node", &b"node"[..]),
            ("a\0b", &[b'a', 0xc0, 0x80, b'b']),
            ("é", &[0xc3, 0xa9]),
            ("€", &[0xe2, 0x82, 0xac]),
            ("𝄞", &[0xed, 0xa0, 0xb4, 0xed, 0xb4, 0x9e]),
        ] {
            assert_eq!(encoded(text), bytes, "{text:?}");
            assert_eq!(decoded(bytes), text);
        }
    }

    #[test]
    fn what_is_no_text_is_shown_as_unknown() {
        for (bytes, text) in [
            (&[0xff, b'a'][..], "\u{fffd}a"),
            (&[0xe2, 0x82], "\u{fffd}\u{fffd}"),
            (&[0xc3, b'a'], "\u{fffd}a"),
        ] {
            assert_eq!(decoded(bytes), text, "{bytes:?}");
        }
    }
}
