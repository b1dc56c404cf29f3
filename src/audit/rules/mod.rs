//! The rules, each in a file of its name.

mod internode;
mod names;
mod not_reloaded;
mod not_restarted;
mod old_protocols;
pub mod one_mode;
mod opens;
mod overruled;
mod plain_port;
mod plaintext;
mod served_validity;
mod serving;
mod store_permissions;
mod stores;
mod weak_suites;
mod yaml_permissions;

use super::finding::{Finding, Remark};
use super::subject::Subject;

type OfNode = fn(&Subject<'_>) -> Vec<Remark>;

const OF_NODE: [(&str, OfNode); 14] = [
    ("serving", serving::remarks),
    ("plaintext", plaintext::remarks),
    ("not_restarted", not_restarted::remarks),
    ("not_reloaded", not_reloaded::remarks),
    ("served_validity", served_validity::remarks),
    ("opens", opens::remarks),
    ("names", names::remarks),
    ("old_protocols", old_protocols::remarks),
    ("weak_suites", weak_suites::remarks),
    ("plain_port", plain_port::remarks),
    ("overruled", overruled::remarks),
    ("yaml_permissions", yaml_permissions::remarks),
    ("store_permissions", store_permissions::remarks),
    ("internode", internode::remarks),
];

/// Every name that a finding may bear, but for those of the rules for stores.
pub fn all() -> impl Iterator<Item = &'static str> {
    OF_NODE.iter().map(|(name, _)| *name).chain(["one_mode", "unreached"])
}

pub(super) fn of_node(subject: &Subject<'_>) -> Vec<Finding> {
    let own = OF_NODE.iter().flat_map(|(rule, remarks)| remarks(subject).into_iter().map(|it| (*rule, it)));
    let finding = |(rule, Remark { severity, reason, help })| Finding {
        node: subject.look.node.clone(),
        rule,
        severity,
        reason,
        help,
    };
    own.chain(stores::remarks(subject)).map(finding).collect()
}
