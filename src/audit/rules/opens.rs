//! A store that the file names is there and opens with the password beside it: the next start or reload fails otherwise.

use crate::audit::finding::{Remark, Severity, remark};
use crate::audit::opened::{Content, Opened};
use crate::audit::subject::Subject;

pub fn remarks(subject: &Subject<'_>) -> Vec<Remark> {
    let asks = subject.options.require_client_auth;
    let client = subject.keystore.iter().filter(|_| subject.wants_tls());
    let trust = subject.truststore.iter().filter(|_| subject.wants_tls() && asks);
    let internode = subject.internode_keystore.iter().chain(&subject.internode_truststore);
    client.chain(trust).chain(internode).filter_map(remark_of).collect()
}

fn remark_of(opened: &Opened) -> Option<Remark> {
    let Opened { role, path, content } = opened;
    match content {
        Content::Store(_) => None,
        Content::Absent => Some(remark(
            Severity::Error,
            format!("the {role} {path} is not there: the next start fails"),
            "put it back, or have a playbook bring it",
        )),
        Content::Unread(why) => Some(remark(
            Severity::Notice,
            format!("the {role} {path} was not looked into: {why}"),
            "look into it on the node: `keytool -list -keystore FILE`",
        )),
        Content::Failed(error) => Some(remark(
            Severity::Error,
            format!("the {role} {path} does not open with the password in cassandra.yaml: {error}"),
            error.help().unwrap_or("put a good one in its place: the next start or reload fails"),
        )),
    }
}
