//! A chain that a CA sent back: whose it is, whether each certificate signed the one before it, and where it ends.

use super::key::Key;
use crate::formats::certificate::Certificate;
use jiff::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("no certificate in it fits the private key")]
    OfAnotherKey,
    #[error("the certificate is of a CA (`{0}`), not of a node")]
    IsAuthority(String),
    #[error("the certificate `{0}` may not be used by a server")]
    NotForServers(String),
    #[error("`{0}` belongs to no chain of the node's certificate")]
    Stray(String),
    #[error("the chain ends at `{last}`, and the certificate of its issuer, `{issuer}`, is missing")]
    Incomplete { last: String, issuer: String },
    #[error("the certificate `{subject}` ended on {not_after}")]
    Ended { subject: String, not_after: Timestamp },
    #[error("the certificate `{subject}` counts only from {not_before} on")]
    NotYet { subject: String, not_before: Timestamp },
}

impl ChainError {
    pub fn help(&self) -> &'static str {
        match self {
            ChainError::OfAnotherKey => {
                "each node's certificate must be made from its own request, `NODE.csr`"
            }
            ChainError::IsAuthority(_) => {
                "put the node's own certificate into the file, then those of the CA"
            }
            ChainError::NotForServers(_) => {
                "ask the CA for a certificate with the extended key usage `serverAuth`"
            }
            ChainError::Stray(_) => "leave in the file only the node's certificate and what signed it",
            ChainError::Incomplete { .. } => {
                "name the CA's certificates up to its root with `--ca-chain FILE`"
            }
            ChainError::Ended { .. } => "ask the CA for a new certificate",
            ChainError::NotYet { .. } => "wait until then, or put this machine's clock right",
        }
    }
}

/// The node's certificate, then its issuers up to the root, whatever order they came in. Of `sent` each must be used;
/// `known` is what may be taken to fill in.
pub fn arrange(
    key: &Key,
    sent: &[Certificate],
    known: &[Certificate],
    now: Timestamp,
) -> Result<Vec<Certificate>, ChainError> {
    let leaf = sent.iter().find(|certificate| key.fits(certificate)).ok_or(ChainError::OfAnotherKey)?;
    if leaf.is_ca {
        return Err(ChainError::IsAuthority(leaf.subject.clone()));
    }
    if leaf.usages.is_some_and(|usages| !usages.server) {
        return Err(ChainError::NotForServers(leaf.subject.clone()));
    }
    let mut chain = vec![leaf.clone()];
    while !chain[chain.len() - 1].is_self_signed() {
        let last = &chain[chain.len() - 1];
        // The name has to do where the signature is one that cannot be verified here, such as one by P-521.
        let left = || sent.iter().chain(known).filter(|one| !chain.contains(one));
        let by_name = || left().find(|one| one.verifies(last).is_none());
        let Some(issuer) = left().find(|one| one.signed(last)).or_else(by_name) else {
            return Err(ChainError::Incomplete { last: last.subject.clone(), issuer: last.issuer.clone() });
        };
        chain.push(issuer.clone());
    }
    if let Some(stray) = sent.iter().find(|certificate| !chain.contains(certificate)) {
        return Err(ChainError::Stray(stray.subject.clone()));
    }
    chain.iter().try_for_each(|certificate| counts(certificate, now))?;
    Ok(chain)
}

fn counts(certificate: &Certificate, now: Timestamp) -> Result<(), ChainError> {
    let subject = certificate.subject.clone();
    if certificate.not_after <= now {
        return Err(ChainError::Ended { subject, not_after: certificate.not_after });
    }
    if certificate.not_before > now {
        return Err(ChainError::NotYet { subject, not_before: certificate.not_before });
    }
    Ok(())
}
