//! A store must open with its password: Cassandra ends at its start with one that does not.

use super::super::step::StoreName;
use super::finding::{Remark, error, warning};
use super::subject::Target;
use crate::formats::store::StoreError;
use crate::input::options::{OptionKey, Setting};
use crate::input::playbook::expand;
use std::collections::BTreeMap;

pub fn of_failure(failure: &StoreError) -> Remark {
    let help =
        failure.help().unwrap_or("see what it holds: `keytool -list -keystore FILE` asks for its password");
    error(failure.to_string(), help)
}

/// The stores that Cassandra will use and that no `stores` brings, by their paths.
pub fn only_named(target: &Target<'_>) -> BTreeMap<(StoreName, String), Remark> {
    let phases = (target.first..target.wishes.len()).filter(|phase| target.is_on(*phase));
    let uses = phases.flat_map(|phase| StoreName::BOTH.map(|store| (phase, store)));
    let named = uses.filter_map(|(phase, store)| {
        let wish = &target.wishes[phase];
        let is_read = store.is_keystore() || target.asks_clients(phase);
        let (path, _) = store.options()?;
        let is_brought = target.brought.contains(&(phase, store));
        match wish.get(&path) {
            Some(Setting::Text(path))
                if is_read && !is_brought && !wish.contains_key(&OptionKey::SslContextFactory) =>
            {
                Some((store, expand(path, target.node)))
            }
            Some(_) | None => None,
        }
    });
    let remark = || {
        warning(
            "is only named: it is neither opened nor judged before Cassandra reads it",
            "bring it by `stores`; `ringwalk audit` opens and judges it once the node's file names it",
        )
    };
    named.map(|named| (named, remark())).collect()
}
