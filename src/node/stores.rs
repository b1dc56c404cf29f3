//! Files and directories as the probe's script lists them: hashes, owners, modes, free space.

use super::frame::Sections;
use super::probe::{ProbeError, ProbeRequest};
use crate::facts::FileFacts;
use crate::formats::yaml::tree::Node;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// One line of `stat -c '%f/%s/%u/%g/%U/%G/%Y/%n'`.
pub(super) struct Stat {
    pub uid: u32,
    pub gid: u32,
    pub user: String,
    pub group: String,
    /// In seconds since 1970.
    pub modified_s: i64,
    size_bytes: u64,
    /// Permission bits, with the sticky one.
    pub mode: u32,
}

impl Stat {
    pub fn with_sha256(&self, sha256: String) -> FileFacts {
        FileFacts {
            sha256,
            size_bytes: self.size_bytes,
            owner: self.user.clone(),
            group: self.group.clone(),
            mode: self.mode,
        }
    }
}

/// Lowercase hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// By path.
pub(super) fn stats<'a>(sections: &Sections<'a>) -> Result<BTreeMap<&'a str, Stat>, ProbeError> {
    Ok(sections.lines("stats")?.into_iter().filter_map(stat).collect())
}

fn stat(line: &str) -> Option<(&str, Stat)> {
    let mut fields = line.splitn(8, '/');
    let mode = u32::from_str_radix(fields.next()?, 16).ok()? & 0o7777;
    let size_bytes = fields.next()?.parse().ok()?;
    let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    // An account that has no name on the node is known by its number.
    let mut named = |number: u32| match fields.next()? {
        "UNKNOWN" => Some(number.to_string()),
        name => Some(name.to_owned()),
    };
    let (user, group) = (named(uid)?, named(gid)?);
    let modified_s = fields.next()?.parse().ok()?;
    Some((fields.next()?, Stat { uid, gid, user, group, modified_s, size_bytes, mode }))
}

/// What stands at the paths that the playbook asks for and that the yaml names. A relative path of the yaml has an
/// answer only while Cassandra runs: it is relative to where the process was started.
pub(super) fn files(
    sections: &Sections,
    request: &ProbeRequest,
    tree: Option<&Node>,
    stats: &BTreeMap<&str, Stat>,
) -> Result<BTreeMap<String, Option<FileFacts>>, ProbeError> {
    let sums: BTreeMap<&str, &str> = sections.lines("sums")?.into_iter().filter_map(sum).collect();
    let asked: BTreeSet<&str> = sections.lines("asked")?.into_iter().collect();
    let wanted = request.store_paths.iter().cloned().chain(named_in(tree));
    Ok(wanted
        .filter(|path| asked.contains(path.as_str()))
        .map(|path| {
            let file = stats.get(path.as_str()).zip(sums.get(path.as_str()));
            let file = file.map(|(stat, sha256)| stat.with_sha256(sha256.to_string()));
            (path, file)
        })
        .collect())
}

/// One line of `sha256sum` or `openssl dgst -r`: the hash, two characters, the path.
fn sum(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix('\\').unwrap_or(line);
    Some((line.get(66..)?, line.get(..64)?))
}

/// The stores that a `cassandra.yaml` names.
fn named_in(tree: Option<&Node>) -> Vec<String> {
    let mut paths = Vec::new();
    for block in ["client_encryption_options", "server_encryption_options"] {
        for key in ["keystore", "truststore"] {
            let named = tree.and_then(|tree| tree.get(block)?.get(key)?.as_str());
            paths.extend(named.filter(|path| !path.is_empty()).map(String::from));
        }
    }
    paths
}

/// Free bytes under each directory that would be written to.
pub(super) fn free_bytes(sections: &Sections) -> Result<BTreeMap<String, u64>, ProbeError> {
    let free: BTreeMap<&str, u64> = sections.lines("free")?.into_iter().filter_map(free).collect();
    Ok(directories(sections)?
        .filter_map(|directory| Some((directory.path.into(), *free.get(directory.above)?)))
        .collect())
}

/// One line of `stat -f -c '%a/%S/%n'`.
fn free(line: &str) -> Option<(&str, u64)> {
    let mut fields = line.splitn(3, '/');
    let blocks: u64 = fields.next()?.parse().ok()?;
    let block_bytes: u64 = fields.next()?.parse().ok()?;
    Some((fields.next()?, blocks.saturating_mul(block_bytes)))
}

pub(super) fn unwritable(sections: &Sections) -> Result<BTreeSet<String>, ProbeError> {
    Ok(directories(sections)?.filter(|directory| !directory.is_writable).map(|it| it.path.into()).collect())
}

struct Directory<'a> {
    is_writable: bool,
    /// The nearest directory that is there: the directory itself or one above it.
    above: &'a str,
    path: &'a str,
}

fn directories<'a>(sections: &Sections<'a>) -> Result<impl Iterator<Item = Directory<'a>>, ProbeError> {
    let lines = sections.lines("directories")?;
    let directory =
        |lines: &[&'a str]| Directory { is_writable: lines[0] == "yes", above: lines[1], path: lines[2] };
    Ok(lines.chunks_exact(3).map(directory).collect::<Vec<_>>().into_iter())
}
