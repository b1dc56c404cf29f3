//! `store_type` says what the files are. Java opens JKS as PKCS12 and the other way round; other tools do not.

use super::finding::{Remark, warning};
use super::subject::OnNode;
use crate::formats::store::StoreKind;
use crate::input::options::{OptionKey, Setting};

/// Only where the playbook sets it: the default, JKS, opens PKCS12 too (`keystore.type.compat`; measured).
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let last = &subject.on.wishes[subject.phases.end - 1];
    let Some(Setting::Text(said)) = last.get(&OptionKey::StoreType) else { return Vec::new() };
    let is = match subject.lone.store.kind {
        StoreKind::Jks => "JKS",
        StoreKind::Pkcs12 => "PKCS12",
        // Another rule speaks of what PEM needs.
        StoreKind::Pem => return Vec::new(),
    };
    if said.eq_ignore_ascii_case(is) {
        return Vec::new();
    }
    let reason = format!(
        "is {is}, and `store_type` says {said}: Java opens it as long as `keystore.type.compat` is on"
    );
    vec![warning(reason, format!("write `store_type: {is}`; both stores have to be of that type"))]
}
