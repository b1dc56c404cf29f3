//! Stores that a phase makes Cassandra use and that no `stores` brings: they are judged as they stand on their nodes.

use super::super::material::{Material, Standing, StoreKey};
use super::super::step::StoreName;
use super::finding::{Remark, Rule, warning};
use super::of_failure;
use super::subject::Target;
use super::view::View;
use crate::facts::{Facts, unwritten_password};
use crate::input::Input;
use crate::input::options::{OptionKey, Setting};
use crate::input::playbook::expand;
use crate::secret::Secret;

/// One of them, with the password by which Cassandra will open it.
pub struct Named {
    pub key: StoreKey,
    pub path: String,
    pub password: Secret,
}

/// Those that stand on the nodes, each in the first phase that uses it so.
pub fn named(input: &Input, material: &Material, facts: &Facts) -> Vec<Named> {
    let view = View::of(input, material, facts);
    let mut all = Vec::new();
    if !view.names_stores() {
        return all;
    }
    for (node, seen) in input.inventory.nodes.iter().filter_map(|node| Some((node, facts.node(&node.name)?)))
    {
        let target = view.target(node, seen);
        for Use { phase, store, path } in uses(&target) {
            let stands = seen.files.get(&path).is_some_and(Option::is_some);
            let password = password(&target, phase, store, material).filter(|_| stands);
            let key = StoreKey { node: node.name.clone(), store, phase };
            all.extend(password.map(|password| Named { key, path, password }));
        }
    }
    all
}

/// What there is to say of those that could not be judged.
pub fn remarks(target: &Target<'_>) -> Vec<(StoreName, String, Rule, Remark)> {
    let remark = |Use { phase, store, path }: Use| {
        let key = StoreKey { node: target.node.name.clone(), store, phase };
        let (rule, remark) = match target.standing.get(&key) {
            Some(Standing { content: Ok(_), .. }) => return None,
            Some(Standing { content: Err(failure), .. }) => of_failure(failure),
            None => {
                let help = "bring it by `stores`; `ringwalk audit` opens and judges it once the node's file names it";
                (Rule::Opens, warning("is only named, and could not be read: it is not judged", help))
            }
        };
        Some((store, path, rule, remark))
    };
    uses(target).into_iter().filter_map(remark).collect()
}

/// A phase makes Cassandra read the store at this path.
struct Use {
    phase: usize,
    store: StoreName,
    path: String,
}

/// Each store once, in the first phase that uses it with its path and password.
fn uses(target: &Target<'_>) -> Vec<Use> {
    let mut uses: Vec<Use> = Vec::new();
    let phases = (target.first..target.wishes.len()).filter(|phase| target.is_on(*phase));
    for (phase, store) in phases.flat_map(|phase| StoreName::BOTH.map(|store| (phase, store))) {
        let wish = &target.wishes[phase];
        let is_read = store.is_keystore() || target.asks_clients(phase);
        let is_brought = target.brought.contains(&(phase, store));
        if !is_read || is_brought || wish.contains_key(&OptionKey::SslContextFactory) {
            continue;
        }
        let Some((key, password)) = store.options() else { continue };
        let Some(Setting::Text(path)) = wish.get(&key) else { continue };
        let path = expand(path, target.node);
        let same = |before: &&Use| {
            before.store == store
                && before.path == path
                && target.wishes[before.phase].get(&password) == wish.get(&password)
        };
        if uses.iter().find(same).is_none() {
            uses.push(Use { phase, store, path });
        }
    }
    uses
}

fn password(target: &Target<'_>, phase: usize, store: StoreName, material: &Material) -> Option<Secret> {
    let (_, key) = store.options()?;
    match target.wishes[phase].get(&key) {
        Some(Setting::Secret(source)) => material.secret(source).cloned(),
        Some(_) => None,
        None => {
            let section = target.root.as_ref().and_then(|root| root.get("client_encryption_options"));
            let written = section.and_then(|section| section.get(key.key())?.as_str());
            let seen = target.seen;
            let unwritten = || unwritten_password(seen.flavour.apache_base(seen.version));
            Some(Secret::new(written.unwrap_or_else(unwritten)))
        }
    }
}
