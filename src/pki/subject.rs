//! For whom a certificate is: its name, the hosts it speaks for, and what it may be used for.

use super::key::Key;
use super::names::San;
use super::{PkiError, Validity};
use crate::formats::certificate::Certificate;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType,
};
use x509_parser::time::ASN1Time;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The common name.
    pub name: String,
    pub sans: Vec<San>,
    pub purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Serves clients, and is a client of other nodes.
    Node,
    Client,
}

/// RFC 5280, `ub-common-name`; OpenSSL refuses a longer one. The whole name is among the SANs.
const COMMON_NAME_MAX: usize = 64;

impl Subject {
    /// A certificate signed by its own key, as `keytool -genkeypair` makes it.
    pub fn self_signed(&self, key: &Key, validity: Validity) -> Result<Certificate, PkiError> {
        let made = self.parameters(key, Some(validity))?.self_signed(key.pair());
        self.read_back(made)
    }

    /// A request for a certificate, PKCS#10 in DER.
    pub fn request(&self, key: &Key) -> Result<Vec<u8>, PkiError> {
        let parameters = self.parameters(key, None)?;
        let request = parameters.serialize_request(key.pair()).map_err(|source| self.not_signed(source))?;
        Ok(request.der().to_vec())
    }

    /// `validity` is the signer's to say, so that a request has none.
    pub(super) fn parameters(
        &self,
        key: &Key,
        validity: Option<Validity>,
    ) -> Result<CertificateParams, PkiError> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = common_name(&self.name);
        parameters.subject_alt_names = self.sans.iter().map(san).collect::<Result<_, _>>()?;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if key.is_rsa() {
            parameters.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        parameters.extended_key_usages = match self.purpose {
            Purpose::Node => vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
            Purpose::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
        };
        if let Some(validity) = validity {
            set_validity(&mut parameters, validity).ok_or_else(|| PkiError::NotAName(self.name.clone()))?;
            // Says that it is no CA, and brings the subject's key identifier, which Python 3.13 and later asks for.
            parameters.is_ca = IsCa::ExplicitNoCa;
            parameters.use_authority_key_identifier_extension = true;
        }
        Ok(parameters)
    }

    pub(super) fn read_back(
        &self,
        made: Result<rcgen::Certificate, rcgen::Error>,
    ) -> Result<Certificate, PkiError> {
        let made = made.map_err(|source| self.not_signed(source))?;
        Certificate::from_der(made.der())
            .map_err(|source| PkiError::NotReadable { subject: self.name.clone(), source })
    }

    fn not_signed(&self, source: rcgen::Error) -> PkiError {
        PkiError::NotSigned { subject: self.name.clone(), source }
    }
}

pub(super) fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name.chars().take(COMMON_NAME_MAX).collect::<String>());
    distinguished
}

/// `None`: outside of the calendar that certificates know.
pub(super) fn set_validity(parameters: &mut CertificateParams, validity: Validity) -> Option<()> {
    parameters.not_before = ASN1Time::from_timestamp(validity.not_before.as_second()).ok()?.to_datetime();
    parameters.not_after = ASN1Time::from_timestamp(validity.not_after.as_second()).ok()?.to_datetime();
    Some(())
}

fn san(san: &San) -> Result<SanType, PkiError> {
    match san {
        San::Address(address) => Ok(SanType::IpAddress(*address)),
        San::Dns(name) => {
            let text = name.as_str().try_into().map_err(|_| PkiError::NotAName(name.clone()))?;
            Ok(SanType::DnsName(text))
        }
    }
}
