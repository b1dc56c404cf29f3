//! What is in the safes of a PKCS12 file: each a list of bags, in clear or encrypted as a whole.

use super::outside::{children, is, items};
use crate::secret::Secret;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use des::TdesEde3;
use pkcs8::der::SliceReader;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use pkcs8::pkcs5::pbes2::{PBES2_OID, Parameters};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};
use pkcs12::pbe_params::Pkcs12PbeParams;
use rc2::Rc2;
use sha1::Sha1;
use zeroize::Zeroizing;

/// RFC 5652.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
/// RFC 7292, appendix C.
const SHA1_AND_TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const SHA1_AND_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");
const IV_BYTES: usize = 8;
/// RFC 7292, `certBag`.
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
/// Oracle's attribute of what is trusted. Java looks whether it is there, and not at its values
/// (`PKCS12KeyStore.loadSafeContents`).
const TRUSTED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113894.746875.1.1");

/// Bags, DER.
pub struct Safe {
    pub bags: Zeroizing<Vec<u8>>,
    pub was_encrypted: bool,
}

/// Every safe that opens with the password, in the order of the file. Of one that does not, whoever reads the store
/// says why.
pub fn safes(bytes: &[u8], password: &Secret) -> Vec<Safe> {
    let contents = of(bytes).and_then(|outer| {
        let pfx = children(*outer.first()?)?;
        // Version, content: its kind, and in `[0]` an octet string.
        let content = children(*pfx.get(1)?)?;
        let octets = children(*content.get(1)?)?;
        children(*children(*octets.first()?)?.first()?)
    });
    contents.into_iter().flatten().filter_map(|safe| opened(safe, password)).collect()
}

/// Of every certificate, in the order of the file, whether Java trusts it.
pub fn trusted(safes: &[Safe]) -> Vec<bool> {
    let bags = safes.iter().filter_map(|safe| children(*of(&safe.bags)?.first()?)).flatten();
    bags.filter_map(children)
        .filter(|bag| bag.first().is_some_and(|kind| is(kind, CERTIFICATE_BAG)))
        .map(|bag| {
            let attributes = bag.get(2).and_then(|attributes| children(*attributes)).into_iter().flatten();
            attributes
                .filter_map(children)
                .any(|attribute| attribute.first().is_some_and(|kind| is(kind, TRUSTED_KEY_USAGE)))
        })
        .collect()
}

fn of(der: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    items(SliceReader::new(der).ok()?).ok()
}

fn opened(safe: AnyRef<'_>, password: &Secret) -> Option<Safe> {
    let safe = children(safe)?;
    let [kind, content] = safe[..] else { return None };
    let content = *children(content)?.first()?;
    if is(&kind, DATA) {
        return Some(Safe { bags: Zeroizing::new(content.value().to_vec()), was_encrypted: false });
    }
    if !is(&kind, ENCRYPTED_DATA) {
        return None;
    }
    // Version, and what is encrypted: its kind, the algorithm, octets as `[0]`.
    let encrypted = children(*children(content)?.get(1)?)?;
    let [_, algorithm, octets] = encrypted[..] else { return None };
    let algorithm: AlgorithmIdentifierRef<'_> = algorithm.decode_as().ok()?;
    Some(Safe { bags: decrypted(algorithm, octets.value(), password)?, was_encrypted: true })
}

fn decrypted(
    algorithm: AlgorithmIdentifierRef<'_>,
    octets: &[u8],
    password: &Secret,
) -> Option<Zeroizing<Vec<u8>>> {
    let parameters = algorithm.parameters?;
    match algorithm.oid {
        PBES2_OID => {
            let parameters: Parameters = parameters.decode_as().ok()?;
            parameters.decrypt(password.expose(), octets).ok().map(Zeroizing::new)
        }
        SHA1_AND_TRIPLE_DES => by_blocks::<TdesEde3>(&parameters.decode_as().ok()?, 24, octets, password),
        SHA1_AND_RC2_40 => by_blocks::<Rc2>(&parameters.decode_as().ok()?, 5, octets, password),
        _ => None,
    }
}

fn by_blocks<C: KeyInit + BlockCipherDecrypt>(
    parameters: &Pkcs12PbeParams,
    key_bytes: usize,
    octets: &[u8],
    password: &Secret,
) -> Option<Zeroizing<Vec<u8>>> {
    let salt = parameters.salt.as_bytes();
    let derived = |kind, length| {
        derive_key_utf8::<Sha1>(password.expose(), salt, kind, parameters.iterations, length)
            .ok()
            .map(Zeroizing::new)
    };
    let (key, iv) =
        (derived(Pkcs12KeyType::EncryptionKey, key_bytes)?, derived(Pkcs12KeyType::Iv, IV_BYTES)?);
    let decryptor = Decryptor::<C>::new_from_slices(&key, &iv).ok()?;
    decryptor.decrypt_padded_vec::<Pkcs7>(octets).ok().map(Zeroizing::new)
}
