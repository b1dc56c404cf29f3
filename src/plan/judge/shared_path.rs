//! A store goes to a path of its own: one that internode encryption names too changes more than the client port.

use super::super::internode;
use super::finding::{Remark, error, warning};
use super::subject::OnNode;
use crate::facts::version::Version;
use crate::formats::yaml;

pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(root) = &subject.on.root else { return Vec::new() };
    let Some(key) = named_by_internode(subject, root) else { return Vec::new() };
    let stands = subject.seen.files.get(&subject.path).and_then(Option::as_ref);
    if stands.is_some_and(|file| file.sha256 == subject.sha256) {
        return Vec::new();
    }
    let help = "choose another path for `to`, one that only the client port uses";
    let path = &subject.path;
    if !is_on(root) {
        if key != "keystore" || !turns_on_by_itself(subject, root) {
            return Vec::new();
        }
        let reason = format!(
            "goes to {path}, which `server_encryption_options.{key}` names: internode TLS turns itself on once its keystore is there"
        );
        return vec![error(reason, help)];
    }
    let password =
        root.get("server_encryption_options").and_then(|server| server.get(&format!("{key}_password")));
    let other = password.and_then(yaml::Node::as_str);
    if let (Some(other), Some(own)) = (other, subject.password)
        && other != own.expose()
    {
        let reason = format!(
            "goes to {path}, which `server_encryption_options.{key}` names with another password: the node would not start"
        );
        return vec![error(reason, help)];
    }
    let reason = format!(
        "goes to {path}, which `server_encryption_options.{key}` names: the nodes' own TLS changes with it"
    );
    vec![warning(reason, help)]
}

/// The option of `server_encryption_options` that leads to the path.
fn named_by_internode(subject: &OnNode<'_>, root: &yaml::Node) -> Option<&'static str> {
    let cwd = subject.seen.process.as_ref().map(|process| process.cwd.trim_end_matches('/'));
    ["keystore", "truststore"].into_iter().zip(internode::stores(Some(root))).find_map(|(key, written)| {
        let absolute = match written.starts_with('/') {
            true => written,
            false => format!("{}/{written}", cwd?),
        };
        (absolute == subject.path).then_some(key)
    })
}

/// 4.0 and later take `optional` for true where it is not said and the keystore exists (`EncryptionOptions.java`;
/// measured on stock files).
fn turns_on_by_itself(subject: &OnNode<'_>, root: &yaml::Node) -> bool {
    let optional = root.get("server_encryption_options").and_then(|server| server.get("optional"));
    let base = subject.seen.flavour.apache_base(subject.seen.version);
    base >= Version::new(4, 0, 0) && optional.and_then(yaml::as_bool_1_1) != Some(false)
}

fn is_on(root: &yaml::Node) -> bool {
    let server = root.get("server_encryption_options");
    let encryption =
        server.and_then(|server| server.get("internode_encryption")).and_then(yaml::Node::as_str);
    encryption.is_some_and(|kind| !kind.eq_ignore_ascii_case("none"))
}
