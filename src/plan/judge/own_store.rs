//! A node gets its own store, not the one that was made for another.

use super::finding::{Remark, error};
use super::names::names_host;
use super::own_key::shared;
use super::subject::OnNode;
use crate::formats::certificate::Certificate;
use crate::formats::usage::Usage;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Among all keystores. One that several nodes share is no mix-up, whomever it names.
pub fn remarks(subjects: &[OnNode<'_>]) -> Vec<(usize, Remark)> {
    let alone: BTreeSet<usize> =
        shared(subjects).into_iter().filter(|group| group.len() == 1).flatten().collect();
    let known = Known::of(subjects);
    let mut remarks = Vec::new();
    for index in alone {
        let Some(leaf) = subjects[index].lone.leaf() else { continue };
        let named = known.named_by(leaf);
        let is_own = named.contains(&index) || names_host(leaf, &subjects[index].node.address);
        if let Some(other) = named.first().filter(|_| !is_own) {
            let name = &subjects[*other].node.name;
            let reason = format!("was made for `{name}`: its certificate names that node and not this one");
            let help =
                "see that `{node}` in `from` leads to the store of each node, and what the files are called";
            remarks.push((index, error(reason, help)));
        }
    }
    remarks
}

/// Nodes by what a certificate may call them.
struct Known {
    /// Lowercase names, and inventory addresses that are host names.
    names: BTreeMap<String, usize>,
    addresses: BTreeMap<IpAddr, usize>,
}

impl Known {
    fn of(subjects: &[OnNode<'_>]) -> Known {
        let mut known = Known { names: BTreeMap::new(), addresses: BTreeMap::new() };
        for (index, subject) in subjects.iter().enumerate() {
            known.names.insert(subject.node.name.to_ascii_lowercase(), index);
            match subject.node.address.parse() {
                Ok(address) => drop(known.addresses.insert(address, index)),
                Err(_) => drop(known.names.insert(subject.node.address.to_ascii_lowercase(), index)),
            }
            known.addresses.extend(subject.client_address().map(|address| (address, index)));
        }
        known
    }

    /// By name, alone or before a domain, or by address.
    fn named_by(&self, leaf: &Certificate) -> BTreeSet<usize> {
        let common_name = Usage::of(leaf).common_name;
        let names = leaf.host_names().chain(common_name.as_deref()).map(str::to_ascii_lowercase);
        let by_name = names.filter_map(|name| {
            let first = name.split('.').next().unwrap_or_default();
            self.names.get(&name).or_else(|| self.names.get(first)).copied()
        });
        let by_address = leaf.addresses().filter_map(|address| self.addresses.get(&address).copied());
        by_name.chain(by_address).collect()
    }
}
