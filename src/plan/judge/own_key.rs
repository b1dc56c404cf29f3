//! Every node has a key of its own: a shared one lets whoever takes it from one node pose as any.

use super::finding::{Remark, warning};
use super::subject::OnNode;
use crate::formats::usage::Usage;
use std::collections::BTreeMap;

/// Among all keystores; each remark with the index of the store that it is about.
pub fn remarks(subjects: &[OnNode<'_>]) -> Vec<(usize, Remark)> {
    let groups = shared(subjects).into_iter().filter(|group| group.len() > 1);
    let remark = |group: Vec<usize>| {
        let reason = format!(
            "{} nodes share one private key: whoever takes it from one can pose as each",
            group.len()
        );
        let help = "issue a key for each node, and name it by `{node}` in `from`; one key for all is usual only in development";
        group.into_iter().map(move |index| (index, warning(reason.clone(), help))).collect::<Vec<_>>()
    };
    groups.flat_map(remark).collect()
}

/// The indexes of the keystores of each key.
pub fn shared(subjects: &[OnNode<'_>]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for (index, subject) in subjects.iter().enumerate() {
        if let Some(leaf) = subject.lone.leaf() {
            groups.entry(Usage::of(leaf).public_key).or_default().push(index);
        }
    }
    groups.into_values().collect()
}
