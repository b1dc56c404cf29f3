//! A private key of PEM under a password: PKCS#8's `EncryptedPrivateKeyInfo`, in the two ways that Cassandra's `PEMReader`
//! may take.

use crate::formats::contents::{PrivateKeyDer, StoreError};
use crate::secret::Secret;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use des::TdesEde3;
use pkcs8::der::asn1::{ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Any, Decode, Encode, ErrorKind};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::spki::AlgorithmIdentifierOwned;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};
use pkcs12::pbe_params::{EncryptedPrivateKeyInfo, Pkcs12PbeParams};
use sha1::Sha1;
use zeroize::Zeroizing;

/// What the key is encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCipher {
    /// `pbeWithSHA1And3-KeyTripleDES-CBC`, the PBES1 of PKCS#12: the strongest that `PEMReader` reads on every Java.
    TripleDes,
    /// PBES2 with AES, today's. `PEMReader` asks Java for a `SecretKeyFactory` of the name that `EncryptedPrivateKeyInfo`
    /// gives it, and up to Java 18 that name is `PBES2`, of which there is none (JDK-8286428; measured on 11, 17 and 25).
    Aes,
}

/// RFC 7292, appendix C.
const SHA1_AND_TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const KEY_BYTES: usize = 24;
const BLOCK_BYTES: usize = 8;
const SALT_BYTES: usize = 16;
/// As keytool does it: Java reads it, and a password that is random needs no more.
const ROUNDS: u16 = 10_000;
/// More than any advice asks for; more would only keep us busy.
const ROUNDS_LIMIT: u32 = 5_000_000;
const TOO_MANY_ROUNDS: StoreError =
    StoreError::KeyEncryption("with more than 5,000,000 rounds of key derivation");

/// The cipher of a key that can be read here.
pub fn cipher(der: &[u8]) -> Option<KeyCipher> {
    match algorithm(der)? {
        SHA1_AND_TRIPLE_DES => Some(KeyCipher::TripleDes),
        pkcs8::pkcs5::pbes2::PBES2_OID => Some(KeyCipher::Aes),
        _ => None,
    }
}

pub fn open(der: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    if password.expose().is_empty() {
        return Err(StoreError::PasswordMissing);
    }
    match algorithm(der) {
        Some(SHA1_AND_TRIPLE_DES) => open_triple_des(der, password),
        Some(_) | None => open_pbes2(der, password),
    }
}

pub fn seal(key: &PrivateKeyDer, password: &Secret, cipher: KeyCipher) -> Result<Vec<u8>, StoreError> {
    match cipher {
        KeyCipher::TripleDes => seal_triple_des(key, password),
        KeyCipher::Aes => seal_aes(key, password),
    }
}

fn algorithm(der: &[u8]) -> Option<ObjectIdentifier> {
    EncryptedPrivateKeyInfo::from_der(der).ok().map(|info| info.encryption_algorithm.oid)
}

fn open_triple_des(der: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let parameters_are_wrong = StoreError::Damaged("its encryption parameters make no sense");
    let info = EncryptedPrivateKeyInfo::from_der(der)
        .map_err(|_| StoreError::Damaged("the encrypted private key cannot be read"))?;
    let parameters = info.encryption_algorithm.parameters.and_then(|any| any.decode_as().ok());
    let parameters: Pkcs12PbeParams = parameters.ok_or_else(|| parameters_are_wrong.clone())?;
    match u32::try_from(parameters.iterations) {
        Ok(1..=ROUNDS_LIMIT) => {}
        Ok(0) | Err(_) => return Err(parameters_are_wrong),
        Ok(_) => return Err(TOO_MANY_ROUNDS),
    }
    let (key, iv) = derived(password, &parameters).ok_or(StoreError::WrongPassword)?;
    let decryptor =
        cbc::Decryptor::<TdesEde3>::new_from_slices(&key, &iv).expect("the lengths are those of the cipher");
    let opened = decryptor.decrypt_padded_vec::<Pkcs7>(info.encrypted_data.as_bytes());
    let opened = Zeroizing::new(opened.map_err(|_| StoreError::WrongPassword)?);
    // Of 256 wrong passwords one meets a padding that looks right.
    match PrivateKeyInfoRef::try_from(opened.as_slice()) {
        Ok(_) => Ok(opened),
        Err(_) => Err(StoreError::WrongPassword),
    }
}

fn seal_triple_des(key: &PrivateKeyDer, password: &Secret) -> Result<Vec<u8>, StoreError> {
    if !password.expose().bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        return Err(StoreError::NotForPem(
            "a key under a password that Java does not take (printable ASCII)",
        ));
    }
    let salt: [u8; SALT_BYTES] = random()?;
    let written = || -> pkcs8::der::Result<Vec<u8>> {
        let salt = OctetStringRef::new(&salt)?.into();
        let parameters = Pkcs12PbeParams { salt, iterations: ROUNDS.into() };
        let (key_bytes, iv) = derived(password, &parameters).ok_or(ErrorKind::Failed)?;
        let encryptor = cbc::Encryptor::<TdesEde3>::new_from_slices(&key_bytes, &iv)
            .expect("the lengths are those of the cipher");
        let encrypted = encryptor.encrypt_padded_vec::<Pkcs7>(key.as_pkcs8());
        let encryption_algorithm = AlgorithmIdentifierOwned {
            oid: SHA1_AND_TRIPLE_DES,
            parameters: Some(Any::encode_from(&parameters)?),
        };
        let encrypted_data = OctetStringRef::new(&encrypted)?.into();
        EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data }.to_der()
    };
    written().map_err(|_| StoreError::Damaged("the private key is not PKCS#8"))
}

type KeyAndIv = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// RFC 7292, appendix B. `None`: the password has characters that its UTF-16 does not have.
fn derived(password: &Secret, parameters: &Pkcs12PbeParams) -> Option<KeyAndIv> {
    let Pkcs12PbeParams { salt, iterations } = parameters;
    let of = |kind, length| {
        derive_key_utf8::<Sha1>(password.expose(), salt.as_bytes(), kind, *iterations, length)
            .ok()
            .map(Zeroizing::new)
    };
    Some((of(Pkcs12KeyType::EncryptionKey, KEY_BYTES)?, of(Pkcs12KeyType::Iv, BLOCK_BYTES)?))
}

fn open_pbes2(der: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|error| match error.kind() {
        ErrorKind::OidUnknown { .. } | ErrorKind::Value { .. } => StoreError::KeyEncryption("in a rare way"),
        _ => StoreError::Damaged("the encrypted private key cannot be read"),
    })?;
    let EncryptionScheme::Pbes2(scheme) = &info.encryption_algorithm else {
        return Err(StoreError::KeyEncryption("in an old way (PBES1 of PKCS#5)"));
    };
    match &scheme.kdf {
        Kdf::Pbkdf2(derivation) if derivation.iteration_count <= ROUNDS_LIMIT => {}
        Kdf::Pbkdf2(_) => return Err(TOO_MANY_ROUNDS),
        _ => return Err(StoreError::KeyEncryption("in a way that Java does not know")),
    }
    let key = info.decrypt(password.expose()).map_err(|_| StoreError::WrongPassword)?;
    Ok(Zeroizing::new(key.as_bytes().to_vec()))
}

fn seal_aes(key: &PrivateKeyDer, password: &Secret) -> Result<Vec<u8>, StoreError> {
    let damaged = StoreError::Damaged("the private key is not PKCS#8");
    let (salt, iv): ([u8; SALT_BYTES], [u8; 16]) = (random()?, random()?);
    let info = PrivateKeyInfoRef::try_from(key.as_pkcs8()).map_err(|_| damaged.clone())?;
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS.into(), &salt, iv)
        .map_err(|_| damaged.clone())?;
    let sealed = info.encrypt_with_params(parameters, password.expose()).map_err(|_| damaged)?;
    Ok(sealed.as_bytes().to_vec())
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], StoreError> {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| StoreError::NoRandomness)?;
    Ok(bytes)
}
