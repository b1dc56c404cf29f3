//! The names and addresses that a certificate speaks for.

use std::fmt;
use std::net::IpAddr;

/// What a client compares with the host that it connected to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum San {
    Dns(String),
    Address(IpAddr),
}

impl San {
    /// `None` for what can be neither: a mail address, a URI, a text with spaces.
    pub fn parse(text: &str) -> Option<San> {
        if let Ok(address) = text.parse() {
            return Some(San::Address(address));
        }
        is_host_name(text).then(|| San::Dns(text.to_ascii_lowercase()))
    }

    /// Whether a client on another machine can connect to it: not `0.0.0.0`, and not the machine itself.
    pub fn reaches_elsewhere(&self) -> bool {
        match self {
            San::Dns(name) => name != "localhost",
            San::Address(address) => !address.is_unspecified() && !address.is_loopback(),
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            San::Dns(name) => f.write_str(name),
            San::Address(address) => address.fmt(f),
        }
    }
}

/// RFC 1123, with `_`, which clusters have, and with `*` for a first label.
fn is_host_name(text: &str) -> bool {
    const NAME_MAX: usize = 253;
    const LABEL_MAX: usize = 63;
    let rest = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty()
            && label.len() <= LABEL_MAX
            && label.chars().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= NAME_MAX && rest.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_an_address_or_a_host_name_or_neither() {
        let cases = [
            ("10.0.1.11", Some("10.0.1.11")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("Orders-1.Example", Some("orders-1.example")),
            ("orders_1", Some("orders_1")),
            ("*.example", Some("*.example")),
            ("", None),
            ("a..b", None),
            ("-a", None),
            ("a b", None),
            ("ops@example", None),
            ("https://example", None),
        ];
        for (text, expected) in cases {
            assert_eq!(San::parse(text).map(|san| san.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_address_that_is_everywhere_or_only_here_is_no_name_for_others() {
        for (text, expected) in [
            ("0.0.0.0", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("localhost", false),
            ("10.0.0.1", true),
        ] {
            assert_eq!(San::parse(text).unwrap().reaches_elsewhere(), expected, "{text}");
        }
    }
}
