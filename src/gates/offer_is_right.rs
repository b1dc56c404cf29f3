//! Does the port agree to no version of TLS and no cipher suite but those that the phase accepts?

use super::Verdict;
use crate::node::wire::offer::Offered;
use crate::plan::step::Offer;

/// What the Java of the node has switched off is missing though it is accepted: one version of those accepted is enough.
pub fn check(offered: &Offered, wish: &Offer) -> Verdict {
    let port = wish.port;
    if offered.versions.is_empty() {
        return Verdict::Wait(format!("port {port}: agrees to no version of TLS yet"));
    }
    let versions = offered.versions.iter().filter(|version| !wish.protocols.contains(version));
    let suites = offered.suites.iter().filter(|suite| !wish.suites.iter().any(|name| suite.is_named(name)));
    let beyond = |is_asked: bool, others: Vec<String>, accepted: Vec<String>| {
        (is_asked && !others.is_empty()).then(|| {
            let (others, accepted) = (others.join(", "), accepted.join(", "));
            format!("agrees to {others}; the phase accepts {accepted} only")
        })
    };
    let too_much: Vec<String> = [
        beyond(
            !wish.protocols.is_empty(),
            versions.map(ToString::to_string).collect(),
            wish.protocols.iter().map(ToString::to_string).collect(),
        ),
        beyond(
            !wish.suites.is_empty(),
            suites.map(|suite| suite.name.to_owned()).collect(),
            wish.suites.iter().cloned().collect(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if too_much.is_empty() {
        return Verdict::Pass;
    }
    Verdict::Fail(format!("port {port}: {}", too_much.join("; ")))
}
