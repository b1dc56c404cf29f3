//! A store is named by an absolute path: Cassandra reads any other from where it was started.

use super::finding::{Remark, warning};
use super::subject::Target;
use crate::input::options::{OptionKey, Setting};
use std::collections::BTreeMap;

/// What the playbook writes is absolute by its grammar; what it leaves in the file may not be.
pub fn remarks(target: &Target<'_>) -> Vec<Remark> {
    let mut stays = BTreeMap::new();
    for phase in target.first..target.wishes.len() {
        let wish = &target.wishes[phase];
        let is_enabled = wish.get(&OptionKey::Enabled) == Some(&Setting::Bool(true));
        if !is_enabled || wish.contains_key(&OptionKey::SslContextFactory) {
            continue;
        }
        let truststore =
            target.asks_clients(phase).then_some((OptionKey::Truststore, &target.now.truststore));
        let named = [(OptionKey::Keystore, &target.now.keystore)].into_iter().chain(truststore);
        stays.extend(named.filter(|(key, path)| !wish.contains_key(key) && !path.starts_with('/')));
    }
    let remark = |(key, path): (OptionKey, &String)| {
        let place = target.seen.process.as_ref().map_or_else(
            || "where it will be started".to_owned(),
            |process| format!("{} today", process.cwd),
        );
        warning(
            format!("`{key}` stays {path}, which Cassandra reads from where it is started ({place})"),
            format!("write `{key}` out in the playbook, or bring the store by `stores`"),
        )
    };
    stays.into_iter().map(remark).collect()
}
