//! What can be proven of certificates and keys: who signed whom, and which key belongs to which certificate.
//!
//! The cryptography is that of rustls' provider, which this program speaks TLS with; what it does not know, such as
//! SHA-1 or RSA under 2048 bits, stays unknown.

use super::certificate::Certificate;
use super::contents::PrivateKeyDer;
use super::der::{bits, elements, value};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer as RustlsKey;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::sync::LazyLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Proven,
    Disproven,
    Unknown,
}

static PROVIDER: LazyLock<CryptoProvider> = LazyLock::new(default_provider);

/// Whether the issuer's key made the certificate's signature.
pub fn signed_by(certificate: &Certificate, issuer: &Certificate) -> Proof {
    let Some((signed, algorithm, signature)) = signature(&certificate.der) else { return Proof::Unknown };
    let Some((key_algorithm, key)) = public_key(&issuer.der) else { return Proof::Unknown };
    let known = PROVIDER.signature_verification_algorithms.all.iter().filter(|known| {
        known.signature_alg_id().as_ref() == algorithm && known.public_key_alg_id().as_ref() == key_algorithm
    });
    let mut answer = Proof::Unknown;
    for algorithm in known {
        match algorithm.verify_signature(key, signed, signature) {
            Ok(()) => return Proof::Proven,
            // The provider refuses a short RSA key with the same words as a wrong signature.
            Err(_) if is_short(key, key_algorithm) => {}
            Err(_) => answer = Proof::Disproven,
        }
    }
    answer
}

/// Whether the certificate is for this private key.
pub fn belongs(key: &PrivateKeyDer, certificate: &Certificate) -> Proof {
    let key = RustlsKey::Pkcs8(PrivatePkcs8KeyDer::from(key.as_pkcs8()));
    let Ok(signing) = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key) else {
        return Proof::Unknown;
    };
    match (signing.public_key(), x509_public_key(&certificate.der)) {
        (Some(own), Some(certified)) if own.as_ref() == certified => Proof::Proven,
        (Some(_), Some(_)) => Proof::Disproven,
        (None, _) | (_, None) => Proof::Unknown,
    }
}

/// RSA below the 2048 bits that the provider asks for: the modulus and little else.
fn is_short(key: &[u8], key_algorithm: &[u8]) -> bool {
    const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    key_algorithm.starts_with(RSA_ENCRYPTION) && key.len() < 2048 / 8
}

/// What is signed, the signature's algorithm and the signature.
fn signature(certificate: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let [signed, algorithm, signature] = elements(certificate)?[..] else { return None };
    Some((signed, value(algorithm)?, bits(signature)?))
}

/// The algorithm of a certificate's public key, and the key's bits.
fn public_key(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let [algorithm, key] = elements(x509_public_key(certificate)?)?[..] else { return None };
    Some((value(algorithm)?, bits(key)?))
}

/// `SubjectPublicKeyInfo`: after version, serial, signature, issuer, validity and subject, the first of which may lack.
fn x509_public_key(certificate: &[u8]) -> Option<&[u8]> {
    const VERSION: u8 = 0xa0;
    let signed = elements(elements(certificate)?.first()?)?;
    let has_version = signed.first()?.first() == Some(&VERSION);
    signed.get(if has_version { 6 } else { 5 }).copied()
}
