//! Does a node take TLS and plaintext from other nodes as the phase demands, and serve the pushed certificate?

use super::Verdict;
use super::wire_is_right::{plaintext, short};
use crate::node::wire::Plaintext;
use crate::node::wire::storage::StorageLook;
use crate::plan::step::InternodeWish;

/// The ports open with the process, long before clients are served: what they show then is right or wrong.
pub fn check(look: &StorageLook, wish: &InternodeWish) -> Verdict {
    let told = |port: u16, why: String| format!("port {port} between nodes: {why}");
    let of_plaintext = match (&look.plaintext, wish.tls_port) {
        // A port of its own is closed where plaintext is not taken.
        (Plaintext::Closed, Some(_)) if !wish.plaintext => Verdict::Pass,
        (shown, _) => plaintext(shown, wish.plaintext),
    };
    match (of_plaintext, certificate(look.leaf_sha256.as_deref(), wish)) {
        (Verdict::Fail(why), _) => Verdict::Fail(told(wish.port, why)),
        (Verdict::Wait(why), _) => Verdict::Wait(told(wish.port, why)),
        (Verdict::Pass, Verdict::Fail(why)) => Verdict::Fail(told(wish.tls_port.unwrap_or(wish.port), why)),
        (Verdict::Pass, Verdict::Wait(why)) => Verdict::Wait(told(wish.tls_port.unwrap_or(wish.port), why)),
        (Verdict::Pass, Verdict::Pass) => Verdict::Pass,
    }
}

fn certificate(served: Option<&str>, wish: &InternodeWish) -> Verdict {
    match (served, &wish.certificate) {
        // A port for TLS alone may open a little later than the other.
        (None, _) if wish.tls && wish.tls_port.is_some() => {
            Verdict::Wait("no TLS handshake shows a certificate".into())
        }
        (None, _) if wish.tls => Verdict::Fail("no TLS handshake shows a certificate".into()),
        (Some(_), _) if !wish.tls => Verdict::Fail("serves TLS, which the playbook does not ask for".into()),
        (Some(served), Some(wished)) if served != wished => Verdict::Fail(format!(
            "serves certificate {}, not {}, which was pushed",
            short(served),
            short(wished)
        )),
        (Some(_), Some(_) | None) | (None, _) => Verdict::Pass,
    }
}
