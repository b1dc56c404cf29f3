//! A request for a certificate, PKCS#10 in PEM: what it asks for.

use super::names::San;
use pkcs8::der::pem::{LineEnding, decode_vec, encode_string};
use std::net::IpAddr;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

const LABEL: &str = "CERTIFICATE REQUEST";

pub fn to_pem(der: &[u8]) -> String {
    encode_string(LABEL, LineEnding::LF, der).expect("a label of ours, and text that fits into memory")
}

/// The names that a request asks for; `None` for a text that is no request.
pub fn names(pem: &[u8]) -> Option<Vec<San>> {
    let (_, der) = decode_vec(pem).ok().filter(|(label, _)| *label == LABEL)?;
    let (_, request) = X509CertificationRequest::from_der(&der).ok()?;
    let extensions = request.requested_extensions().into_iter().flatten();
    let names = extensions.filter_map(|extension| match extension {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    Some(names.flatten().filter_map(name).collect())
}

fn name(name: &GeneralName<'_>) -> Option<San> {
    match name {
        GeneralName::DNSName(name) => San::parse(name),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(San::Address)
        }
        // No other kind is ever asked for here.
        _ => None,
    }
}
