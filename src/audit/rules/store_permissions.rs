//! A keystore is for Cassandra and root.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::subject::Subject;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let layout = &subject.seen.facts.layout;
    let client = subject.keystore.iter().chain(&subject.truststore);
    let internode = subject.internode_keystore.iter().chain(&subject.internode_truststore);
    let mut remarks = Vec::new();
    let mut told = Vec::new();
    for opened in client.chain(internode) {
        let path = &opened.path;
        let Some(file) = subject.seen.facts.files.get(path).and_then(Option::as_ref) else { continue };
        if told.contains(&path) {
            continue;
        }
        told.push(path);
        let who = format!("the {} {path} ({:04o} {}:{})", opened.role, file.mode, file.owner, file.group);
        let help =
            format!("`chown {0}:{1} {path} && chmod 0640 {path}` on the node", layout.user, layout.group);
        let of_others = !["root", layout.group.as_str()].contains(&file.group.as_str());
        let what = match opened.role {
            _ if file.mode & 0o002 != 0 => "may be replaced by every user of the node",
            _ if file.mode & 0o020 != 0 && of_others => "may be replaced by a group that is not Cassandra's",
            role if role.is_keystore() && file.mode & 0o004 != 0 => "may be read by every user of the node",
            role if role.is_keystore() && file.mode & 0o040 != 0 && of_others => {
                "may be read by a group that is not Cassandra's"
            }
            _ if file.owner != "root" && file.owner != layout.user => "belongs to neither root nor Cassandra",
            _ => continue,
        };
        remarks.push(remark(Severity::Warning, format!("{who} {what}"), help));
    }
    remarks
}
