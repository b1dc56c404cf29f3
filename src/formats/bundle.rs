//! Certificates as CAs hand them out: PEM, DER or PKCS#7, one or many, and no private key.

use super::certificate::Certificate;
use super::contents::{StoreError, certificate};
use super::{pem, pkcs7};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("no certificate: neither PEM nor DER nor PKCS#7")]
    NotCertificates,
    #[error("no certificate is in it")]
    Empty,
    #[error("it holds a private key, and certificates are wanted here")]
    HoldsKey,
    #[error(transparent)]
    Damaged(#[from] StoreError),
}

impl BundleError {
    /// A way out, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            BundleError::NotCertificates => Some(
                "certificates are wanted here; out of a store comes one with \
                 `keytool -exportcert -rfc -alias ALIAS -keystore STORE`",
            ),
            BundleError::Empty => Some("certificates are wanted here, in PEM, DER or PKCS#7"),
            BundleError::HoldsKey => None,
            BundleError::Damaged(error) => error.help(),
        }
    }
}

/// In the order of the file.
pub fn read(bytes: &[u8]) -> Result<Vec<Certificate>, BundleError> {
    let all = if pem::is_pem(bytes) { of_pem(bytes)? } else { of_der(bytes)? };
    if all.is_empty() { Err(BundleError::Empty) } else { Ok(all) }
}

/// Windows writes PKCS#7 under the label of a certificate.
fn of_pem(bytes: &[u8]) -> Result<Vec<Certificate>, BundleError> {
    let mut all = Vec::new();
    for block in pem::blocks(bytes)? {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "PKCS7" | "CMS" => {
                let der = block.data()?;
                match pkcs7::is_pkcs7(&der) {
                    true => all.extend(pkcs7::read(&der)?),
                    false => all.push(certificate(&(all.len() + 1).to_string(), &der)?),
                }
            }
            label if label.ends_with("PRIVATE KEY") => return Err(BundleError::HoldsKey),
            _ => {}
        }
    }
    Ok(all)
}

fn of_der(bytes: &[u8]) -> Result<Vec<Certificate>, BundleError> {
    if pkcs7::is_pkcs7(bytes) {
        return Ok(pkcs7::read(bytes)?);
    }
    Certificate::from_der(bytes).map(|one| vec![one]).map_err(|_| BundleError::NotCertificates)
}
