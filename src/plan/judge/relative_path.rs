//! A store is named by an absolute path: Cassandra reads any other from where it was started.

use super::finding::{Remark, warning};
use super::subject::Target;
use crate::input::options::{OptionKey, Setting};

/// What the playbook writes is absolute by its grammar; what it leaves in the file may not be.
pub fn remarks(target: &Target<'_>) -> Vec<Remark> {
    let is_enabled = target.wish.get(&OptionKey::Enabled) == Some(&Setting::Bool(true));
    let mut stays = Vec::new();
    if is_enabled && !target.wish.contains_key(&OptionKey::SslContextFactory) {
        stays.push((OptionKey::Keystore, &target.now.keystore));
        if target.asks_clients {
            stays.push((OptionKey::Truststore, &target.now.truststore));
        }
    }
    let relative =
        stays.into_iter().filter(|(key, path)| !target.wish.contains_key(key) && !path.starts_with('/'));
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
    relative.map(remark).collect()
}
