//! A store goes to a path of its own: one that internode encryption names too changes more than the client port.

use super::super::internode;
use super::finding::{Remark, error, warning};
use super::subject::OnNode;
use crate::facts::version::Version;
use crate::formats::yaml;
use crate::input::options::OptionKey;

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(root) = &subject.on.root else { return Vec::new() };
    let Some(key) = named_by_internode(subject, root) else { return Vec::new() };
    let stands = subject.seen.files.get(&subject.path).and_then(Option::as_ref);
    if stands.is_some_and(|file| file.sha256 == subject.sha256) {
        return Vec::new();
    }
    let help = "choose another path for `to`, one that only the client port uses";
    let names = format!("goes to {}, which `server_encryption_options.{key}` names", subject.path);
    match between_nodes(subject, root) {
        Between::Off => Vec::new(),
        Between::OffWithoutKeystore if key == "truststore" => Vec::new(),
        Between::OffWithoutKeystore => {
            vec![error(format!("{names}: internode TLS turns itself on once its keystore is there"), help)]
        }
        Between::On if has_another_password(subject, root, key) => {
            vec![error(format!("{names} with another password: the node would not start"), help)]
        }
        Between::On => vec![warning(format!("{names}: the nodes' own TLS changes with it"), help)],
    }
}

/// Whether the store goes to where nodes read the keystore that they show each other, and they speak TLS. A truststore that
/// they share too is judged for what it is brought before.
pub fn is_nodes_keystore(subject: &OnNode<'_>) -> bool {
    let Some(root) = &subject.on.root else { return false };
    let [_, truststore] = internode::stores(Some(root));
    let own = subject.on.option(subject.phase_index, OptionKey::Truststore);
    let shares_both = own.is_some_and(|own| normal(&own) == normal(&truststore));
    named_by_internode(subject, root) == Some("keystore") && speaks_tls(root) && !shares_both
}

/// Whether the node's file has it speak TLS to any node.
pub fn speaks_tls(root: &yaml::Node) -> bool {
    let encrypts =
        root.get("server_encryption_options").and_then(|server| server.get("internode_encryption"));
    encrypts.and_then(yaml::Node::as_str).is_some_and(|kind| !kind.eq_ignore_ascii_case("none"))
}

/// The option of `server_encryption_options` that leads to the path.
fn named_by_internode(subject: &OnNode<'_>, root: &yaml::Node) -> Option<&'static str> {
    let path = normal(&subject.path);
    let names = |(key, written): (&'static str, String)| {
        (normal(&absolute(subject, &written)?) == path).then_some(key)
    };
    ["keystore", "truststore"].into_iter().zip(internode::stores(Some(root))).find_map(names)
}

fn absolute(subject: &OnNode<'_>, written: &str) -> Option<String> {
    if written.starts_with('/') {
        return Some(written.to_owned());
    }
    let cwd = &subject.seen.process.as_ref()?.cwd;
    Some(format!("{cwd}/{written}"))
}

/// An absolute path without `.`, `..` and empty parts; links are not followed.
fn normal(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

/// Whether Cassandra reads the stores between nodes.
enum Between {
    Off,
    /// Until a keystore stands there.
    OffWithoutKeystore,
    On,
}

/// 4.0 and later read them with `optional` too, and take it for true where it is not said and the keystore exists
/// (`EncryptionOptions.java`; measured on stock files).
fn between_nodes(subject: &OnNode<'_>, root: &yaml::Node) -> Between {
    let server = |key: &str| root.get("server_encryption_options")?.get(key);
    if speaks_tls(root) {
        return Between::On;
    }
    if subject.seen.flavour.apache_base(subject.seen.version) < Version::new(4, 0, 0) {
        return Between::Off;
    }
    let [keystore, _] = internode::stores(Some(root));
    let stands = subject.seen.files.get(&keystore).is_some_and(Option::is_some);
    match (server("optional").and_then(yaml::as_bool_1_1), stands) {
        (Some(true), _) | (None, true) => Between::On,
        (None, false) => Between::OffWithoutKeystore,
        (Some(false), _) => Between::Off,
    }
}

/// One that is not written is `cassandra` before 4.1.2 (CASSANDRA-18124). Since then a keystore needs one; one that is in a
/// file is not known here.
fn has_another_password(subject: &OnNode<'_>, root: &yaml::Node, key: &str) -> bool {
    let Some(own) = subject.password else { return false };
    let server = |key: String| root.get("server_encryption_options")?.get(&key)?.as_str();
    let is_old = subject.seen.flavour.apache_base(subject.seen.version) < Version::new(4, 1, 2);
    match server(format!("{key}_password")) {
        Some(written) => written != own.expose(),
        None if is_old => own.expose() != "cassandra",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn a_path_is_the_same_however_it_is_written() {
        for path in ["/etc/cassandra/k", "//etc//cassandra/k", "/etc/x/../cassandra/./k"] {
            assert_eq!(normal(path), ["etc", "cassandra", "k"], "{path}");
        }
    }
}
