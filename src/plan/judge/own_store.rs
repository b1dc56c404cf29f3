//! A node gets its own store, not the one that was made for another.

use super::finding::{Remark, error};
use super::own_key::shared;
use super::subject::OnNode;
use crate::formats::usage::Usage;
use std::collections::BTreeSet;

/// Among all keystores. One that several nodes share is no mix-up, whomever it names.
pub fn remarks(subjects: &[OnNode<'_>]) -> Vec<(usize, Remark)> {
    let alone: BTreeSet<usize> =
        shared(subjects).into_iter().filter(|group| group.len() == 1).flatten().collect();
    let mut remarks = Vec::new();
    for (index, subject) in subjects.iter().enumerate().filter(|(index, _)| alone.contains(index)) {
        let Some(usage) = subject.usage().filter(|usage| !names(usage, subject)) else { continue };
        if let Some(other) = subjects.iter().find(|other| names(&usage, other)) {
            let reason = format!(
                "was made for `{}`: its certificate names that node and not this one",
                other.node.name
            );
            let help =
                "see that `{node}` in `from` leads to the store of each node, and what the files are called";
            remarks.push((index, error(reason, help)));
        }
    }
    remarks
}

/// Whether a certificate names the node: its name in the inventory, alone or before a domain, or an address.
fn names(usage: &Usage, subject: &OnNode<'_>) -> bool {
    let name = subject.node.name.to_ascii_lowercase();
    let is_name =
        |dns: &str| dns == name || dns.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'));
    let common_name = usage.common_name.as_deref().map(str::to_ascii_lowercase);
    usage.dns.iter().map(String::as_str).chain(common_name.as_deref()).any(is_name)
        || usage.names_host(&subject.node.address)
        || subject.client_addresses().iter().any(|address| usage.addresses.contains(address))
        || subject.node.address.parse().is_ok_and(|address| usage.addresses.contains(&address))
}
