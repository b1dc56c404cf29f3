//! A PKCS12 store of today cannot be read by a Java of yesterday: Cassandra would not start.

use super::finding::{Remark, error};
use super::subject::OnNode;
use crate::formats::store::Seal;

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(java) = subject.seen.java.as_deref().filter(|java| is_too_old(java)) else { return Vec::new() };
    if subject.lone.store.seal != Some(Seal::HmacSha2) {
        return Vec::new();
    }
    vec![error(
        format!(
            "its check sum is HmacPBESHA256, which the node's Java {java} does not know (8u301 and 11.0.12 do)"
        ),
        "update Java there, or make the store with `openssl pkcs12 -export -legacy …`, or as JKS",
    )]
}

/// JDK-8267701: 8u301, 11.0.12 and 16 read it. Others between them are not told of, so they are not judged.
fn is_too_old(java: &str) -> bool {
    let numbers: Vec<u32> = java.split(['.', '_', '+', '-']).map_while(|part| part.parse().ok()).collect();
    match numbers[..] {
        [1, 8, _, update, ..] => update < 301,
        [1, 8, ..] | [8] => true,
        [11, 0, update, ..] => update < 12,
        [11] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_too_old;

    #[test]
    fn java_8_before_301_and_11_before_12_are_too_old() {
        for (java, expected) in [
            ("1.8.0_292", true),
            ("1.8.0_301", false),
            ("1.8.0", true),
            ("11.0.11", true),
            ("11.0.12", false),
            ("11", true),
            ("17.0.15", false),
            ("21", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_too_old(java), expected, "{java}");
        }
    }
}
