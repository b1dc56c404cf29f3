//! The playbook's stores as the rules look at them: each on its node, with what the node has before and is to have.

use super::super::generation::Generation;
use super::super::material::{LocalStore, Material, Standing, StoreKey};
use super::super::ports::ClientOptions;
use super::super::settled::first_phase;
use super::super::step::StoreName;
use super::subject::{Before, Lone, OnNode, Target, Wish};
use super::trusted::{Anchors, Seen, Shown};
use crate::facts::{Facts, NodeFacts};
use crate::formats::store::Store;
use crate::formats::yaml;
use crate::input::Input;
use crate::input::inventory::Node;
use crate::input::options::Setting;
use crate::input::playbook::{Playbook, expand};
use crate::input::settings::Settings;
use crate::secret::Secret;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A store that was opened, wherever it was read.
struct Held<'a> {
    store: &'a Store,
    role: StoreName,
    file: &'a str,
    sha256: &'a str,
    path: String,
    password: Option<&'a Secret>,
    is_brought: bool,
}

pub struct View<'a> {
    input: &'a Input,
    material: &'a Material,
    facts: &'a Facts,
    /// Of each phase, for the client port and between nodes.
    wishes: Vec<Wish>,
    internode: Vec<Settings>,
    brought: BTreeSet<(usize, StoreName)>,
    /// Each internode truststore that stands on nodes, with the nodes: few are as many as the nodes.
    internode_trusts: BTreeMap<&'a BTreeMap<String, String>, Vec<&'a str>>,
    internode_leaves_change: bool,
}

impl<'a> View<'a> {
    pub fn of(input: &'a Input, material: &'a Material, facts: &'a Facts) -> View<'a> {
        let wish =
            |phase| input.playbook.wish(phase).into_iter().map(|(key, said)| (key, said.value)).collect();
        let phases = 0..input.playbook.phases.len();
        let wishes = phases.clone().map(wish).collect();
        let internode = phases.clone().map(|phase| input.playbook.internode(phase)).collect();
        let all = phases.flat_map(|phase| StoreName::ALL.map(|store| (phase, store)));
        let brought = all.filter(|(phase, store)| input.playbook.store(*phase, *store).is_some()).collect();
        let mut internode_trusts: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for seen in &facts.nodes {
            let trusts = seen.internode_trusts.as_ref();
            trusts
                .into_iter()
                .for_each(|trusts| internode_trusts.entry(trusts).or_default().push(&seen.node));
        }
        let internode_leaves_change = internode_leaves_change(input, material, facts);
        View { input, material, facts, wishes, internode, brought, internode_trusts, internode_leaves_change }
    }

    /// Whether any phase names a store that it does not bring.
    pub fn names_stores(&self) -> bool {
        let names = |(phase, wish): (usize, &Wish)| {
            let is_named = |store: &StoreName| {
                let option = store.options().and_then(|(path, _)| wish.get(&path));
                matches!(option, Some(Setting::Text(_))) && !self.brought.contains(&(phase, *store))
            };
            StoreName::BOTH.iter().any(is_named)
        };
        self.wishes.iter().enumerate().any(names)
    }

    pub fn target<'v>(&'v self, node: &'v Node, seen: &'v NodeFacts) -> Target<'v> {
        let root = yaml::parse(seen.yaml.text.expose()).ok().flatten();
        let now = ClientOptions::of(root.as_ref());
        let generation = Generation::of(self.input, self.material, node, seen, &now);
        let first = first_phase(&self.input.playbook, node, seen, root.as_ref());
        Target {
            node,
            seen,
            root,
            now,
            generation,
            shows: Seen::of(seen),
            wishes: &self.wishes,
            internode: &self.internode,
            brought: &self.brought,
            standing: &self.material.standing,
            first,
        }
    }

    /// The store of this role that a phase brings to the node; none if it was not opened, or if the node has that of a
    /// later phase already.
    pub fn on_node(&'a self, target: &'a Target<'a>, phase: usize, role: StoreName) -> Option<OnNode<'a>> {
        let playbook = &self.input.playbook;
        let spec = playbook.store(phase, role)?;
        let local: &LocalStore = self.material.store(phase, &target.node.name, role)?;
        let held = Held {
            store: local.content.as_deref()?,
            role,
            file: &local.file,
            sha256: &local.sha256,
            path: expand(&spec.to, target.node),
            password: self.material.secret(&playbook.password(phase, role)?),
            is_brought: true,
        };
        let subject = self.subject(target, phase, held)?;
        (target.generation.at(phase, role) == phase).then(|| self.on_its_way_out(subject))
    }

    /// The store of this role that a phase names and does not bring.
    pub fn standing(&'a self, target: &'a Target<'a>, phase: usize, role: StoreName) -> Option<OnNode<'a>> {
        let standing = self.standing_at(phase, target.node, role)?;
        let held = Held {
            store: standing.content.as_deref().ok()?,
            role,
            file: &standing.path,
            sha256: &standing.sha256,
            path: standing.path.clone(),
            password: Some(&standing.password),
            is_brought: false,
        };
        self.subject(target, phase, held)
    }

    fn subject(&'a self, target: &'a Target<'a>, phase: usize, held: Held<'a>) -> Option<OnNode<'a>> {
        let Held { store, role, file, sha256, path, password, is_brought } = held;
        let playbook: &'a Playbook = &self.input.playbook;
        let Target { node, seen, generation, .. } = target;
        let opened = |phase, role| self.opened(phase, node, role);
        let of_phase = &playbook.phases[phase];
        let now_s = self.facts.looked_at_s + seen.clock_offset_s;
        let keystore = opened(generation.at(phase, StoreName::Keystore), StoreName::Keystore);
        let phases = self.phases_with(target, phase, role);
        let asks_clients = phases.clone().any(|phase| target.is_on(phase) && target.asks_clients(phase));
        Some(OnNode {
            lone: Lone {
                store,
                role,
                now: Timestamp::from_second(now_s).ok()?,
                expiry_warning: playbook.stores.expiry_warning,
                allow_expired: playbook.stores.allow_expired,
                accept_expired_ca: playbook.stores.accept_expired_ca,
                // A node always asks the one that it connects to.
                asks_clients: Some(asks_clients || role.is_internode()),
            },
            node,
            seen,
            member: self.facts.member_of(seen, &node.address),
            phase_index: phase,
            phases,
            phase: of_phase.stores.spec(role).map(|_| of_phase.name.as_str()),
            file,
            is_brought,
            sha256,
            path,
            password,
            client_truststores: &self.material.client_truststores,
            truststore: role.truststore().and_then(|role| opened(phase, role)),
            before: self.before(target, phase),
            others_trust: match role {
                StoreName::InternodeKeystore | StoreName::Keystore => self.trusted_by_others(node),
                StoreName::Truststore | StoreName::InternodeTruststore => Vec::new(),
            },
            internode_leaves_change: self.internode_leaves_change,
            shows_with_it: keystore.and_then(Store::only_chain).map(Shown::Chain),
            on: target,
        })
    }

    /// The phases in which a node has the store that a phase brings or names: until another is brought, and none that is past.
    fn phases_with(&self, target: &Target<'_>, phase: usize, role: StoreName) -> Range<usize> {
        let playbook = &self.input.playbook;
        let next = playbook.brings(role).map(|(brings, _)| brings).find(|brings| *brings > phase);
        let end = next.unwrap_or(playbook.phases.len());
        target.first.clamp(phase, end - 1)..end
    }

    /// What the phase before leaves, and what was seen of it where no phase brings anything.
    fn before(&self, target: &'a Target<'a>, phase: usize) -> Before<'a> {
        let Target { node, seen, generation, .. } = target;
        let before = phase.checked_sub(1);
        let opened = |role| before.and_then(|before| self.opened(generation.at(before, role), node, role));
        let brought = opened(StoreName::Keystore).and_then(Store::only_chain).map(Shown::Chain);
        let brought = brought.filter(|_| before.is_some_and(|before| target.is_on(before)));
        let shown = (!target.shows.is_empty()).then_some(Shown::Seen(&target.shows));
        Before {
            trusts: opened(StoreName::Truststore)
                .map(Anchors::OfStore)
                .or(seen.trusts.as_ref().map(Anchors::Seen)),
            shows: brought.or(shown),
        }
    }

    fn trusted_by_others(&self, node: &Node) -> Vec<&'a BTreeMap<String, String>> {
        let by_another = |nodes: &[&str]| nodes.iter().any(|other| *other != node.name);
        let trusts = self.internode_trusts.iter().filter(|(_, nodes)| by_another(nodes));
        trusts.map(|(trusts, _)| *trusts).collect()
    }

    fn opened(&self, phase: usize, node: &Node, role: StoreName) -> Option<&'a Store> {
        let brought = self.material.store(phase, &node.name, role).and_then(|local| local.content.as_deref());
        let standing = || self.standing_at(phase, node, role)?.content.as_deref().ok();
        brought.or_else(standing)
    }

    fn standing_at(&self, phase: usize, node: &Node, store: StoreName) -> Option<&'a Standing> {
        self.material.standing.get(&StoreKey { node: node.name.clone(), store, phase })
    }

    /// A store that the node has, and that a later phase replaces, is no news: that it has ended does not keep it from
    /// being replaced.
    fn on_its_way_out(&self, mut subject: OnNode<'a>) -> OnNode<'a> {
        let mut brings = self.input.playbook.brings(subject.lone.role);
        let is_replaced = brings.any(|(phase, _)| phase > subject.phase_index);
        subject.lone.allow_expired |= is_replaced && subject.stands();
        subject
    }
}

fn internode_leaves_change(input: &Input, material: &Material, facts: &Facts) -> bool {
    let store = StoreName::InternodeKeystore;
    let Some(spec) = input.playbook.stores.spec(store) else { return false };
    input.inventory.nodes.iter().any(|node| {
        let stands =
            facts.node(&node.name).and_then(|seen| seen.files.get(&expand(&spec.to, node))?.as_ref());
        let brought = material.store(0, &node.name, store);
        brought.is_some_and(|brought| stands.is_none_or(|file| file.sha256 != brought.sha256))
    })
}
