//! A TLS handshake that judges nothing and records what it saw.

use super::WireError;
use crate::formats::certificate::Certificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ResolvesClientCert};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, InconsistentKeys, SignatureScheme};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use zeroize::Zeroizing;

/// A client's certificate chain, leaf first, and its private key, all DER.
#[derive(Clone)]
pub struct ClientIdentity {
    pub chain: Vec<Vec<u8>>,
    pub key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientIdentity(chain of {}, key [secret])", self.chain.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

/// A configuration for one handshake, and what that handshake will have seen.
pub(super) fn client_config(
    identity: Option<&ClientIdentity>,
) -> Result<(Arc<ClientConfig>, Arc<Seen>), WireError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let seen = Arc::new(Seen {
        algorithms: provider.signature_verification_algorithms,
        chain: OnceLock::new(),
        version: OnceLock::new(),
        asked: AtomicBool::new(false),
        identity: identity.map(|identity| certified_key(identity, &provider)).transpose()?,
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(WireError::Identity)?
        .dangerous()
        .with_custom_certificate_verifier(seen.clone())
        .with_client_cert_resolver(seen.clone());
    Ok((Arc::new(config), seen))
}

fn certified_key(
    identity: &ClientIdentity,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, WireError> {
    let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivateKeyDer::try_from(identity.key.to_vec())
        .map_err(|why| WireError::Identity(rustls::Error::General(why.into())))?;
    let key = provider.key_provider.load_private_key(key).map_err(WireError::Identity)?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Err(error @ rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(WireError::Identity(error))
        }
        // webpki cannot read an X.509 v1 certificate, which `openssl x509 -req` makes; Cassandra can.
        Ok(()) | Err(_) => Ok(Arc::new(certified)),
    }
}

/// What a handshake showed: every certificate is taken and recorded, and the server must prove that it has its key.
#[derive(Debug)]
pub(super) struct Seen {
    algorithms: WebPkiSupportedAlgorithms,
    chain: OnceLock<Vec<Vec<u8>>>,
    version: OnceLock<TlsVersion>,
    asked: AtomicBool,
    identity: Option<Arc<CertifiedKey>>,
}

impl Seen {
    /// Whether the server asked for a certificate of ours.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// `None`: the server has not proved that it holds its certificate's key.
    pub(super) fn version(&self) -> Option<TlsVersion> {
        self.version.get().copied()
    }

    pub(super) fn chain(&self) -> Vec<Vec<u8>> {
        self.chain.get().cloned().unwrap_or_default()
    }

    pub(super) fn leaf_sha256(&self) -> String {
        let digest =
            Sha256::digest(self.chain.get().and_then(|chain| chain.first()).map_or(&[][..], Vec::as_slice));
        digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// A certificate that webpki cannot read (X.509 v1, say) is still what the port serves, so it is taken as it is; so is
    /// the signature of an RSA key that is too short for it.
    fn taken(
        &self,
        version: TlsVersion,
        certificate: &CertificateDer<'_>,
        verdict: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let _ = self.version.set(version);
        match verdict {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::BadEncoding | CertificateError::Other(_),
            )) => Ok(HandshakeSignatureValid::assertion()),
            Err(rustls::Error::InvalidCertificate(CertificateError::BadSignature))
                if has_short_key(certificate) =>
            {
                Ok(HandshakeSignatureValid::assertion())
            }
            other => other,
        }
    }
}

/// Of RSA, 2048 bits are the least that webpki checks signatures with.
fn has_short_key(certificate: &CertificateDer<'_>) -> bool {
    let certificate = Certificate::from_der(certificate).ok();
    certificate.and_then(|certificate| certificate.rsa_bits).is_some_and(|bits| bits < 2048)
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let _ = self.chain.set(chain.map(|certificate| certificate.to_vec()).collect());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verdict =
            rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms);
        self.taken(TlsVersion::Tls12, certificate, verdict)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verdict =
            rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms);
        self.taken(TlsVersion::Tls13, certificate, verdict)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Seen {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.identity.clone()
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}
