//! Which Cassandra a node runs, and which options of `client_encryption_options` that version knows.
//!
//! Source: `EncryptionOptions.java` of each release branch; unknown keys stop a start with
//! `Invalid yaml. Please remove properties [...]` (measured on 3.11, 4.0, 4.1 and 5.0).

use crate::input::playbook::OptionKey;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Whose build it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
