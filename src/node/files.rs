//! Files on a node: read, and replaced whole or not at all; and the mark that a node owes a look.

use super::sudo;
use crate::transport::{Command, Host, HostError, Output, Stdin};
use std::time::Duration;

const READ: &str = include_str!("scripts/read.sh");
const REPLACE: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/replace.sh"));
const OWE: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/owe.sh"));

/// Files here are small; a disk under a compaction can take seconds for one fsync, and there are up to six.
const DEADLINE: Duration = Duration::from_secs(60);

/// A file that is to be replaced, and by what.
#[derive(Clone, Debug)]
pub struct Replace {
    /// A link is followed: the file behind it is replaced. A directory that is missing is made, mode 0750, for root and
    /// the file's group.
    pub path: String,
    pub bytes: Stdin,
    /// SHA-256 of `bytes`, lowercase hex; or [`ABSENT`]: the file is removed.
    pub becomes: String,
    /// What must be there at that moment.
    pub expect: Expect,
    /// `user:group`. `None`: as the old file has it.
    pub owner: Option<String>,
    /// `None`: as the old file has it, access list included.
    pub mode: Option<u32>,
    /// Where the old file is kept, if it is not kept there already: after a crash the old file may be gone, and a second
    /// backup would save the new one as the old. `BACKUP.attributes` has its owner and mode, `BACKUP.acl` its access list
    /// if it had one.
    pub backup: Option<String>,
    /// Where the access list stands that the file is to have; no file there: none.
    pub access_list: Option<String>,
}

/// What a file that is removed becomes; no hash is written so.
pub const ABSENT: &str = "absent";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// This file, lowercase hex.
    Sha256(String),
    Absent,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    Now,
    /// It had these bytes; owner and mode are as wished.
    Already,
}

/// Forty times the `cassandra.yaml` of any release, and far more than a store with every public CA; a path that was
/// mistaken for one of these may name a file of any size.
const READ_MAX_BYTES: usize = 4 << 20;

/// Reads a file of at most 4 MiB.
pub async fn read(host: &dyn Host, path: &str) -> Result<Vec<u8>, FileError> {
    let arguments = [path.to_owned(), (READ_MAX_BYTES + 1).to_string()];
    let output = run(host, Command::script("read", READ, arguments)).await?;
    let end = output.stdout.iter().position(|byte| *byte == b'\n').unwrap_or(output.stdout.len());
    let (word, bytes) = (&output.stdout[..end], output.stdout.get(end + 1..).unwrap_or_default());
    let path = path.to_owned();
    match word {
        b"file" if output.code == 0 && bytes.len() <= READ_MAX_BYTES => Ok(bytes.into()),
        b"file" if output.code == 0 => Err(FileError::TooLarge { path }),
        b"absent" => Err(FileError::Absent { path }),
        b"kind" => Err(FileError::NotAFile { path }),
        b"denied" => Err(FileError::Unreadable { path }),
        _ => Err(FileError::Unexpected { path, words: words(&output) }),
    }
}

/// Replaces a file, or leaves it as it was. Doing it again is harmless.
pub async fn replace(host: &dyn Host, replace: &Replace) -> Result<Replaced, FileError> {
    let expect = match &replace.expect {
        Expect::Sha256(sha256) => sha256.as_str(),
        Expect::Absent => "absent",
        Expect::Any => "any",
    };
    let arguments = [
        replace.path.clone(),
        expect.into(),
        replace.becomes.clone(),
        replace.backup.clone().unwrap_or_default(),
        replace.owner.clone().unwrap_or_default(),
        replace.mode.map_or_else(String::new, |mode| format!("{mode:o}")),
        replace.access_list.clone().unwrap_or_default(),
    ];
    let mut command = Command::script("replace", REPLACE, arguments);
    command.stdin = Some(replace.bytes.clone());
    let output = run(host, command).await?;
    let path = replace.path.clone();
    let answer = String::from_utf8_lossy(&output.stdout);
    match answer.trim().split_once(' ').unwrap_or((answer.trim(), "")) {
        ("replaced", _) => Ok(Replaced::Now),
        ("already", _) => Ok(Replaced::Already),
        ("changed", "absent") => Err(FileError::Changed { path, found: None }),
        ("changed", found) => Err(FileError::Changed { path, found: Some(found.into()) }),
        ("garbled", _) => Err(FileError::Garbled { path }),
        ("failed", "missing sha256sum") => Err(FileError::MissingTool { tool: "sha256sum".into() }),
        ("failed", "kind") => Err(FileError::NotAFile { path }),
        ("failed", stage) => Err(refusal(replace, stage, &words(&output))),
        _ => Err(FileError::Unexpected { path, words: words(&output) }),
    }
}

/// Notes on the node that a run begins to change it and has not yet seen it healthy.
pub async fn owe(host: &dyn Host, state_dir: &str, run: &str) -> Result<(), FileError> {
    mark(host, ["owe", state_dir, run, ""]).await
}

/// Takes the run's mark away, or the one that it has seen there: the node was seen to be healthy.
pub async fn confirm(
    host: &dyn Host,
    state_dir: &str,
    run: &str,
    seen: Option<&str>,
) -> Result<(), FileError> {
    mark(host, ["confirm", state_dir, run, seen.unwrap_or_default()]).await
}

async fn mark(host: &dyn Host, arguments: [&str; 4]) -> Result<(), FileError> {
    let path = format!("{}/owed", arguments[1]);
    let output = self::run(host, Command::script("owe", OWE, arguments)).await?;
    let answer = String::from_utf8_lossy(&output.stdout);
    match answer.trim().split_once(' ').unwrap_or((answer.trim(), "")) {
        ("done", _) => Ok(()),
        ("other", run) => Err(FileError::Marked { path, run: run.into() }),
        _ => Err(known_words(&path, &words(&output))),
    }
}

async fn run(host: &dyn Host, command: Command) -> Result<Output, FileError> {
    let output = host.run(&command.deadline(DEADLINE).become_root()).await?;
    match (sudo::missing_program(&output), sudo::refusal(&output)) {
        (Some(tool), _) => Err(FileError::MissingTool { tool: tool.into() }),
        (None, Some(words)) => Err(FileError::NoPrivilege { words }),
        (None, None) => Ok(output),
    }
}

fn words(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    if stderr.is_empty() { format!("exit code {}", output.code) } else { stderr }
}

fn refusal(replace: &Replace, stage: &str, words: &str) -> FileError {
    let unknown_account = ["invalid user", "invalid group", "unknown user", "unknown group"];
    if unknown_account.iter().any(|text| words.contains(text)) {
        let owner = replace.owner.clone().unwrap_or_default();
        return FileError::NoSuchAccount { path: replace.path.clone(), owner };
    }
    match stage {
        "owner" | "mode" if !words.contains("Read-only") => {
            FileError::OwnerRefused { path: replace.path.clone(), words: words.into() }
        }
        _ => known_words(&replace.path, words),
    }
}

/// What the C library's texts for an error mean (`strerror`, locale C).
fn known_words(path: &str, words: &str) -> FileError {
    let path = path.to_owned();
    if words.contains("No space left") || words.contains("quota exceeded") {
        FileError::DiskFull { path }
    } else if words.contains("Read-only file system") {
        FileError::ReadOnly { path }
    } else if words.contains("I/O error") {
        // A shell's own `printf` says so of a full disk too.
        FileError::DiskFailed { path }
    } else if words.contains("ermission denied") || words.contains("not permitted") {
        FileError::Denied { path, words: words.into() }
    } else {
        FileError::Unexpected { path, words: words.into() }
    }
}

/// Why a file could not be read or replaced. Whatever is said of replacing, the file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot reach the node")]
    Host(#[from] HostError),
    #[error("cannot become root: {words}")]
    NoPrivilege { words: String },
    #[error("{path} is not there")]
    Absent { path: String },
    #[error("cannot read {path}: permission denied")]
    Unreadable { path: String },
    #[error("{path} is larger than 4 MiB")]
    TooLarge { path: String },
    #[error("{path} is no regular file")]
    NotAFile { path: String },
    #[error("cannot replace {path}: changed since the plan was made; the file is as it was")]
    Changed {
        path: String,
        /// SHA-256 of what is there now, if anything is.
        found: Option<String>,
    },
    #[error("cannot replace {path}: the disk is full; the file is as it was")]
    DiskFull { path: String },
    #[error("cannot replace {path}: the file system is mounted read-only; the file is as it was")]
    ReadOnly { path: String },
    #[error("cannot write {path}: the disk is full or broken; nothing was replaced")]
    DiskFailed { path: String },
    #[error("cannot replace {path}: {words}; the file is as it was")]
    Denied { path: String, words: String },
    #[error("cannot give {path} its owner and mode: {words}; the file is as it was")]
    OwnerRefused { path: String, words: String },
    #[error("cannot give {path} to {owner}: the node has no such user or group; the file is as it was")]
    NoSuchAccount { path: String, owner: String },
    #[error("cannot replace {path}: it did not arrive whole; the file is as it was")]
    Garbled { path: String },
    #[error("cannot take {path} away: run {run} has marked the node since")]
    Marked { path: String, run: String },
    #[error("the node lacks {tool}")]
    MissingTool { tool: String },
    #[error("cannot handle {path}: {words}")]
    Unexpected { path: String, words: String },
}

impl FileError {
    /// A way out.
    pub fn help(&self) -> String {
        match self {
            FileError::Host(error @ HostError::HostKey { .. }) => error.help(),
            FileError::Host(error) => format!("{}, then run `ringwalk apply` again", error.help()),
            FileError::NoPrivilege { .. } => "let the login user run sudo without a password".into(),
            FileError::Absent { .. } | FileError::NotAFile { .. } | FileError::TooLarge { .. } => {
                "see that the path is right".into()
            }
            FileError::Unreadable { .. } | FileError::Denied { .. } | FileError::OwnerRefused { .. } => {
                "set `ssh: { become: sudo }`, and see that the file is not immutable (`lsattr`)".into()
            }
            FileError::Changed { .. } => "run `ringwalk plan` again: it shows what the file says now".into(),
            FileError::DiskFull { .. } => "make room on that file system, then run `ringwalk apply` again".into(),
            FileError::DiskFailed { .. } => {
                "see `df` and `dmesg` on the node, then run `ringwalk apply` again".into()
            }
            FileError::ReadOnly { .. } => {
                "see why it is (`dmesg`): a disk that failed is often mounted so; then run `ringwalk apply` again"
                    .into()
            }
            FileError::NoSuchAccount { .. } => "set the store's `owner` to an account of the node".into(),
            FileError::Garbled { .. } | FileError::Unexpected { .. } => {
                "run `ringwalk apply` again".into()
            }
            FileError::Marked { .. } => {
                "see what that run did (`ringwalk lock show`); the node was left as it is".into()
            }
            FileError::MissingTool { .. } => "install it: timeout and sha256sum are in coreutils".into(),
        }
    }
}
