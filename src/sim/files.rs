//! The files of one simulated machine: read, replaced by rename, marked; with the answers of the node's scripts.

use super::disk::Disk;
use super::judge::Mutation;
use crate::node::files::ABSENT;
use crate::plan::change::sha256_hex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// In a copy of a real node they may be its key.
    pub bytes: Zeroizing<Vec<u8>>,
    pub owner: String,
    pub group: String,
    pub mode: u32,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let File { bytes, owner, group, mode } = self;
        write!(f, "{} bytes of {owner}:{group} {mode:03o}", bytes.len())
    }
}

#[derive(Clone, Debug, Default)]
pub struct Files {
    pub by_path: BTreeMap<String, File>,
    pub disk_full: bool,
    pub read_only: bool,
    /// Java there opens no store but these, by SHA-256.
    pub opens_only: Option<BTreeSet<String>>,
    pub disk: Option<Disk>,
}

/// How a script ended: what it printed, and what its tools said.
pub type Said = (Vec<u8>, String);

impl Files {
    /// From now on they stand below `root`, too.
    pub fn keep_in(&mut self, root: PathBuf) -> io::Result<()> {
        self.disk.insert(Disk::new(root)).settle(&self.by_path)
    }

    /// Takes in what somebody did to the files that stand on a disk.
    pub fn look(&mut self) {
        if let Some(disk) = &self.disk {
            disk.look(&mut self.by_path);
        }
    }

    /// Brings the disk, if there is one, to what was done. One that fails shows in the next look.
    pub fn settle(&mut self) {
        if let Some(disk) = &mut self.disk {
            let _ = disk.settle(&self.by_path);
        }
    }

    pub fn read(&self, path: &str) -> Said {
        match self.by_path.get(path) {
            Some(file) => ([b"file\n".as_slice(), &file.bytes].concat(), String::new()),
            None => (b"absent\n".to_vec(), String::new()),
        }
    }

    /// From now on Java opens no store but those that stand there.
    pub fn open_no_other(&mut self) {
        self.opens_only = Some(self.by_path.values().map(|file| sha256_hex(&file.bytes)).collect());
    }

    pub fn sha256(&self, path: &str) -> Option<String> {
        self.by_path.get(path).map(|file| sha256_hex(&file.bytes))
    }

    /// `scripts/replace.sh`. `power_lost`: the machine stops when half of the bytes are written.
    pub fn replace(
        &mut self,
        arguments: &[String],
        bytes: &[u8],
        power_lost: bool,
        broken: Mutation,
    ) -> Said {
        let [path, expect, becomes, backup, owner, mode, _] = arguments else {
            return (b"failed path\n".to_vec(), String::new());
        };
        let present = self.sha256(path).unwrap_or_else(|| "absent".into());
        if present == *becomes {
            if expect == becomes {
                self.keep(backup, self.by_path.get(path).cloned(), broken);
            }
            self.attributes(path, owner, mode);
            return said("already");
        }
        if expect != "any" && *expect != present {
            return said(&format!("changed {present}"));
        }
        if let Some(words) = self.refusal() {
            return (b"failed write\n".to_vec(), words.into());
        }
        if becomes == ABSENT {
            let was = self.by_path.remove(path);
            self.keep(backup, was, broken);
            return said("replaced");
        }
        let temporary = match broken == Mutation::WritesInPlace {
            true => path.clone(),
            false => format!("{}/.ringwalk.1.tmp", path.rsplit_once('/').map_or("", |(above, _)| above)),
        };
        let was = self.by_path.get(path).cloned();
        let mut file = was.clone().unwrap_or(File {
            bytes: Zeroizing::default(),
            owner: "root".into(),
            group: "root".into(),
            mode: 0o600,
        });
        if power_lost {
            file.bytes = bytes[..bytes.len() / 2].to_vec().into();
            self.by_path.insert(temporary, file);
            return said("");
        }
        self.by_path.remove(&temporary);
        if sha256_hex(bytes) != *becomes {
            return said("garbled x");
        }
        self.keep(backup, was, broken);
        file.bytes = bytes.to_vec().into();
        self.by_path.insert(path.clone(), file);
        self.attributes(path, owner, mode);
        said("replaced")
    }

    /// The old file, with its owner and mode in a note beside it; once, since a second copy may be of the new file.
    fn keep(&mut self, backup: &str, was: Option<File>, broken: Mutation) {
        let Some(was) = was.filter(|_| !backup.is_empty() && !self.by_path.contains_key(backup)) else {
            return;
        };
        let mode = if broken == Mutation::LosesTheMode { 0o644 } else { was.mode };
        let bytes = format!("{}:{} {mode:o}\n", was.owner, was.group).into_bytes().into();
        let note = File { bytes, ..was.clone() };
        self.by_path.insert(format!("{backup}.attributes"), note);
        self.by_path.insert(backup.to_owned(), was);
    }

    fn attributes(&mut self, path: &str, owner: &str, mode: &str) {
        let Some(file) = self.by_path.get_mut(path) else { return };
        if let Some((user, group)) = owner.split_once(':') {
            (file.owner, file.group) = (user.into(), group.into());
        }
        if let Ok(mode) = u32::from_str_radix(mode, 8) {
            file.mode = mode;
        }
    }

    /// `scripts/owe.sh`.
    pub fn owe(&mut self, arguments: &[String], broken: Mutation) -> Said {
        let [verb, directory, run, seen] = arguments else { return said("failed") };
        let mark = format!("{directory}/owed");
        if verb == "confirm" && broken == Mutation::NeverConfirms {
            return said("failed");
        }
        let owed = self.by_path.get(&mark).map(|file| String::from_utf8_lossy(&file.bytes).trim().to_owned());
        if let Some(other) = owed.filter(|owed| verb == "confirm" && owed != run && owed != seen) {
            return said(&format!("other {other}"));
        }
        if verb == "confirm" && !self.by_path.contains_key(&mark) {
            self.by_path.remove(&format!("{directory}/healed"));
            return said("done");
        }
        if let Some(words) = self.refusal() {
            return (b"failed\n".to_vec(), words.into());
        }
        if verb == "confirm" {
            self.by_path.remove(&mark);
            self.by_path.remove(&format!("{directory}/healed"));
        } else {
            let bytes = format!("{run}\n").into_bytes();
            let file = File { bytes: bytes.into(), owner: "root".into(), group: "root".into(), mode: 0o600 };
            self.by_path.insert(mark, file);
        }
        said("done")
    }

    pub fn refusal(&self) -> Option<&'static str> {
        match (self.disk_full, self.read_only) {
            (true, _) => Some("cat: write error: No space left on device"),
            (false, true) => Some("sh: cannot create: Read-only file system"),
            (false, false) => None,
        }
    }
}

/// Whether the copy that a run kept of a file is whole, and says whose the file was.
pub fn has_copy(files: &Files, backup: &str, was: &str) -> bool {
    files.sha256(backup).as_deref() == Some(was)
        && files.by_path.contains_key(&format!("{backup}.attributes"))
}

fn said(text: &str) -> Said {
    (format!("{text}\n").into_bytes(), String::new())
}
