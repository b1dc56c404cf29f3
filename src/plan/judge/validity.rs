//! Every certificate that is shown is valid now, by the clock of the node, and for a while to come.

use super::finding::{Remark, error, warning};
use super::subject::Lone;
use crate::formats::certificate::Certificate;

const DAY_S: i64 = 86_400;

pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    let trusted = lone.store.trusted.iter().map(|(_, certificate)| certificate);
    match lone.role.is_keystore() {
        true => lone.shown().filter_map(|certificate| shown(lone, certificate)).collect(),
        false => trusted.filter_map(|certificate| anchor(lone, certificate)).collect(),
    }
}

/// What a server shows.
pub(super) fn shown(lone: &Lone<'_>, certificate: &Certificate) -> Option<Remark> {
    let is_root = certificate.is_ca && certificate.subject == certificate.issuer;
    let (begins, ends) = (certificate.not_before, certificate.not_after);
    let subject = &certificate.subject;
    if lone.now < begins {
        let reason =
            format!("{subject} is not valid before {begins}, and the node's clock says {}", lone.now);
        let help = "set the node's clock right (`date`), or wait, or have the certificate issued with an earlier begin";
        return Some(if is_root { warning(reason, help) } else { error(reason, help) });
    }
    if lone.now > ends && is_root {
        return Some(ended_root(lone, certificate));
    }
    if lone.now > ends {
        let reason = format!("{subject} ended on {}", day(ends));
        let help = "issue a new one; `stores: { allow_expired: true }` goes on with it";
        return Some(if lone.allow_expired { warning(reason, help) } else { error(reason, help) });
    }
    soon(lone, certificate)
}

/// Java takes an anchor for what it is (`PKIX`, RFC 5280 6.1.1); OpenSSL (`check_chain_times`) and Go (`isValid`) look at
/// its dates too.
fn ended_root(lone: &Lone<'_>, root: &Certificate) -> Remark {
    let reason = format!(
        "{}, the CA that signed it, ended on {}: clients on OpenSSL or Go (Python, C++, Node.js, Go) refuse every node with \
         a certificate of it, Java goes on as long as the certificate itself counts",
        root.subject,
        day(root.not_after)
    );
    if lone.accept_expired_ca {
        return warning(reason, "take nodes and clients to a new CA soon (docs/rotate-ca.md)");
    }
    error(
        reason,
        "have the stores made by a new CA (docs/rotate-ca.md); where nodes still have the old one, `--accept-expired-ca` \
         goes on with what clients put up with today",
    )
}

/// What a truststore trusts: Java does not ask an anchor for its dates, other clients do.
fn anchor(lone: &Lone<'_>, certificate: &Certificate) -> Option<Remark> {
    let subject = &certificate.subject;
    if lone.now > certificate.not_after {
        let reason = format!("trusts {subject}, which ended on {}", day(certificate.not_after));
        return Some(warning(reason, "take it out, once no client's certificate was issued by it"));
    }
    soon(lone, certificate)
}

fn soon(lone: &Lone<'_>, certificate: &Certificate) -> Option<Remark> {
    let left_s = certificate.not_after.as_second() - lone.now.as_second();
    let is_soon = u64::try_from(left_s).is_ok_and(|left_s| left_s < lone.expiry_warning.as_secs());
    is_soon.then(|| {
        let days = match left_s / DAY_S {
            0 => "within a day".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        };
        let reason = format!("{} ends {days}, on {}", certificate.subject, day(certificate.not_after));
        warning(reason, "issue a new one in time; `stores: { expiry_warning: … }` says how early to warn")
    })
}

/// The date alone.
fn day(time: jiff::Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}
