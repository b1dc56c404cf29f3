//! What a key store or trust store holds, whatever its format, and why one cannot be opened.

use super::certificate::{Certificate, CertificateError};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use std::collections::HashSet;
use std::fmt;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub keys: Vec<KeyEntry>,
    /// Alias and certificate.
    pub trusted: Vec<(String, Certificate)>,
    /// Certificates that are in the file and that Java sees neither in a chain nor as trusted.
    pub ignored: Vec<Certificate>,
}

/// A private key and the certificates that go with it: its own first, empty if the store has none for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    pub alias: String,
    pub chain: Vec<Certificate>,
    pub key: PrivateKeyDer,
}

/// A private key as PKCS#8; never shown, zeroed on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKeyDer(Zeroizing<Vec<u8>>);

impl PrivateKeyDer {
    /// Takes the bytes of a PKCS#8 `PrivateKeyInfo`, and nothing else.
    pub fn from_pkcs8(der: Zeroizing<Vec<u8>>) -> Option<PrivateKeyDer> {
        pkcs8::PrivateKeyInfoRef::try_from(der.as_slice()).ok()?;
        Some(PrivateKeyDer(der))
    }

    pub fn as_pkcs8(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the key of this certificate; `None` for a kind of key that cannot be told.
    pub fn belongs_to(&self, certificate: &Certificate) -> Option<bool> {
        let public = self.public_key()?;
        let (_, parsed) = X509Certificate::from_der(&certificate.der).ok()?;
        Some(parsed.public_key().subject_public_key.data.as_ref() == public.as_slice())
    }

    /// The content of the `subjectPublicKey` that goes with it.
    fn public_key(&self) -> Option<Vec<u8>> {
        let info = pkcs8::PrivateKeyInfoRef::try_from(self.as_pkcs8()).ok()?;
        match info.algorithm.oid.to_string().as_str() {
            "1.2.840.113549.1.1.1" => rsa_public_key(info.private_key.as_bytes()),
            "1.2.840.10045.2.1" => EC_ALGORITHMS.iter().find_map(|algorithm| {
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, self.as_pkcs8()).ok()?;
                Some(pair.public_key().as_ref().to_vec())
            }),
            "1.3.101.112" => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(self.as_pkcs8()).ok()?;
                Some(pair.public_key().as_ref().to_vec())
            }
            _ => None,
        }
    }
}

/// The curves that Cassandra's TLS can serve with.
static EC_ALGORITHMS: [&EcdsaSigningAlgorithm; 3] =
    [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING];

/// RFC 8017: a private key begins with version, modulus and public exponent; the last two are the public key.
fn rsa_public_key(private: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(private).ok()?;
    let numbers = reader.sequence(|reader| -> Result<_, pkcs8::der::Error> {
        let _version = UintRef::decode(reader)?;
        let numbers = [UintRef::decode(reader)?, UintRef::decode(reader)?];
        let rest = reader.remaining_len();
        reader.read_slice(rest)?;
        Ok(numbers)
    });
    let public: Vec<UintRef<'_>> = numbers.ok()?.into();
    public.to_der().ok()
}

impl fmt::Debug for PrivateKeyDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key]")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the file is empty")]
    Empty,
    #[error("neither JKS nor PKCS12 nor PEM")]
    NotAStore,
    #[error("a certificate in DER, not a store")]
    CertificateOnly,
    #[error("a JCEKS store, which Cassandra does not open as JKS or PKCS12")]
    Jceks,
    /// A check sum over password and content fails for both reasons alike.
    #[error("the password is wrong, or the file is damaged")]
    WrongPassword,
    #[error(
        "the key `{alias}` has another password than the store, and Cassandra opens both with `keystore_password`"
    )]
    KeyPasswordDiffers { alias: String },
    #[error(
        "the private key is `{label}`, and Java reads only PKCS#8 (`PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`)"
    )]
    NotPkcs8 { label: String },
    #[error("the private key is encrypted {0}")]
    KeyEncryption(&'static str),
    #[error("the private key is encrypted, and no password is given")]
    PasswordMissing,
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
    #[error("the certificate of `{alias}` cannot be read")]
    Certificate {
        alias: String,
        #[source]
        source: CertificateError,
    },
    #[error("the store uses {0}, which cannot be read")]
    Unsupported(&'static str),
    #[error("the entry `{alias}` cannot be written: {why}")]
    NotWritable { alias: String, why: &'static str },
    #[error("PEM cannot hold {0}")]
    NotForPem(&'static str),
    #[error("the operating system gives no random numbers")]
    NoRandomness,
}

impl StoreError {
    /// A way out, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            StoreError::Jceks => {
                Some("convert it: `keytool -importkeystore -srcstoretype JCEKS -deststoretype PKCS12 …`")
            }
            StoreError::WrongPassword => Some("try the password with `keytool -list -keystore FILE`"),
            StoreError::KeyPasswordDiffers { .. } => Some(
                "give the key the password of its store: `keytool -keypasswd -alias ALIAS -keystore FILE` for JKS; \
                 a PKCS12 store is made anew",
            ),
            StoreError::NotPkcs8 { .. } | StoreError::KeyEncryption(_) => {
                Some("write the key anew: `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in FILE -out FILE.p8`")
            }
            StoreError::PasswordMissing => Some("give the store a `password`"),
            StoreError::Unsupported(_) => {
                Some("make the store anew: `keytool -importkeystore … -deststoretype PKCS12`")
            }
            StoreError::CertificateOnly => {
                Some("put it into a store: `keytool -importcert -alias ALIAS -file FILE …`")
            }
            StoreError::Empty
            | StoreError::NoRandomness
            | StoreError::NotWritable { .. }
            | StoreError::NotForPem(_)
            | StoreError::NotAStore
            | StoreError::Damaged(_)
            | StoreError::Certificate { .. } => None,
        }
    }
}

/// The certificate of an entry.
pub fn certificate(alias: &str, der: &[u8]) -> Result<Certificate, StoreError> {
    Certificate::from_der(der).map_err(|source| StoreError::Certificate { alias: alias.to_string(), source })
}

/// Java takes aliases for the same whatever their case, and of two entries with the same it keeps the later.
pub fn names_differ(contents: &Contents) -> Result<(), StoreError> {
    let aliases = contents.keys.iter().map(|entry| &entry.alias);
    let mut seen = HashSet::new();
    for alias in aliases.chain(contents.trusted.iter().map(|(alias, _)| alias)) {
        if !seen.insert(alias.to_lowercase()) {
            return Err(StoreError::NotWritable {
                alias: alias.clone(),
                why: "another entry has the same alias",
            });
        }
    }
    Ok(())
}
