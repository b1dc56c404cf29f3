//! What the client port accepts, from `enabled`, `optional` and the version: the truth table.
//!
//! Source: `NativeTransportService.java` (3.x) and `EncryptionOptions.tlsEncryptionPolicy` (4.0 and later); every row
//! measured on 3.11, 4.0, 4.1 and 5.0.

use super::version::Version;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    Plaintext,
    /// TLS and plaintext on one port.
    Either,
    Tls,
}

impl Policy {
    /// The policy of a port with these options. `optional` unset is taken as Cassandra takes it when no keystore
    /// stands at the configured path; ringwalk always writes it.
    pub fn of(version: Version, enabled: bool, optional: Option<bool>) -> Policy {
        // 3.x: `enabled` is a gate. 4.0 and later: `optional` wins over `enabled: false`.
        let optional_counts = enabled || version >= Version::new(4, 0, 0);
        match (enabled, optional_counts && optional.unwrap_or(false)) {
            (_, true) => Policy::Either,
            (true, false) => Policy::Tls,
            (false, false) => Policy::Plaintext,
        }
    }

    pub fn accepts_plaintext(self) -> bool {
        self != Policy::Tls
    }

    pub fn accepts_tls(self) -> bool {
        self != Policy::Plaintext
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Policy::Plaintext => "plaintext only",
            Policy::Either => "TLS and plaintext",
            Policy::Tls => "TLS only",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_truth_table() {
        use Policy::{Either, Plaintext, Tls};
        for (enabled, optional, before_4, since_4) in [
            (false, Some(false), Plaintext, Plaintext),
            (true, Some(false), Tls, Tls),
            (true, Some(true), Either, Either),
            (false, Some(true), Plaintext, Either),
            (true, None, Tls, Tls),
            (false, None, Plaintext, Plaintext),
        ] {
            assert_eq!(Policy::of(Version::new(3, 11, 19), enabled, optional), before_4);
            for version in [Version::new(4, 0, 19), Version::new(4, 1, 10), Version::new(5, 0, 6)] {
                assert_eq!(
                    Policy::of(version, enabled, optional),
                    since_4,
                    "{version} {enabled} {optional:?}"
                );
            }
        }
    }
}
