//! A leaf names the addresses that clients use for its node: drivers that check host names refuse it otherwise.

use super::finding::{Remark, warning};
use super::subject::OnNode;
use std::net::IpAddr;

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(usage) = subject.usage() else { return Vec::new() };
    let help = "issue it with the address and the names as subjectAltName; drivers that do not check host names take it as it is";
    if usage.dns.is_empty() && usage.addresses.is_empty() {
        let reason = "has no subjectAltName: drivers that check host names no longer look at the common name";
        return vec![warning(reason, help)];
    }
    let missing = subject.client_addresses().into_iter().filter(|address| !usage.addresses.contains(address));
    let mut missing: Vec<String> = missing.map(|address| address.to_string()).collect();
    let host = &subject.node.address;
    if host.parse::<IpAddr>().is_err() && !usage.names_host(host) {
        missing.push(host.clone());
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let reason = format!(
        "does not name {}, by which clients reach the node: drivers that check host names refuse it",
        missing.join(" and ")
    );
    vec![warning(reason, help)]
}
