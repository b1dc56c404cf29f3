//! What the client ports accept, from `enabled`, `optional`, a second port and the version: the truth table.
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

    /// The policy of a file as it is. From 4.0 on, one that says neither `enabled: true` nor `optional` takes TLS too as
    /// soon as a keystore stands at the configured path (`EncryptionOptions.java`; measured).
    pub fn of_file(version: Version, enabled: bool, optional: Option<bool>, keystore_stands: bool) -> Policy {
        let by_itself = version >= Version::new(4, 0, 0) && !enabled && keystore_stands;
        Policy::of(version, enabled, optional.or(by_itself.then_some(true)))
    }

    /// The row of the truth table that decides it, in words.
    pub fn row(
        version: Version,
        enabled: bool,
        optional: Option<bool>,
        keystore_stands: bool,
    ) -> &'static str {
        let is_4 = version >= Version::new(4, 0, 0);
        match (enabled, optional) {
            (true, Some(true)) => "`enabled: true, optional: true`",
            (true, Some(false)) => "`enabled: true, optional: false`",
            (true, None) => "`enabled: true`, and `optional` is false where it is not written",
            (false, Some(true)) if is_4 => "4.0 and later: `optional: true` wins over `enabled: false`",
            (false, Some(true)) => "3.x: `enabled: false` wins over `optional: true`",
            (false, None) if is_4 && keystore_stands => {
                "4.0 and later: a keystore at the configured path is enough where `optional` is not written"
            }
            (false, Some(false) | None) => "`enabled: false`",
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

/// All that decides what the client ports take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub version: Version,
    pub enabled: bool,
    pub optional: Option<bool>,
    /// Whether a keystore stands at the configured path.
    pub keystore_stands: bool,
    /// `native_transport_port`.
    pub port: u16,
    /// `native_transport_port_ssl`.
    pub port_ssl: Option<u16>,
}

/// Why Cassandra does not start with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStart {
    /// A second port while encryption is off (`DatabaseDescriptor`).
    SecondPortWithoutTls { port: u16 },
    /// TLS is to be spoken, and nothing stands where the keystore should.
    NoKeystore,
}

impl Row {
    /// What each port takes once Cassandra has started; `native_transport_port` first.
    pub fn ports(self) -> Vec<(u16, Policy)> {
        let policy = self.policy();
        match self.second_port() {
            // The first one is plain then, whatever the options say.
            Some(second) => vec![(self.port, Policy::Plaintext), (second, policy)],
            None => vec![(self.port, policy)],
        }
    }

    /// The same, or why there is no start.
    pub fn start(self) -> Result<Vec<(u16, Policy)>, NoStart> {
        match (self.second_port(), self.policy()) {
            (Some(port), Policy::Plaintext) => Err(NoStart::SecondPortWithoutTls { port }),
            (_, Policy::Either | Policy::Tls) if !self.keystore_stands => Err(NoStart::NoKeystore),
            (_, Policy::Plaintext | Policy::Either | Policy::Tls) => Ok(self.ports()),
        }
    }

    fn policy(self) -> Policy {
        Policy::of_file(self.version, self.enabled, self.optional, self.keystore_stands)
    }

    /// One that is the same as the first is none (`DatabaseDescriptor`; measured).
    fn second_port(self) -> Option<u16> {
        self.port_ssl.filter(|ssl| *ssl != self.port)
    }
}

/// As Cassandra says it in its log.
impl fmt::Display for NoStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoStart::SecondPortWithoutTls { .. } => {
                "Encryption must be enabled in client_encryption_options for native_transport_port_ssl"
            }
            NoStart::NoKeystore => "NoSuchFileException: the keystore",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_that_decides_is_named_by_version() {
        let (old, new) = (Version::new(3, 11, 19), Version::new(4, 0, 0));
        for (version, enabled, optional, keystore_stands, policy, words) in [
            (
                old,
                false,
                Some(true),
                true,
                Policy::Plaintext,
                "3.x: `enabled: false` wins over `optional: true`",
            ),
            (
                new,
                false,
                Some(true),
                false,
                Policy::Either,
                "4.0 and later: `optional: true` wins over `enabled: false`",
            ),
            (old, false, None, true, Policy::Plaintext, "`enabled: false`"),
            (new, false, None, false, Policy::Plaintext, "`enabled: false`"),
            (
                new,
                false,
                None,
                true,
                Policy::Either,
                "4.0 and later: a keystore at the configured path is enough where `optional` is not written",
            ),
            (new, false, Some(false), true, Policy::Plaintext, "`enabled: false`"),
            (
                old,
                true,
                None,
                true,
                Policy::Tls,
                "`enabled: true`, and `optional` is false where it is not written",
            ),
        ] {
            assert_eq!(
                Policy::of_file(version, enabled, optional, keystore_stands),
                policy,
                "{version} {words}"
            );
            assert_eq!(Policy::row(version, enabled, optional, keystore_stands), words, "{version}");
        }
    }

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
