//! Does the port agree to no version of TLS but those that the phase accepts?

use super::Verdict;
use crate::facts::suites::Protocol;
use crate::plan::step::Protocols;
use std::collections::BTreeSet;

/// A version that the Java of the node has switched off is missing though it is accepted; one of them is enough.
pub fn check(offered: &BTreeSet<Protocol>, wish: &Protocols) -> Verdict {
    let listed = |versions: &mut dyn Iterator<Item = &Protocol>| {
        versions.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let port = wish.port;
    let accepted = listed(&mut wish.accepted.iter());
    if offered.is_empty() {
        return Verdict::Wait(format!("port {port}: agrees to no version of TLS yet"));
    }
    match listed(&mut offered.difference(&wish.accepted)) {
        none if none.is_empty() => Verdict::Pass,
        others => {
            Verdict::Fail(format!("port {port}: agrees to {others}; the phase accepts {accepted} only"))
        }
    }
}
