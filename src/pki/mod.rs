//! Certificates of our own making: a CA, what it signs for nodes and clients, and requests for another CA to sign.
//!
//! Names, keys and times in, bytes out. Only making a key draws randomness, inside of aws-lc-rs.

pub mod authority;
pub mod chain;
pub mod cqlshrc;
pub mod key;
pub mod names;
pub mod password;
pub mod request;
pub mod sealed;
pub mod stores;
pub mod subject;

use jiff::{SignedDuration, Timestamp};

/// From when until when a certificate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// A certificate made now is used at once, also by those whose clock is late.
const CLOCKS_MAY_BE_LATE: SignedDuration = SignedDuration::from_hours(1);

impl Validity {
    /// `None` where that many days lead out of the calendar.
    pub fn days(now: Timestamp, days: u32) -> Option<Validity> {
        Some(Validity {
            not_before: now.checked_sub(CLOCKS_MAY_BE_LATE).ok()?,
            not_after: now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()?,
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    #[error("cannot make a key")]
    KeyNotMade(#[source] rcgen::Error),
    #[error("the private key is of a kind that cannot sign here")]
    KeyNotUsable(#[source] rcgen::Error),
    #[error("cannot make a certificate for `{subject}`")]
    NotSigned {
        subject: String,
        #[source]
        source: rcgen::Error,
    },
    #[error("the certificate that was made for `{subject}` cannot be read back")]
    NotReadable {
        subject: String,
        #[source]
        source: crate::formats::certificate::CertificateError,
    },
    #[error("`{0}` cannot be a name in a certificate")]
    NotAName(String),
    #[error("no certificate of the CA fits its private key")]
    KeyOfAnother,
    #[error("`{0}` is no CA: it says that it may not sign certificates")]
    NoAuthority(String),
    #[error("the CA `{subject}` ended on {not_after}")]
    AuthorityEnded { subject: String, not_after: Timestamp },
    #[error("the CA `{subject}` ends on {not_after}, before the certificate would ({wished})")]
    OutlivesAuthority { subject: String, not_after: Timestamp, wished: Timestamp },
    #[error(
        "the subject of the CA, `{0}`, has a part twice, and cannot be written as the issuer of another certificate"
    )]
    IssuerNotKept(String),
}

impl PkiError {
    /// A way out, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            PkiError::KeyOfAnother => Some("`ca.pem` and `ca.key` must be of one CA"),
            PkiError::NoAuthority(_) => {
                Some("name the directory of a CA: `ringwalk stores new-ca` makes one")
            }
            PkiError::AuthorityEnded { .. } => Some(
                "make a new CA with `ringwalk stores new-ca`; docs/stores.md says how a cluster changes its CA",
            ),
            PkiError::OutlivesAuthority { .. } => {
                Some("ask for fewer days with `--days`, or change the CA (docs/stores.md)")
            }
            PkiError::IssuerNotKept(_) => {
                Some("let that CA sign requests itself: `ringwalk stores issue --csr`")
            }
            PkiError::KeyNotUsable(_) => {
                Some("RSA of 2048 bits or more, P-256, P-384, P-521 and Ed25519 can sign")
            }
            PkiError::NotAName(_) => {
                Some("letters, digits, `-`, `_` and `.` make a name; or it is an address")
            }
            PkiError::KeyNotMade(_) | PkiError::NotSigned { .. } | PkiError::NotReadable { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_counts_from_an_hour_ago_for_as_many_days_as_asked() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let validity = Validity::days(now, 397).unwrap();
        assert_eq!(validity.not_before.to_string(), "2026-11-24T11:00:00Z");
        assert_eq!(validity.not_after.to_string(), "2027-12-26T12:00:00Z");
        assert_eq!(Validity::days(now, u32::MAX), None);
    }
}
