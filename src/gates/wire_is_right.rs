//! Does the port serve exactly the pushed certificate, and accept or refuse plaintext as the phase demands?

use super::Verdict;
use crate::node::wire::{ClientCertificate, Plaintext, Served, Tls, WireLook};
use crate::plan::change::sha256_hex;
use crate::plan::step::Wire;

/// What a port shows settles when it opens: only silence and a closed port are waited for, the rest is right or wrong.
pub fn check(look: &WireLook, wish: &Wire) -> Verdict {
    let answers = [plaintext(&look.plaintext, wish.plaintext), tls(&look.tls, wish)];
    let wrong = answers.iter().find(|answer| matches!(answer, Verdict::Fail(_)));
    let waits = answers.iter().find(|answer| matches!(answer, Verdict::Wait(_)));
    match wrong.or(waits) {
        Some(Verdict::Fail(why)) => Verdict::Fail(format!("port {}: {why}", wish.port)),
        Some(Verdict::Wait(why)) => Verdict::Wait(format!("port {}: {why}", wish.port)),
        Some(Verdict::Pass) | None => Verdict::Pass,
    }
}

pub(super) fn plaintext(shown: &Plaintext, wished: bool) -> Verdict {
    match (shown, wished) {
        (Plaintext::Accepted, true) | (Plaintext::Refused(_), false) => Verdict::Pass,
        (Plaintext::Accepted, false) => Verdict::Fail("still accepts plaintext".into()),
        (Plaintext::Refused(how), true) => Verdict::Fail(format!("refuses plaintext ({how})")),
        (Plaintext::Silent, _) => Verdict::Wait("silent".into()),
        (Plaintext::Closed, _) => Verdict::Wait("nothing listens".into()),
    }
}

fn tls(shown: &Tls, wish: &Wire) -> Verdict {
    match (shown, wish.tls) {
        (Tls::Served(served), true) => certificate(served, wish),
        (Tls::Served(_), false) => Verdict::Fail("serves TLS, which the playbook does not ask for".into()),
        (Tls::NotTls, false) => Verdict::Pass,
        (Tls::NotTls, true) => Verdict::Fail("does not speak TLS".into()),
        (Tls::Refused(why), true) => Verdict::Fail(format!("every TLS handshake fails ({why})")),
        (Tls::Refused(_), false) => Verdict::Pass,
        (Tls::Silent, _) => Verdict::Wait("silent".into()),
        (Tls::Closed, _) => Verdict::Wait("nothing listens".into()),
    }
}

fn certificate(served: &Served, wish: &Wire) -> Verdict {
    if let Some(wished) = wish.certificate.as_ref().filter(|wished| **wished != served.leaf_sha256) {
        return Verdict::Fail(format!(
            "serves certificate {}, not {}, which was pushed",
            short(&served.leaf_sha256),
            short(wished)
        ));
    }
    let is_shown =
        |issuer: &String| served.chain.iter().skip(1).any(|certificate| sha256_hex(certificate) == *issuer);
    if let Some(missing) = wish.issuers.iter().find(|issuer| !is_shown(issuer)) {
        return Verdict::Fail(format!(
            "serves certificate {} without {}, which comes behind it in the store that was pushed",
            short(&served.leaf_sha256),
            short(missing)
        ));
    }
    let asks = match &served.client_certificate {
        ClientCertificate::NotAsked | ClientCertificate::Optional => false,
        ClientCertificate::Demanded(_) | ClientCertificate::Accepted | ClientCertificate::Rejected(_) => true,
    };
    match (asks, wish.client_certificate) {
        (true, false) => Verdict::Fail("demands a client certificate".into()),
        (false, true) => Verdict::Fail("takes clients without a certificate".into()),
        // Whoever shows no accepted certificate is refused, so CQL need not answer us.
        (true, true) => Verdict::Pass,
        (false, false) if served.options_answered => Verdict::Pass,
        (false, false) => Verdict::Wait("TLS, but CQL does not answer in it".into()),
    }
}

pub(super) fn short(sha256: &str) -> &str {
    sha256.get(..16).unwrap_or(sha256)
}
