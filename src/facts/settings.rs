//! Which settings a release takes in its `cassandra.yaml`; any other stops its start.
//!
//! Source: `Config.java` of 3.11.19, 4.0.19, 4.1.10 and 5.0.6 with the older names that it still takes, as
//! `scripts/settings` reads them out of the classes.

use super::version::{Flavour, Version};

/// The settings of one line of releases, by their paths.
#[derive(Clone, Copy, Debug)]
pub struct KnownSettings {
    /// One a line, sorted.
    paths: &'static str,
}

impl KnownSettings {
    /// `None` where nobody has listed them: DSE has settings of its own.
    pub fn of(flavour: Flavour, version: Version) -> Option<KnownSettings> {
        let paths = match (flavour, version.major, version.minor) {
            (Flavour::Apache, 3, 11) => include_str!("settings/3.11.txt"),
            (Flavour::Apache, 4, 0) => include_str!("settings/4.0.txt"),
            (Flavour::Apache, 4, 1) => include_str!("settings/4.1.txt"),
            (Flavour::Apache, 5, 0) => include_str!("settings/5.0.txt"),
            (Flavour::Apache | Flavour::Dse, _, _) => return None,
        };
        Some(KnownSettings { paths })
    }

    pub fn paths(self) -> impl Iterator<Item = &'static str> {
        self.paths.lines()
    }

    /// Whether a path is one of them, or leads into one whose inside is not listed.
    pub fn has(self, path: &str) -> bool {
        self.paths().any(|known| known == path)
            || path.rsplit_once('.').is_some_and(|(above, _)| self.has(above) && !self.lists_below(above))
    }

    fn lists_below(self, above: &str) -> bool {
        self.paths().any(|known| known.strip_prefix(above).is_some_and(|rest| rest.starts_with('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_takes_its_own_names_and_older_ones() {
        let of = |minor: (u16, u16)| KnownSettings::of(Flavour::Apache, Version::new(minor.0, minor.1, 3));
        for (version, path, is_known) in [
            ((3, 11), "read_request_timeout_in_ms", true),
            ((3, 11), "read_request_timeout", false),
            ((4, 1), "read_request_timeout_in_ms", true),
            ((4, 1), "read_request_timeout", true),
            ((5, 0), "audit_logging_options.logger.class_name", true),
            ((5, 0), "audit_logging_options.enable", false),
            ((5, 0), "startup_checks.check_dc.enabled", true),
            ((5, 0), "startup_check.check_dc.enabled", false),
            ((5, 0), "sstable.selected_format", true),
            ((4, 0), "sstable.selected_format", false),
        ] {
            let known = of(version).expect("listed");
            assert_eq!(known.has(path), is_known, "{version:?} {path}");
        }
        assert!(of((6, 0)).is_none());
        assert!(KnownSettings::of(Flavour::Dse, Version::new(5, 0, 0)).is_none());
    }
}
