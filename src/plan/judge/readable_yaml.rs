//! A password in `cassandra.yaml` is as secret as that file.

use super::finding::{Remark, warning};
use super::subject::Target;
use crate::input::options::OptionKey;

pub fn remarks(target: &Target<'_>) -> Vec<Remark> {
    let is_written = [OptionKey::KeystorePassword, OptionKey::TruststorePassword]
        .iter()
        .any(|key| target.wishes.iter().any(|wish| wish.contains_key(key)));
    let yaml = &target.seen.yaml;
    if !is_written || yaml.file.mode & 0o004 == 0 {
        return Vec::new();
    }
    let group = &target.seen.layout.group;
    vec![warning(
        format!("{} may be read by every user of the node, and holds the keystore's password", yaml.path),
        format!(
            "`chgrp {group} {0} && chmod 0640 {0}` on the node: Cassandra has to read it, nobody else has",
            yaml.path
        ),
    )]
}
