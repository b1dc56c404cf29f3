//! A private key that can sign, and the kinds that we make.

use super::PkiError;
use crate::formats::certificate::Certificate;
use crate::formats::store::PrivateKeyDer;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::fmt;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    P256,
    P384,
    Rsa3072,
    Rsa4096,
}

/// Never shown; its encoded form is zeroed on drop, and aws-lc zeroes its own.
pub struct Key(Zeroizing<KeyPair>);

impl Key {
    pub fn generate(kind: KeyKind) -> Result<Key, PkiError> {
        let pair = match kind {
            KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            KeyKind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072),
            KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        };
        pair.map(|pair| Key(Zeroizing::new(pair))).map_err(PkiError::KeyNotMade)
    }

    /// A key out of a store or a file.
    pub fn open(key: &PrivateKeyDer) -> Result<Key, PkiError> {
        let der = rustls::pki_types::PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.as_pkcs8()));
        KeyPair::try_from(&der).map(|pair| Key(Zeroizing::new(pair))).map_err(PkiError::KeyNotUsable)
    }

    /// The key as PKCS#8.
    pub fn private(&self) -> PrivateKeyDer {
        let der = Zeroizing::new(self.0.serialized_der().to_vec());
        PrivateKeyDer::from_pkcs8(der).expect("a key is held as PKCS#8: it was made or read as such")
    }

    /// Whether the certificate is of this key.
    pub fn fits(&self, certificate: &Certificate) -> bool {
        X509Certificate::from_der(&certificate.der)
            .is_ok_and(|(_, parsed)| parsed.public_key().subject_public_key.data == self.0.der_bytes())
    }

    /// RSA keys may also wrap a session's key, in the old suites without forward secrecy.
    pub(super) fn is_rsa(&self) -> bool {
        self.0.is_compatible(&PKCS_RSA_SHA256)
    }

    pub(super) fn pair(&self) -> &KeyPair {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key]")
    }
}
