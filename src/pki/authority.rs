//! A CA: its certificate, its key, and what it signs.

use super::key::{Key, KeyKind};
use super::subject::{self, Subject};
use super::{PkiError, Validity};
use crate::formats::certificate::Certificate;
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyUsagePurpose};
use rustls::pki_types::CertificateDer;

#[derive(Debug)]
pub struct Authority {
    pub key: Key,
    /// Its own certificate first, the root last.
    pub chain: Vec<Certificate>,
}

impl Authority {
    /// A root that signs leaves only.
    pub fn create(name: &str, kind: KeyKind, validity: Validity) -> Result<Authority, PkiError> {
        let key = Key::generate(kind)?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = subject::common_name(name);
        subject::set_validity(&mut parameters, validity).ok_or_else(|| PkiError::NotAName(name.into()))?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let not_signed = |source| PkiError::NotSigned { subject: name.into(), source };
        let made = parameters.self_signed(key.pair()).map_err(not_signed)?;
        let certificate = Certificate::from_der(made.der())
            .map_err(|source| PkiError::NotReadable { subject: name.into(), source })?;
        Ok(Authority { key, chain: vec![certificate] })
    }

    /// A CA from its files; `certificates` in the order of the file, its own first.
    pub fn open(key: Key, certificates: Vec<Certificate>, now: Timestamp) -> Result<Authority, PkiError> {
        let authority = Authority { key, chain: certificates };
        let own = authority.chain.first().ok_or(PkiError::KeyOfAnother)?;
        if !authority.key.fits(own) {
            return Err(PkiError::KeyOfAnother);
        }
        if !own.is_ca {
            return Err(PkiError::NoAuthority(own.subject.clone()));
        }
        if own.not_after <= now {
            return Err(PkiError::AuthorityEnded { subject: own.subject.clone(), not_after: own.not_after });
        }
        Ok(authority)
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// What clients trust: the root, or as far as the chain leads to it.
    pub fn root(&self) -> &Certificate {
        &self.chain[self.chain.len() - 1]
    }

    /// A certificate for the subject and everything up to the root, the subject's own first.
    pub fn issue(
        &self,
        subject: &Subject,
        key: &Key,
        validity: Validity,
    ) -> Result<Vec<Certificate>, PkiError> {
        let own = self.certificate();
        if own.not_after < validity.not_after {
            return Err(PkiError::OutlivesAuthority {
                subject: own.subject.clone(),
                not_after: own.not_after,
                wished: validity.not_after,
            });
        }
        let der = CertificateDer::from(own.der.as_slice());
        let issuer = Issuer::from_ca_cert_der(&der, self.key.pair())
            .map_err(|source| PkiError::NotSigned { subject: subject.name.clone(), source })?;
        let made = subject.parameters(key, Some(validity))?.signed_by(key.pair(), &issuer);
        let leaf = subject.read_back(made)?;
        // rcgen keeps one value of a kind; a chain is found by the whole name, so that the leaf would lead nowhere.
        if leaf.issuer != own.subject {
            return Err(PkiError::IssuerNotKept(own.subject.clone()));
        }
        Ok(std::iter::once(leaf).chain(self.chain.iter().cloned()).collect())
    }
}
