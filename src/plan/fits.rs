//! Whether a store that stands on a node may stay as it is, or must be put there again for its owner or its mode.

use crate::facts::{FileFacts, Layout};
use crate::input::playbook::StoreSpec;

/// Whether a store that has the right contents can stay as it is: its owner and mode are those that the playbook names,
/// and the account that runs Cassandra may read it. With one that it may not read, Cassandra would not start.
pub fn fits(file: &FileFacts, spec: &StoreSpec, layout: &Layout) -> bool {
    let is_owner = |wished: &String| match wished.split_once(':') {
        Some((user, group)) => file.owner == user && file.group == group,
        None => file.owner == *wished,
    };
    let is_readable = layout.user == "root"
        || match (file.owner == layout.user, file.group == layout.group) {
            (true, _) => file.mode & 0o400 != 0,
            (false, true) => file.mode & 0o040 != 0,
            (false, false) => file.mode & 0o004 != 0,
        };
    spec.owner.as_ref().is_none_or(is_owner) && spec.mode.is_none_or(|mode| file.mode == mode) && is_readable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::LayoutKind;
    use crate::input::stores::Places;
    use crate::secret::SecretSource;

    #[test]
    fn a_store_fits_if_cassandra_may_read_it_and_it_is_as_the_playbook_names_it() {
        let layout = Layout {
            kind: LayoutKind::DebianPackage,
            conf_dir: "/etc/cassandra".into(),
            nodetool: "/usr/bin/nodetool".into(),
            log_dir: "/var/log/cassandra".into(),
            user: "cassandra".into(),
            group: "cassandra".into(),
        };
        for (owner, group, mode, wished_owner, wished_mode, expected) in [
            ("cassandra", "cassandra", 0o400, None, None, true),
            ("root", "root", 0o600, None, None, false),
            ("root", "cassandra", 0o640, None, None, true),
            ("root", "cassandra", 0o600, None, None, false),
            ("root", "root", 0o644, None, None, true),
            ("cassandra", "root", 0o044, None, None, false),
            ("root", "root", 0o644, Some("cassandra"), None, false),
            ("cassandra", "root", 0o400, Some("cassandra"), None, true),
            ("cassandra", "root", 0o400, Some("cassandra:cassandra"), None, false),
            ("cassandra", "cassandra", 0o640, None, Some(0o400), false),
        ] {
            let spec = StoreSpec {
                from: "k".into(),
                to: "/k".into(),
                password: SecretSource::Prompt,
                owner: wished_owner.map(Into::into),
                mode: wished_mode,
                places: Places::default(),
            };
            let file = FileFacts {
                sha256: "x".into(),
                size_bytes: 1,
                owner: owner.into(),
                group: group.into(),
                mode,
            };
            assert_eq!(fits(&file, &spec, &layout), expected, "{owner}:{group} {mode:o} {wished_owner:?}");
        }
    }
}
