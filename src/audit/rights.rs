//! What the mode of a file gives to others than Cassandra and root.

use crate::facts::Layout;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    pub everybody_reads: bool,
    pub everybody_writes: bool,
    /// By a group that is neither root's nor Cassandra's.
    pub strangers_read: bool,
    pub strangers_write: bool,
}

impl Rights {
    pub fn of(mode: u32, group: &str, layout: &Layout) -> Rights {
        let is_strange = !["root", layout.group.as_str()].contains(&group);
        Rights {
            everybody_reads: mode & 0o004 != 0,
            everybody_writes: mode & 0o002 != 0,
            strangers_read: is_strange && mode & 0o040 != 0,
            strangers_write: is_strange && mode & 0o020 != 0,
        }
    }
}

pub fn replaced_by(rights: Rights) -> &'static str {
    match rights.everybody_writes {
        true => "may be replaced by every user of the node",
        false => "may be replaced by a group that is not Cassandra's",
    }
}
