//! Which phase's stores a node has: read from its files and its wire, so that none is taken back to an earlier one.

use super::material::{LocalStore, Material};
use super::ports::ClientOptions;
use super::step::StoreName;
use crate::facts::NodeFacts;
use crate::input::Input;
use crate::input::inventory::Node;
use crate::input::playbook::expand;
use std::collections::BTreeSet;

/// By store, the last phase that brings what the node has. `None`: it has what no phase brings.
pub struct Generation {
    keystore: Option<usize>,
    truststore: Option<usize>,
}

impl Generation {
    /// `now`: what the node's file says.
    pub fn of(
        input: &Input,
        material: &Material,
        node: &Node,
        facts: &NodeFacts,
        now: &ClientOptions,
    ) -> Generation {
        let last = |store: StoreName, named: &str| {
            let brought = input.playbook.brings(store).filter(|(phase, spec)| {
                let local = material.store(*phase, &node.name, store);
                expand(&spec.to, node) == named
                    && local
                        .is_some_and(|local| stands(local, named, facts) || is_in_use(local, store, facts))
            });
            brought.last().map(|(phase, _)| phase)
        };
        Generation {
            keystore: last(StoreName::Keystore, &now.keystore),
            truststore: last(StoreName::Truststore, &now.truststore),
        }
    }

    /// The phase whose store the node has once `phase` is done: a later one's, where it has that already.
    pub fn at(&self, phase: usize, store: StoreName) -> usize {
        let own = match store {
            StoreName::Keystore => self.keystore,
            StoreName::Truststore => self.truststore,
            // The same in every phase.
            StoreName::InternodeKeystore | StoreName::InternodeTruststore => None,
        };
        own.map_or(phase, |own| own.max(phase))
    }
}

fn stands(local: &LocalStore, path: &str, facts: &NodeFacts) -> bool {
    facts.files.get(path).and_then(Option::as_ref).is_some_and(|file| file.sha256 == local.sha256)
}

/// Other bytes, with the same in them: a store that was made again.
fn is_in_use(local: &LocalStore, store: StoreName, facts: &NodeFacts) -> bool {
    match store {
        StoreName::Keystore => {
            let leaf = local.certificate.as_ref().map(|certificate| &certificate.sha256);
            leaf.is_some() && facts.shows.values().any(|shows| shows.certificate.as_ref() == leaf)
        }
        StoreName::Truststore => {
            let (Some(trusts), Some(content)) = (&facts.trusts, &local.content) else { return false };
            let brought: BTreeSet<&str> =
                content.anchors().map(|certificate| certificate.sha256.as_str()).collect();
            trusts.keys().map(String::as_str).collect::<BTreeSet<_>>() == brought
        }
        StoreName::InternodeKeystore | StoreName::InternodeTruststore => false,
    }
}
