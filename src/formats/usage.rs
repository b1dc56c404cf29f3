//! What an X.509 certificate says of its use: whom it names, what it may be used for, how it was signed.

use super::certificate::Certificate;
use std::net::IpAddr;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The host names of its subject alternative names; may begin with `*.`.
    pub dns: Vec<String>,
    /// The addresses of its subject alternative names.
    pub addresses: Vec<IpAddr>,
    /// The common name of its subject, which clients of today no longer compare with a host.
    pub common_name: Option<String>,
    pub server: ServerUse,
    pub digest: Digest,
    /// Bits of an RSA key.
    pub rsa_bits: Option<usize>,
    /// The whole public key, as `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

/// Whether a TLS server may show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerUse {
    /// It says so, or says nothing of usages.
    #[default]
    Allowed,
    /// Its extended key usage lacks `serverAuth`.
    NotForServers,
    /// Its key usage allows neither signatures nor key exchange.
    NotForHandshakes,
}

/// The digest under its signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    Md5,
    Sha1,
    /// SHA-2, or a scheme such as Ed25519 that brings its own.
    #[default]
    Strong,
}

impl Usage {
    /// Reads it; of a certificate that has been read before, so that nothing is left to be wrong but an extension.
    pub fn of(certificate: &Certificate) -> Usage {
        let Ok((_, parsed)) = X509Certificate::from_der(&certificate.der) else {
            return Usage::default();
        };
        let mut usage = Usage {
            common_name: parsed
                .subject()
                .iter_common_name()
                .next()
                .and_then(|name| name.as_str().ok())
                .map(Into::into),
            server: server_use(&parsed),
            digest: digest(&parsed.signature_algorithm.algorithm.to_id_string()),
            rsa_bits: match parsed.public_key().parsed() {
                Ok(PublicKey::RSA(rsa)) => Some(rsa.key_size()),
                Ok(_) | Err(_) => None,
            },
            public_key: parsed.public_key().raw.to_vec(),
            ..Usage::default()
        };
        let names = parsed.subject_alternative_name().ok().flatten();
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => usage.dns.push(name.to_ascii_lowercase()),
                GeneralName::IPAddress(bytes) => usage.addresses.extend(address(bytes)),
                // No TLS client compares another kind with a host.
                _ => {}
            }
        }
        usage
    }

    /// Whether a client that checks host names takes it for this host, as RFC 6125 has it: a wildcard stands for one
    /// label.
    pub fn names_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.dns.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
            None => *name == host,
        })
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn server_use(parsed: &X509Certificate<'_>) -> ServerUse {
    if let Ok(Some(usages)) = parsed.extended_key_usage()
        && !usages.value.server_auth
        && !usages.value.any
    {
        return ServerUse::NotForServers;
    }
    match parsed.key_usage() {
        Ok(Some(usage))
            if !usage.value.digital_signature()
                && !usage.value.key_encipherment()
                && !usage.value.key_agreement() =>
        {
            ServerUse::NotForHandshakes
        }
        Ok(_) | Err(_) => ServerUse::Allowed,
    }
}

fn digest(signature_oid: &str) -> Digest {
    match signature_oid {
        // md2, md4 and md5 with RSA (PKCS#1).
        "1.2.840.113549.1.1.2" | "1.2.840.113549.1.1.3" | "1.2.840.113549.1.1.4" => Digest::Md5,
        // SHA-1 with RSA (PKCS#1 and OIW), DSA and ECDSA.
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.2.840.10040.4.3" | "1.2.840.10045.4.1" => Digest::Sha1,
        _ => Digest::Strong,
    }
}
