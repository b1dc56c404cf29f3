//! A CA's private key, encrypted for as long as it lies in a file.

use crate::formats::store::PrivateKeyDer;
use crate::secret::Secret;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::pem::{LineEnding, PemLabel, encode_string};
use pkcs8::pkcs5::pbes2::Parameters;
use zeroize::Zeroizing;

/// A person chose the password, and whoever has the file has all the time in the world: OWASP's advice of 2023 for
/// PBKDF2 with HMAC-SHA-256. A store's password is random and needs no more than Java's 10,000.
const ROUNDS: u32 = 600_000;

pub const SALT_BYTES: usize = 32;

/// PKCS#8 with PBES2 and AES-256, PEM. `None` only where the parts are no PKCS#8.
pub fn seal(key: &PrivateKeyDer, password: &Secret, salt: &[u8; SALT_BYTES]) -> Option<Zeroizing<String>> {
    let (salt, iv) = salt.split_at(SALT_BYTES / 2);
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, salt, iv.try_into().ok()?).ok()?;
    let info = PrivateKeyInfoRef::try_from(key.as_pkcs8()).ok()?;
    let sealed = info.encrypt_with_params(parameters, password.expose()).ok()?;
    let text = encode_string(pkcs8::EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF, sealed.as_bytes())
        .ok()?;
    Some(Zeroizing::new(text))
}
