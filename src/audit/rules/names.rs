//! The certificate that clients meet names the address at which they reach the node.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;
use crate::formats::yaml;
use std::net::IpAddr;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let Some(leaf) = subject.served_leaf() else { return Vec::new() };
    let written = |key: &str| subject.root.as_ref()?.get(key).and_then(yaml::Node::as_str);
    let told = [written("broadcast_rpc_address"), Some(subject.seen.facts.native.address.as_str())];
    let address = told.into_iter().flatten().filter_map(|text| text.parse().ok());
    let Some(address) = address.into_iter().find(|it: &IpAddr| !it.is_unspecified() && !it.is_loopback())
    else {
        return Vec::new();
    };
    if leaf.addresses().any(|named| named == address) {
        return Vec::new();
    }
    vec![remark(
        Severity::Warning,
        format!("{} does not name {address}, by which clients reach the node", leaf.subject),
        "issue it with the address as subjectAltName; drivers that do not check host names take it as it is",
    )]
}
