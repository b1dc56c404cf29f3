//! Which Cassandra a node runs, and which options of `client_encryption_options` that version knows.
//!
//! Source: `EncryptionOptions.java` of each release branch; unknown keys stop a start with
//! `Invalid yaml. Please remove properties [...]` (measured on 3.11, 4.0, 4.1 and 5.0).

use crate::input::playbook::OptionKey;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Whose build it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavour {
    Apache,
    Dse,
}

/// A release: `4.1.10`; what follows a hyphen or a fourth part is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl Version {
    pub const fn new(major: u16, minor: u16, patch: u16) -> Version {
        Version { major, minor, patch }
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let release = text.trim().split(['-', '~', '+']).next().unwrap_or_default();
        let mut parts = release.split('.').map(str::parse::<u16>);
        let mut part = |required: bool| match parts.next() {
            Some(Ok(number)) => Ok(number),
            None if !required => Ok(0),
            _ => Err(format!("`{text}` is not a Cassandra version")),
        };
        Ok(Version { major: part(true)?, minor: part(true)?, patch: part(false)? })
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Version, String> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Whether a version takes an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knows {
    Yes,
    /// It is read and has no effect on the client port.
    WithoutEffect {
        effective_since: &'static str,
    },
    /// It stops the start. `instead`: what that version offers, if anything.
    No {
        since: &'static str,
        instead: &'static str,
    },
}

impl Flavour {
    /// What a build of this flavour and version makes of an option.
    pub fn knows(self, version: Version, key: OptionKey) -> Knows {
        let base = self.apache_base(version);
        match key {
            OptionKey::Enabled
            | OptionKey::Optional
            | OptionKey::Keystore
            | OptionKey::KeystorePassword
            | OptionKey::RequireClientAuth
            | OptionKey::Truststore
            | OptionKey::TruststorePassword
            | OptionKey::Algorithm
            | OptionKey::CipherSuites => Knows::Yes,
            OptionKey::StoreType if self == Flavour::Dse && version.major >= 6 => Knows::No {
                since: "no DSE 6 version",
                instead: "DSE 6 has keystore_type and truststore_type, which ringwalk does not set",
            },
            OptionKey::StoreType => Knows::Yes,
            // `SSLContext.getInstance("TLSv1.2")` serves TLS 1.3 as well (measured).
            OptionKey::Protocol if base < Version::new(4, 0, 0) => {
                Knows::WithoutEffect { effective_since: "4.0" }
            }
            OptionKey::Protocol => Knows::Yes,
            OptionKey::AcceptedProtocols if base < Version::new(4, 0, 0) => Knows::No {
                since: "4.0",
                instead: "before 4.0 protocols are limited by `jdk.tls.disabledAlgorithms` of the JVM only",
            },
            OptionKey::AcceptedProtocols => Knows::Yes,
            OptionKey::SslContextFactory if base < Version::new(4, 1, 0) => {
                Knows::No { since: "4.1", instead: "before 4.1 stores are JKS or PKCS#12 files" }
            }
            OptionKey::SslContextFactory => Knows::Yes,
            OptionKey::RequireEndpointVerification if base < Version::new(3, 11, 0) => {
                Knows::No { since: "3.11", instead: "leave it out" }
            }
            OptionKey::RequireEndpointVerification if base < Version::new(5, 0, 0) => {
                Knows::WithoutEffect { effective_since: "5.0" }
            }
            OptionKey::RequireEndpointVerification => Knows::Yes,
        }
    }

    /// Whether the build takes `native_transport_port_ssl` (CASSANDRA-19397 removed it in 6.0).
    pub fn knows_port_ssl(self, version: Version) -> bool {
        self == Flavour::Dse || version < Version::new(6, 0, 0)
    }

    /// The Apache release that a build's options are those of. DSE 5 and 6 grew out of 3.11; what they took over from
    /// 4.0 is not documented, so it is not relied upon.
    pub fn apache_base(self, version: Version) -> Version {
        match self {
            Flavour::Apache => version,
            Flavour::Dse => Version::new(3, 11, 0),
        }
    }
}
