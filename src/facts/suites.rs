//! Versions of TLS, and the cipher suites that a server had better not take.
//!
//! Sources: the IANA registry of TLS cipher suites; RFC 7465 (RC4), RFC 8996 (TLS 1.0 and 1.1), RFC 9325 (no forward
//! secrecy, CBC). Nothing of TLS 1.3 is weak.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A version that Cassandra may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl Protocol {
    pub const ALL: [Protocol; 4] = [Protocol::Tls10, Protocol::Tls11, Protocol::Tls12, Protocol::Tls13];

    /// As a hello has it.
    pub fn code(self) -> u16 {
        match self {
            Protocol::Tls10 => 0x0301,
            Protocol::Tls11 => 0x0302,
            Protocol::Tls12 => 0x0303,
            Protocol::Tls13 => 0x0304,
        }
    }

    /// By its name in `accepted_protocols`.
    pub fn of_java(name: &str) -> Option<Protocol> {
        match name {
            "TLSv1" => Some(Protocol::Tls10),
            "TLSv1.1" => Some(Protocol::Tls11),
            "TLSv1.2" => Some(Protocol::Tls12),
            "TLSv1.3" => Some(Protocol::Tls13),
            _ => None,
        }
    }

    pub fn is_old(self) -> bool {
        self < Protocol::Tls12
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tls10 => "TLS 1.0",
            Protocol::Tls11 => "TLS 1.1",
            Protocol::Tls12 => "TLS 1.2",
            Protocol::Tls13 => "TLS 1.3",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Nothing is said against it.
    Sound,
    /// Without forward secrecy, or CBC: it holds, and better is there.
    Dated,
    /// Who listens can read it, or anybody can pose as the node.
    Broken,
}

impl Strength {
    pub const ALL: [Strength; 3] = [Strength::Sound, Strength::Dated, Strength::Broken];
}

#[derive(Debug, PartialEq, Eq)]
pub struct Suite {
    pub code: u16,
    /// As IANA has it, which is Java's name too; Java calls some old ones `SSL_…`.
    pub name: &'static str,
    pub strength: Strength,
}

impl Suite {
    /// Whether `cipher_suites` means it by this name.
    pub fn is_named(&self, name: &str) -> bool {
        let old = name.strip_prefix("SSL_");
        name == self.name || old.is_some_and(|rest| self.name.strip_prefix("TLS_") == Some(rest))
    }
}

const fn sound(code: u16, name: &'static str) -> Suite {
    Suite { code, name, strength: Strength::Sound }
}

const fn dated(code: u16, name: &'static str) -> Suite {
    Suite { code, name, strength: Strength::Dated }
}

const fn broken(code: u16, name: &'static str) -> Suite {
    Suite { code, name, strength: Strength::Broken }
}

/// The TLS that we speak ourselves (rustls): forward secrecy and AEAD, in TLS 1.3 and 1.2.
pub const SPOKEN_HERE: [&str; 9] = [
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// Those of TLS 1.3: no setting of Cassandra takes one of them away where BoringSSL speaks for it.
pub const OF_TLS13: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// Those of TLS 1.2 and before that a Java or a BoringSSL of any age may know.
pub static SUITES: [Suite; 57] = [
    sound(0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    sound(0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    sound(0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    sound(0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    sound(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    sound(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    sound(0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    sound(0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    sound(0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    broken(0x0001, "TLS_RSA_WITH_NULL_MD5"),
    broken(0x0002, "TLS_RSA_WITH_NULL_SHA"),
    broken(0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    broken(0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    broken(0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    broken(0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    broken(0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
    broken(0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    broken(0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"),
    broken(0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    broken(0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"),
    broken(0x001a, "TLS_DH_anon_WITH_DES_CBC_SHA"),
    broken(0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"),
    broken(0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
    broken(0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"),
    broken(0x003b, "TLS_RSA_WITH_NULL_SHA256"),
    broken(0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"),
    broken(0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"),
    broken(0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"),
    broken(0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"),
    broken(0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
    broken(0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    broken(0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    broken(0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA"),
    broken(0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    broken(0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    broken(0xc015, "TLS_ECDH_anon_WITH_NULL_SHA"),
    broken(0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA"),
    broken(0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    broken(0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
    dated(0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    dated(0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    dated(0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    dated(0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    dated(0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    dated(0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    dated(0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    dated(0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    dated(0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    dated(0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    dated(0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    dated(0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    dated(0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    dated(0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    dated(0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    dated(0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    dated(0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    dated(0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_suite_stands_twice() {
        let codes: BTreeSet<u16> = SUITES.iter().map(|suite| suite.code).collect();
        let names: BTreeSet<&str> = SUITES.iter().map(|suite| suite.name).collect();
        assert_eq!((codes.len(), names.len()), (SUITES.len(), SUITES.len()));
    }

    #[test]
    fn java_names_old_suites_in_two_ways() {
        let triple_des = SUITES.iter().find(|suite| suite.code == 0x000a).unwrap();
        for (name, is_it) in [
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", true),
            ("SSL_RSA_WITH_3DES_EDE_CBC_SHA", true),
            ("SSL_RSA_WITH_RC4_128_SHA", false),
            ("RSA_WITH_3DES_EDE_CBC_SHA", false),
        ] {
            assert_eq!(triple_des.is_named(name), is_it, "{name}");
        }
    }
}
