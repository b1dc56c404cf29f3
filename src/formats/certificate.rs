//! An X.509 certificate: what an operator asks of it, and its bytes.

use core::net::IpAddr;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Java takes no TLS handshake message that is larger (`jdk.tls.maxHandshakeMessageSize`), so that nobody can be shown a
/// larger certificate. It is also what bounds the memory that a mebibyte of tiny names would take.
const SIZE_LIMIT_BYTES: usize = 32 << 10;

#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// A distinguished name such as `CN=orders-1, O=Example`.
    pub subject: String,
    pub issuer: String,
    /// Lowercase hex.
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Host names and addresses as they are; other kinds as `email:…` and `uri:…`.
    pub sans: Vec<String>,
    /// Kind and size of the public key: `RSA 2048`, `EC P-256`, `Ed25519`.
    pub key: String,
    /// The fingerprint, lowercase hex without colons.
    pub sha256: String,
    pub der: Vec<u8>,
    /// Whether it says that it may sign other certificates.
    pub is_ca: bool,
    /// Bits of an RSA modulus; `None` for other kinds of keys.
    pub rsa_bits: Option<usize>,
    /// The algorithm of the issuer's signature: `SHA-256 with RSA`, `ECDSA with SHA-384`, `Ed25519`.
    pub signature: String,
    /// What the certificate may be used for, where it says so; `None`: for anything.
    pub usages: Option<Usages>,
}

/// The extended key usages that TLS asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usages {
    pub server: bool,
    pub client: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("not an X.509 certificate: {0}")]
    Malformed(String),
    #[error("more bytes follow the certificate")]
    TrailingBytes,
    #[error("it has {0} bytes, and Java's TLS takes at most 32,768")]
    TooLarge(usize),
    #[error("its validity lies outside of the calendar")]
    Dates,
}

impl Certificate {
    pub fn from_der(der: &[u8]) -> Result<Certificate, CertificateError> {
        if der.len() > SIZE_LIMIT_BYTES {
            return Err(CertificateError::TooLarge(der.len()));
        }
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|error| CertificateError::Malformed(error.to_string()))?;
        if !rest.is_empty() {
            return Err(CertificateError::TrailingBytes);
        }
        let validity = parsed.validity();
        Ok(Certificate {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            serial: hex(parsed.raw_serial()),
            not_before: timestamp(validity.not_before)?,
            not_after: timestamp(validity.not_after)?,
            sans: sans(&parsed)?,
            key: key(parsed.public_key()),
            sha256: hex(&Sha256::digest(der)),
            der: der.to_vec(),
            is_ca: parsed.is_ca(),
            rsa_bits: rsa_bits(parsed.public_key()),
            signature: signature(&parsed.signature_algorithm),
            usages: usages(&parsed)?,
        })
    }

    /// Whether this certificate's key signed that one; the names are asked too. `false` also where the algorithm is one
    /// that is not trusted any more, so it is a signature that nobody verifies.
    pub fn signed(&self, other: &Certificate) -> bool {
        self.verifies(other).unwrap_or(false)
    }

    /// The same, told apart from a signature that cannot be verified here: MD5, RSA under 2048 bits, a rare curve.
    pub fn verifies(&self, other: &Certificate) -> Option<bool> {
        let (_, own) = X509Certificate::from_der(&self.der).ok()?;
        let (_, theirs) = X509Certificate::from_der(&other.der).ok()?;
        if own.subject().as_raw() != theirs.issuer().as_raw() {
            return Some(false);
        }
        if self.makes_signatures_of() != other.is_signed_by_key_of() {
            return Some(false);
        }
        match theirs.verify_signature(Some(own.public_key())) {
            Ok(()) => Some(true),
            Err(X509Error::SignatureVerificationError) if self.verifies_here() => Some(false),
            Err(_) => None,
        }
    }

    /// The kind of key, and that of the key that signed: `RSA`, `EC`, `Ed25519` …
    fn makes_signatures_of(&self) -> &str {
        match self.key.as_str() {
            // A key for RSA-PSS alone.
            "algorithm 1.2.840.113549.1.1.10" => "RSA",
            key => key.split(' ').next().unwrap_or(key),
        }
    }

    fn is_signed_by_key_of(&self) -> &str {
        match self.signature.as_str() {
            "RSA-PSS" => "RSA",
            signature if signature.ends_with(" with RSA") => "RSA",
            signature if signature.starts_with("ECDSA ") => "EC",
            signature => signature.split(' ').next().unwrap_or(signature),
        }
    }

    /// Whether signatures by this key can be verified at all.
    fn verifies_here(&self) -> bool {
        let is_known = || ["EC P-256", "EC P-384", "Ed25519"].contains(&self.key.as_str());
        self.rsa_bits.map_or_else(is_known, |bits| bits >= 2048)
    }

    /// A signature that cannot be verified here is taken for its own where the names say so.
    pub fn is_self_signed(&self) -> bool {
        self.verifies(self).unwrap_or(true)
    }

    /// The names of hosts among what it stands for.
    pub fn host_names(&self) -> impl Iterator<Item = &str> {
        let is_name = |san: &&str| {
            !san.starts_with("email:") && !san.starts_with("uri:") && san.parse::<IpAddr>().is_err()
        };
        self.sans.iter().map(String::as_str).filter(is_name)
    }

    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.sans.iter().filter_map(|san| san.parse().ok())
    }
}

/// Without the bytes, which say nothing to a reader.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("not_after", &self.not_after)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

fn timestamp(time: ASN1Time) -> Result<Timestamp, CertificateError> {
    Timestamp::from_second(time.timestamp()).map_err(|_| CertificateError::Dates)
}

fn sans(certificate: &X509Certificate<'_>) -> Result<Vec<String>, CertificateError> {
    let extension = certificate
        .subject_alternative_name()
        .map_err(|error| CertificateError::Malformed(error.to_string()))?;
    let names = extension.map(|extension| &extension.value.general_names);
    Ok(names.into_iter().flatten().filter_map(san).collect())
}

fn san(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_string()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        GeneralName::RFC822Name(mail) => Some(format!("email:{mail}")),
        GeneralName::URI(uri) => Some(format!("uri:{uri}")),
        // No TLS client compares these with a host.
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => return format!("RSA {}", rsa.key_size()),
        Ok(PublicKey::EC(point)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            let curve = curve.map(|oid| oid.to_id_string()).unwrap_or_default();
            return format!("EC {}", curve_name(&curve).unwrap_or(&format!("{} bits", point.key_size())));
        }
        Ok(_) | Err(_) => {}
    }
    match info.algorithm.algorithm.to_id_string().as_str() {
        "1.3.101.112" => "Ed25519".to_string(),
        "1.3.101.113" => "Ed448".to_string(),
        "1.2.840.10040.4.1" => "DSA".to_string(),
        other => format!("algorithm {other}"),
    }
}

fn rsa_bits(info: &SubjectPublicKeyInfo<'_>) -> Option<usize> {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => Some(rsa.key_size()),
        Ok(_) | Err(_) => None,
    }
}

fn usages(certificate: &X509Certificate<'_>) -> Result<Option<Usages>, CertificateError> {
    let extension = certificate.extended_key_usage();
    let extension = extension.map_err(|error| CertificateError::Malformed(error.to_string()))?;
    Ok(extension.map(|extension| {
        let usage = extension.value;
        Usages { server: usage.any || usage.server_auth, client: usage.any || usage.client_auth }
    }))
}

fn signature(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let oid = algorithm.algorithm.to_id_string();
    match oid.as_str() {
        "1.2.840.113549.1.1.2" => "MD2 with RSA",
        "1.2.840.113549.1.1.4" => "MD5 with RSA",
        "1.2.840.113549.1.1.5" => "SHA-1 with RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA-256 with RSA",
        "1.2.840.113549.1.1.12" => "SHA-384 with RSA",
        "1.2.840.113549.1.1.13" => "SHA-512 with RSA",
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => return format!("algorithm {other}"),
    }
    .to_string()
}

fn curve_name(oid: &str) -> Option<&'static str> {
    match oid {
        "1.2.840.10045.3.1.7" => Some("P-256"),
        "1.3.132.0.34" => Some("P-384"),
        "1.3.132.0.35" => Some("P-521"),
        "1.3.132.0.10" => Some("secp256k1"),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(out, "{byte:02x}").expect("writing to a String does not fail");
    }
    out
}
