//! A keystore is for Cassandra and root, and so is the directory in which a store stands.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::opened::Opened;
use crate::audit::rights::{Rights, replaced_by};
use crate::audit::subject::Subject;
use std::collections::BTreeSet;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let client = subject.keystore.iter().chain(&subject.truststore);
    let internode = subject.internode_keystore.iter().chain(&subject.internode_truststore);
    let mut told = BTreeSet::new();
    let stores = client.chain(internode).filter(|opened| told.insert(&opened.path));
    let stores: Vec<&Opened> = stores.collect();
    let mut directories = BTreeSet::new();
    let above = stores.iter().filter_map(|opened| Some(opened.path.rsplit_once('/')?.0));
    let above = above.filter(|above| directories.insert(*above));
    let of_directories = above.filter_map(|above| directory(subject, above));
    stores.iter().filter_map(|opened| store(subject, opened)).chain(of_directories).collect()
}

fn store(subject: &Subject<'_>, opened: &Opened) -> Option<Remark> {
    let layout = &subject.seen.facts.layout;
    let path = &opened.path;
    let file = subject.seen.facts.files.get(path)?.as_ref()?;
    let rights = Rights::of(file.mode, &file.group, layout);
    let what = match opened.role {
        _ if rights.everybody_writes || rights.strangers_write => replaced_by(rights),
        role if role.is_keystore() && rights.everybody_reads => "may be read by every user of the node",
        role if role.is_keystore() && rights.strangers_read => {
            "may be read by a group that is not Cassandra's"
        }
        _ if file.owner != "root" && file.owner != layout.user => "belongs to neither root nor Cassandra",
        _ => return None,
    };
    let who = format!("the {} {path} ({:04o} {}:{})", opened.role, file.mode, file.owner, file.group);
    let help = format!("`chown {0}:{1} {path} && chmod 0640 {path}` on the node", layout.user, layout.group);
    Some(remark(Severity::Warning, format!("{who} {what}"), help))
}

fn directory(subject: &Subject<'_>, path: &str) -> Option<Remark> {
    /// Only its owner takes a file out of such a directory.
    const STICKY: u32 = 0o1000;
    let look = subject.seen.directories.get(path)?;
    let rights = Rights::of(look.mode, &look.group, &subject.seen.facts.layout);
    if look.mode & STICKY != 0 || !rights.everybody_writes && !rights.strangers_write {
        return None;
    }
    let who = format!("what stands in {path} ({:04o} {}:{})", look.mode, look.owner, look.group);
    let help = format!("`chmod go-w {path}` on the node");
    Some(remark(Severity::Warning, format!("{who} {}", replaced_by(rights)), help))
}
