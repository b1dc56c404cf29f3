//! Where Cassandra's files are on a node, told from the path of its `cassandra.yaml` and from its command line.
//!
//! Sources: `debian/cassandra.install`, `redhat/cassandra.spec`, `bin/cassandra`; DataStax documentation of DSE 6.8.

use crate::facts::LayoutKind;
use crate::facts::version::{Flavour, Version};

/// Which layout has its `cassandra.yaml` at this path, links resolved. `home` is the directory above `conf` if it holds
/// `bin/nodetool`.
pub fn kind(real_path: &str, home: &str) -> LayoutKind {
    let directory = real_path.rsplit_once('/').map_or("", |(directory, _)| directory);
    match directory {
        "/etc/cassandra" => LayoutKind::DebianPackage,
        "/etc/dse/cassandra" => LayoutKind::DsePackage,
        _ if directory.starts_with("/etc/cassandra/") => LayoutKind::RpmPackage,
        _ if directory == format!("{home}/resources/cassandra/conf") => LayoutKind::DseTarball,
        _ if directory == format!("{home}/conf") => LayoutKind::ApacheTarball,
        _ => LayoutKind::Explicit,
    }
}

/// Where the logs are, if the process does not say.
pub fn log_dir(kind: LayoutKind, home: &str) -> String {
    match kind {
        LayoutKind::ApacheTarball => format!("{home}/logs"),
        // DSE's launcher logs there from a tarball too unless CASSANDRA_LOG_DIR says otherwise.
        LayoutKind::DebianPackage
        | LayoutKind::RpmPackage
        | LayoutKind::DsePackage
        | LayoutKind::DseTarball
        | LayoutKind::Explicit => "/var/log/cassandra".into(),
    }
}

/// What stands before the path of a setting that is given as a system property.
pub const SETTINGS: &str = "cassandra.settings.";

/// What the arguments of a running Cassandra say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    pub class_path: Vec<String>,
    /// `-Dname=value`.
    pub properties: Vec<(String, String)>,
}

impl CommandLine {
    pub fn parse(arguments: &[&str]) -> CommandLine {
        let mut line = CommandLine::default();
        let mut class_path = "";
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if let Some(property) = argument.strip_prefix("-D") {
                let (name, value) = property.split_once('=').unwrap_or((property, ""));
                line.properties.push((name.into(), value.into()));
            } else if matches!(*argument, "-cp" | "-classpath" | "--class-path") {
                class_path = arguments.next().copied().unwrap_or_default();
            } else if let Some(path) = argument.strip_prefix("--class-path=") {
                class_path = path;
            }
        }
        line.class_path = class_path.split(':').filter(|entry| !entry.is_empty()).map(Into::into).collect();
        line
    }

    /// Properties that go before settings of the yaml: from 4.1 on, and only where a property of their own lets them
    /// (`YamlConfigurationLoader.SYSTEM_PROPERTY_PREFIX`, `CONFIG_ALLOW_SYSTEM_PROPERTIES`).
    pub fn settings(&self, base: Version) -> impl Iterator<Item = &str> {
        let allowed = self.property("cassandra.config.allow_system_properties");
        let counts = base >= Version::new(4, 1, 0)
            && allowed.is_some_and(|allowed| allowed.eq_ignore_ascii_case("true"));
        let names = self.properties.iter().map(|(name, _)| name.as_str());
        names.filter(move |name| counts && name.starts_with(SETTINGS))
    }

    /// The value of a system property; of a repeated one the last, as the JVM takes it.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is installed, told from the names of jars; DSE's own number where it is DSE.
pub fn release<'a>(jars: impl IntoIterator<Item = &'a str>) -> Option<(Flavour, Version)> {
    let mut apache = None;
    for jar in jars {
        let name = jar.rsplit('/').next().unwrap_or(jar);
        let Some(stem) = name.strip_suffix(".jar") else { continue };
        let numbered = |prefixes: &[&str]| {
            prefixes.iter().find_map(|prefix| stem.strip_prefix(prefix)?.parse::<Version>().ok())
        };
        if let Some(version) = numbered(&["dse-core-", "dse-db-all-", "dse-"]) {
            return Some((Flavour::Dse, version));
        }
        apache = apache.or_else(|| numbered(&["apache-cassandra-", "cassandra-all-"]));
    }
    apache.map(|version| (Flavour::Apache, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_yaml_tells_the_layout() {
        for (path, home, expected) in [
            ("/etc/cassandra/cassandra.yaml", "/usr/share/cassandra", LayoutKind::DebianPackage),
            ("/etc/cassandra/default.conf/cassandra.yaml", "/usr/share/cassandra", LayoutKind::RpmPackage),
            ("/opt/cassandra/conf/cassandra.yaml", "/opt/cassandra", LayoutKind::ApacheTarball),
            ("/etc/dse/cassandra/cassandra.yaml", "/usr/share/dse", LayoutKind::DsePackage),
            ("/opt/dse/resources/cassandra/conf/cassandra.yaml", "/opt/dse", LayoutKind::DseTarball),
            ("/srv/conf/cassandra.yaml", "/usr/share/cassandra", LayoutKind::Explicit),
        ] {
            assert_eq!(kind(path, home), expected, "{path}");
        }
    }

    #[test]
    fn the_names_of_jars_tell_the_release() {
        let release = |jars: &[&'static str]| release(jars.iter().copied());
        let apache = |major, minor, patch| Some((Flavour::Apache, Version::new(major, minor, patch)));
        for (jars, expected) in [
            (&["/l/guava-32.0.1-jre.jar", "/l/apache-cassandra-4.1.10.jar"][..], apache(4, 1, 10)),
            (
                &["/l/apache-cassandra-thrift-3.11.19.jar", "/l/apache-cassandra-3.11.19.jar"],
                apache(3, 11, 19),
            ),
            (&["/l/cassandra-all-5.0.6.jar"], apache(5, 0, 6)),
            (&["/l/apache-cassandra-5.0-rc1.jar"], apache(5, 0, 0)),
            (
                &["/l/apache-cassandra-4.0.11.jar", "/l/dse-core-6.8.30.jar"],
                Some((Flavour::Dse, Version::new(6, 8, 30))),
            ),
            (&["/l/dse-6.7.17.jar"], Some((Flavour::Dse, Version::new(6, 7, 17)))),
            (&["/l/apache-cassandra.jar", "/l/netty-4.1.96.jar"], None),
        ] {
            assert_eq!(release(jars), expected, "{jars:?}");
        }
    }

    #[test]
    fn the_last_of_a_repeated_property_counts() {
        let line = CommandLine::parse(&["java", "-Da=1", "-Da=2", "-Db", "-cp", "/conf:/l/x.jar:", "Main"]);
        assert_eq!((line.property("a"), line.property("b"), line.property("c")), (Some("2"), Some(""), None));
        assert_eq!(line.class_path, ["/conf", "/l/x.jar"]);
    }
}
