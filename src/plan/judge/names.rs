//! A leaf names the addresses that clients use for its node: drivers that check host names refuse it otherwise.

use super::finding::{Remark, warning};
use super::subject::OnNode;
use crate::formats::certificate::Certificate;
use std::net::IpAddr;

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(leaf) = subject.lone.leaf() else { return Vec::new() };
    if let Some(remark) = nameless(leaf) {
        return vec![remark];
    }
    let addresses = subject.client_addresses().into_iter();
    let missing = addresses.filter(|address| leaf.addresses().all(|named| named != *address));
    let mut missing: Vec<String> = missing.map(|address| address.to_string()).collect();
    let hosts = subject.client_hosts().into_iter().filter(|host| !names_host(leaf, host));
    missing.extend(hosts.map(str::to_owned));
    if missing.is_empty() {
        return Vec::new();
    }
    let reason = format!(
        "does not name {}, by which clients reach the node: drivers that check host names refuse it",
        missing.join(" and ")
    );
    vec![warning(reason, HELP)]
}

/// Of a certificate that a port showed, which was reached by this host name or address.
pub(super) fn of_host(leaf: &Certificate, host: &str) -> Option<Remark> {
    let is_named = match host.parse::<IpAddr>() {
        Ok(address) => leaf.addresses().any(|named| named == address),
        Err(_) => names_host(leaf, host),
    };
    let reason =
        || format!("does not name {host}, by which it was reached: drivers that check host names refuse it");
    nameless(leaf).or_else(|| (!is_named).then(|| warning(reason(), HELP)))
}

const HELP: &str = "issue it with the address and the names as subjectAltName; drivers that do not check host names take it as it is";

fn nameless(leaf: &Certificate) -> Option<Remark> {
    let reason = "has no subjectAltName: drivers that check host names no longer look at the common name";
    let is_nameless = leaf.host_names().next().is_none() && leaf.addresses().next().is_none();
    is_nameless.then(|| warning(reason, HELP))
}

/// Whether a client that checks host names takes it for this host, as RFC 6125 has it: a wildcard stands for one label.
pub fn names_host(leaf: &Certificate, host: &str) -> bool {
    leaf.host_names().any(|name| match name.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
        None => name.eq_ignore_ascii_case(host),
    })
}
