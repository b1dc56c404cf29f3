//! The mode that a node serves clients in, by its file and by the wire.

use super::PortLook;
use crate::facts::policy::Policy;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// In the order of the way to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Plaintext only.
    Off,
    /// TLS and plaintext.
    Accept,
    /// TLS only.
    Require,
    /// TLS only, and a certificate from every client.
    Mutual,
}

impl Mode {
    pub const ALL: [Mode; 4] = [Mode::Off, Mode::Accept, Mode::Require, Mode::Mutual];

    pub fn of_file(policy: Policy, asks_clients: bool) -> Mode {
        match (policy, asks_clients) {
            (Policy::Plaintext, _) => Mode::Off,
            (Policy::Either, _) => Mode::Accept,
            (Policy::Tls, false) => Mode::Require,
            (Policy::Tls, true) => Mode::Mutual,
        }
    }

    /// None for a port that serves nobody.
    pub fn of_wire(port: &PortLook) -> Option<Mode> {
        match (port.plaintext, &port.served) {
            (true, None) => Some(Mode::Off),
            (true, Some(_)) => Some(Mode::Accept),
            (false, Some(served)) if served.demands_certificate => Some(Mode::Mutual),
            (false, Some(_)) => Some(Mode::Require),
            (false, None) => None,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Off => "off",
            Mode::Accept => "accept",
            Mode::Require => "require",
            Mode::Mutual => "mutual",
        })
    }
}
