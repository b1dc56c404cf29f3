//! The check sum of a PKCS12 store, by which one sees whether an old Java can read it.

use super::der::{elements, value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacDigest {
    /// Every Java reads it.
    Sha1,
    /// SHA-256 and its kin: Java 8u301, 11.0.12 and 16 on (JDK-8267701).
    Newer,
}

/// The digest of its MAC (`PFX.macData.mac.digestAlgorithm`); none if it has no MAC, or is no PKCS12.
pub fn digest(store: &[u8]) -> Option<MacDigest> {
    /// 1.3.14.3.2.26
    const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
    let mac_data = *elements(store)?.get(2)?;
    let digest_info = *elements(mac_data)?.first()?;
    let algorithm = *elements(digest_info)?.first()?;
    let oid = value(elements(algorithm)?.first()?)?;
    Some(if oid == SHA1 { MacDigest::Sha1 } else { MacDigest::Newer })
}
