//! `cassandra.yaml` is for Cassandra and root: it holds the passwords of the stores.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;
use crate::formats::yaml::Node;

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
    if file.mode & 0o002 != 0 {
        say(Severity::Error, "may be written by every user of the node".into());
    }
    if file.mode & 0o004 != 0 && holds_password(subject.root.as_ref()) {
        say(Severity::Warning, "may be read by every user of the node, and holds passwords of stores".into());
    }
    if file.owner != "root" && file.owner != layout.user {
        say(Severity::Warning, format!("belongs to neither root nor {}", layout.user));
    }
    remarks
}

fn holds_password(root: Option<&Node>) -> bool {
    let section = |name: &str| root.and_then(|root| root.get(name));
    let sections = ["client_encryption_options", "server_encryption_options"].into_iter().filter_map(section);
    sections.into_iter().any(|section| {
        ["keystore_password", "truststore_password"].iter().any(|key| section.get(key).is_some())
    })
}
