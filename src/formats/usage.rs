//! What an X.509 certificate says of its subject and its key, beyond what most ask of it.

use super::certificate::Certificate;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The common name of its subject, which clients of today no longer compare with a host.
    pub common_name: Option<String>,
    /// Whether its key usage, where it has one, allows what a TLS handshake needs: signatures or key exchange.
    pub allows_handshakes: bool,
    /// The whole public key, as `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

impl Usage {
    /// Reads it; of a certificate that has been read before, so that nothing is left to be wrong but an extension.
    pub fn of(certificate: &Certificate) -> Usage {
        let Ok((_, parsed)) = X509Certificate::from_der(&certificate.der) else {
            return Usage { allows_handshakes: true, ..Usage::default() };
        };
        let common_name = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        Usage {
            common_name: common_name.map(Into::into),
            allows_handshakes: match parsed.key_usage() {
                Ok(Some(usage)) => {
                    let usage = usage.value;
                    usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
                }
                Ok(None) | Err(_) => true,
            },
            public_key: parsed.public_key().raw.to_vec(),
        }
    }
}
