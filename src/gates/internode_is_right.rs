//! Does the port between nodes take TLS and plaintext as the phase demands, and serve the pushed certificate?

use super::Verdict;
use super::wire_is_right::{plaintext, short};
use crate::node::wire::storage::StorageLook;
use crate::plan::step::Wire;

/// The port opens with the process, long before clients are served: what it shows then is right or wrong.
pub fn check(look: &StorageLook, wish: &Wire) -> Verdict {
    let served = look.leaf_sha256.as_deref();
    let answer = match plaintext(&look.plaintext, wish.plaintext) {
        Verdict::Pass => certificate(served, wish),
        other => other,
    };
    let told = |why: String| format!("port {} between nodes: {why}", wish.port);
    match answer {
        Verdict::Pass => Verdict::Pass,
        Verdict::Wait(why) => Verdict::Wait(told(why)),
        Verdict::Fail(why) => Verdict::Fail(told(why)),
    }
}

fn certificate(served: Option<&str>, wish: &Wire) -> Verdict {
    match (served, &wish.certificate) {
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
