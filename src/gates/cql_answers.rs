//! Does CQL answer, on any way in that the port offers?

use super::Verdict;
use crate::node::wire::{ClientCertificate, Plaintext, Tls, WireLook};

/// An answer to OPTIONS is enough: it needs no login. A port that demands a client certificate refuses us, and shows
/// by that demand that it serves.
pub fn check(look: &WireLook) -> Verdict {
    let tls = match &look.tls {
        Tls::Served(served) => {
            served.options_answered || matches!(served.client_certificate, ClientCertificate::Demanded(_))
        }
        Tls::Refused(_) | Tls::NotTls | Tls::Silent | Tls::Closed => false,
    };
    match (&look.plaintext, tls) {
        (_, true) | (Plaintext::Accepted, _) => Verdict::Pass,
        (Plaintext::Closed, false) => Verdict::Wait("the client port is closed".into()),
        (Plaintext::Refused(_) | Plaintext::Silent, false) => {
            Verdict::Wait("the client port does not answer".into())
        }
    }
}
