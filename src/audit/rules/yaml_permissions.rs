//! `cassandra.yaml` is for Cassandra and root: it holds the passwords of the stores.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::rights::Rights;
use crate::audit::subject::Subject;
use crate::formats::yaml::{Entry, Node, Value, is_null};
use crate::input::names_a_secret;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let (yaml, layout) = (&subject.seen.facts.yaml, &subject.seen.facts.layout);
    let (file, path) = (&yaml.file, &yaml.path);
    let help = format!("`chown root:{0} {path} && chmod 0640 {path}` on the node", layout.group);
    let mut remarks = Vec::new();
    let mut say = |severity, what: String| {
        remarks.push(remark(
            severity,
            format!("{path} ({:04o} {}:{}) {what}", file.mode, file.owner, file.group),
            &help,
        ));
    };
    let rights = Rights::of(file.mode, &file.group, layout);
    let whom = |everybody| match everybody {
        true => "every user of the node",
        false => "a group that is not Cassandra's",
    };
    if rights.everybody_writes || rights.strangers_write {
        say(Severity::Error, format!("may be written by {}", whom(rights.everybody_writes)));
    }
    let is_read = rights.everybody_reads || rights.strangers_read;
    if is_read && subject.root.as_ref().is_some_and(holds_password) {
        let whom = whom(rights.everybody_reads);
        say(
            Severity::Warning,
            format!("may be read by {whom}, and holds passwords of stores or private keys"),
        );
    }
    if file.owner != "root" && file.owner != layout.user {
        say(Severity::Warning, format!("belongs to neither root nor {}", layout.user));
    }
    remarks
}

/// In the sections for TLS, as mappings or as dotted keys (4.1 and later).
fn holds_password(root: &Node) -> bool {
    const SECTIONS: [&str; 2] = ["client_encryption_options", "server_encryption_options"];
    let is_of_tls = |key: &str| SECTIONS.contains(&key.split('.').next().unwrap_or_default());
    let of_tls = root.entries().iter().filter(|entry| entry.key.as_str().is_some_and(is_of_tls));
    of_tls.into_iter().any(is_secret)
}

/// The entry itself, or what is below it: `outbound_keystore_password`, `parameters: { private_key: … }`.
fn is_secret(entry: &Entry) -> bool {
    let is_path = |key: &str| key.ends_with("_file");
    let is_named = entry.key.as_str().is_some_and(|key| names_a_secret(key) && !is_path(key));
    is_named && !is_null(&entry.value) && entry.value.as_str().is_some() || below(&entry.value)
}

fn below(node: &Node) -> bool {
    match &node.value {
        Value::Mapping(entries) => entries.iter().any(is_secret),
        Value::Sequence(items) => items.iter().any(below),
        Value::Scalar { .. } | Value::Alias(_) => false,
    }
}
