//! What is wrong with certificates that are seen without their store: those that a port shows, those in a file.

use super::finding::{Finding, Remark, Rule};
use super::subject::Lone;
use super::{StoreName, chain, finding, key_size, names, server_use, signature, validity};
use crate::formats::certificate::Certificate;
use crate::formats::store::{Store, StoreKind};
use crate::input::playbook::Stores;
use jiff::Timestamp;

/// Of a chain that a port shows, its own first. `host`: by which it was reached.
pub fn served(shown: &[Certificate], host: &str, now: Timestamp) -> Vec<Finding> {
    let of = |rule, remark: Option<Remark>| remark.map(|remark| finding(rule, remark));
    let leaf = shown.first();
    let of_leaf = [
        of(Rule::Names, leaf.and_then(|leaf| names::of_host(leaf, host))),
        of(Rule::ServerUse, leaf.and_then(server_use::remark)),
        of(Rule::Chain, chain::broken(shown)),
    ];
    certificates(shown, now).into_iter().chain(of_leaf.into_iter().flatten()).collect()
}

/// Of certificates, whatever they are for.
pub fn certificates(certificates: &[Certificate], now: Timestamp) -> Vec<Finding> {
    let store = Store {
        kind: StoreKind::Pem,
        keys: Vec::new(),
        trusted: Vec::new(),
        ignored: Vec::new(),
        seal: None,
        key_cipher: None,
    };
    let lone = Lone {
        store: &store,
        role: StoreName::Keystore,
        now,
        expiry_warning: Stores::default().expiry_warning,
        allow_expired: false,
        accept_expired_ca: true,
        asks_clients: None,
    };
    let of_one = |certificate| {
        [
            (Rule::Validity, validity::shown(&lone, certificate)),
            (Rule::Signature, signature::remark(certificate)),
            (Rule::KeySize, key_size::remark(certificate)),
        ]
    };
    let remarks = certificates.iter().flat_map(of_one);
    remarks.filter_map(|(rule, remark)| Some(finding(rule, remark?))).collect()
}
