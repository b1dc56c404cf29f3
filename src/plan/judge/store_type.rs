//! `store_type` says what the files are. Java opens JKS as PKCS12 and the other way round; by another name it opens neither.

use super::finding::{Remark, error, warning};
use super::subject::OnNode;
use crate::formats::store::StoreKind;
use crate::input::options::OptionKey;
use std::collections::BTreeSet;

/// The default, JKS, opens PKCS12 too (`keystore.type.compat`; measured). A factory has types of its own.
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let is_ours = |phase: &usize| subject.option_in(*phase, OptionKey::SslContextFactory).is_none();
    let said = subject.used_in().filter(is_ours);
    let said: BTreeSet<String> =
        said.filter_map(|phase| subject.option_in(phase, OptionKey::StoreType)).collect();
    said.iter().filter_map(|said| remark(subject.lone.store.kind, said)).collect()
}

fn remark(kind: StoreKind, said: &str) -> Option<Remark> {
    let (is, opens_as): (&str, &[&str]) = match kind {
        // `JceKeyStore` and `JavaKeyStore` read its form under these names too (measured on 17).
        StoreKind::Jks => ("JKS", &["PKCS12", "JCEKS", "CaseExactJKS"]),
        StoreKind::Pkcs12 => ("PKCS12", &["JKS"]),
        // Another rule speaks of what PEM needs.
        StoreKind::Pem => return None,
    };
    let is_said = |name: &str| said.eq_ignore_ascii_case(name);
    let help = format!("write `store_type: {is}`; both stores have to be of that type");
    if is_said(is) {
        return None;
    }
    if opens_as.iter().any(|name| is_said(name)) {
        let reason = format!(
            "is {is}, and `store_type` says {said}: Java opens it as long as `keystore.type.compat` is on"
        );
        return Some(warning(reason, help));
    }
    let reason = format!(
        "is {is}, and `store_type` says {said}, as which Java does not open it: Cassandra would not start"
    );
    Some(error(reason, help))
}
