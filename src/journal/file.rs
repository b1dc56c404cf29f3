//! A run's journal on disk: one line an event, each on the disk before anything is done about it.
//!
//! The order in which things reach disks, so that a power loss on either side loses nothing: the journal's directories and
//! its version line, before the first event; each event by one write and one `fdatasync` (which covers the file's new
//! length), before the act that it tells of; on the node the mark that it owes a look, before its first file; a file's
//! bytes, then its name, then its directory, before the answer that it is there; that answer, before the next act. A
//! journal may so tell of one act a node that did not happen, and that is looked up there; it never lacks one that did.

use super::event::StepEvent;
use super::record::{Chain, JOURNAL_FORMAT, Record, Version};
use super::state::{OutOfOrder, RunState};
use jiff::Timestamp;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The journal of a run that this process carries out. It is locked while this value lives.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    chain: Chain,
    lines: usize,
    size_bytes: u64,
    state: Option<RunState>,
    /// A write failed: what the disk holds is known only by reading it again.
    closed: bool,
}

/// What a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRead {
    pub events: Vec<(Timestamp, StepEvent)>,
    /// The last line was cut off in the middle and is left out: its event was never acknowledged.
    pub torn: bool,
    /// What the events fold into; `None` if there are none.
    pub state: Option<RunState>,
}

/// Why a journal cannot be written or believed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("cannot begin run `{run}`: {path} exists")]
    Exists { run: String, path: PathBuf },
    #[error("cannot {doing} {path}")]
    Disk {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot record in {path}: no space is left on the device")]
    Full { path: PathBuf },
    #[error("cannot record in {path}: an earlier write failed")]
    Closed { path: PathBuf },
    #[error("cannot use {path}: another ringwalk is at work on this run")]
    Locked { path: PathBuf },
    #[error(
        "cannot read {path}: it is a journal of form {found}, written by ringwalk {program}; this program reads form {JOURNAL_FORMAT}"
    )]
    UnknownVersion { path: PathBuf, found: u64, program: String },
    #[error("cannot believe {path}: line {line}: {problem}")]
    Damaged { path: PathBuf, line: usize, problem: String },
    #[error("line {line} of {path} is out of order")]
    OutOfOrder {
        path: PathBuf,
        line: usize,
        #[source]
        source: OutOfOrder,
    },
    #[error("cannot resume {path}: the run never began")]
    NotBegun { path: PathBuf },
}

impl JournalError {
    /// The way out, where there is one.
    pub fn help(&self) -> Option<String> {
        match self {
            JournalError::Exists { .. } => {
                Some("see it with `ringwalk runs`; a new run gets a new name".into())
            }
            JournalError::Full { path } => Some(format!(
                "free some space there, then `ringwalk resume {}` goes on: nothing was begun that is not on record",
                run_of(path)
            )),
            JournalError::Locked { .. } => {
                Some("see who runs with `ringwalk runs`; wait, or stop that one".into())
            }
            JournalError::UnknownVersion { program, .. } => Some(format!("use ringwalk {program}")),
            JournalError::Damaged { .. } | JournalError::OutOfOrder { .. } => {
                Some("`ringwalk plan` shows what is left to do: it asks the nodes, not this file".into())
            }
            JournalError::NotBegun { .. } => {
                Some("nothing was done in it; `ringwalk apply` begins anew".into())
            }
            JournalError::Disk { doing: "record in", path, .. } | JournalError::Closed { path } => {
                Some(format!(
                    "see to that disk, then `ringwalk resume {}` goes on: nothing was begun that is not on record",
                    run_of(path)
                ))
            }
            JournalError::Disk { doing: "create" | "sync", .. } => {
                Some("see that it can be written to, or name another place with `--runs-dir`".into())
            }
            JournalError::Disk { .. } => None,
        }
    }
}

/// The run of a journal, by its directory.
fn run_of(journal: &Path) -> String {
    let directory = journal.parent().and_then(Path::file_name);
    directory.map_or_else(String::new, |run| run.to_string_lossy().into_owned())
}

/// Where a run's journal stands: `<runs_dir>/<run>/journal.jsonl`.
pub fn path(runs_dir: &Path, run: &str) -> PathBuf {
    runs_dir.join(run).join("journal.jsonl")
}

impl Journal {
    /// Makes `<runs_dir>/<run>/journal.jsonl` (0600 in 0700), which must not exist, and puts its version line on disk.
    pub fn create(runs_dir: &Path, run: &str) -> Result<Journal, JournalError> {
        let run_dir = runs_dir.join(run);
        let path = path(runs_dir, run);
        let stood = std::path::absolute(runs_dir).map_err(disk("find", runs_dir))?;
        let stood = stood.ancestors().find(|dir| dir.is_dir()).map(Path::to_path_buf);
        make_dirs(runs_dir).map_err(disk("create", runs_dir))?;
        match DirBuilder::new().mode(0o700).create(&run_dir) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(JournalError::Exists { run: run.into(), path: run_dir });
            }
            made => made.map_err(disk("create", &run_dir))?,
        }
        let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path);
        let file = file.map_err(disk("create", &path))?;
        lock(&file, &path)?;
        let mut journal = Journal {
            file,
            path,
            chain: Chain::default(),
            lines: 0,
            size_bytes: 0,
            state: None,
            closed: false,
        };
        journal.write(&Version { format: JOURNAL_FORMAT, program: env!("CARGO_PKG_VERSION").into() })?;
        // Each new directory is a name in the one above it, which of a relative path may have no name.
        let absolute = std::path::absolute(&run_dir).map_err(disk("find", &run_dir))?;
        for dir in absolute.ancestors() {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(disk("sync", dir))?;
            if Some(dir) == stood.as_deref() {
                break;
            }
        }
        Ok(journal)
    }

    /// Takes up the journal of a run that has begun; a torn last line is cut off on disk too.
    pub fn resume(runs_dir: &Path, run: &str) -> Result<(Journal, JournalRead), JournalError> {
        let path = path(runs_dir, run);
        let mut file = OpenOptions::new().read(true).append(true).open(&path).map_err(disk("open", &path))?;
        lock(&file, &path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(disk("read", &path))?;
        let parsed = parse(&path, &bytes)?;
        let Some(state) = parsed.read.state.clone() else {
            return Err(JournalError::NotBegun { path });
        };
        if parsed.read.torn {
            file.set_len(parsed.size_bytes).and_then(|()| file.sync_all()).map_err(disk("mend", &path))?;
        }
        let journal = Journal {
            file,
            path,
            chain: parsed.chain,
            lines: parsed.lines,
            size_bytes: parsed.size_bytes,
            state: Some(state),
            closed: false,
        };
        Ok((journal, parsed.read))
    }

    /// Puts one event on disk. When this returns, it is there; an event that cannot follow is not written.
    pub fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError> {
        if self.closed {
            return Err(JournalError::Closed { path: self.path.clone() });
        }
        RunState::fold(&mut self.state, at, event).map_err(|source| JournalError::OutOfOrder {
            path: self.path.clone(),
            line: self.lines + 1,
            source,
        })?;
        self.write(&Record { at, event: event.clone() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One write and one sync. After an error the journal is closed: a failed sync may have lost what was written.
    fn write(&mut self, content: &impl serde::Serialize) -> Result<(), JournalError> {
        let line = self.chain.seal(content).map_err(|error| disk("record in", &self.path)(error.into()))?;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.closed = true;
            // The line is half there at worst, and a torn last line is understood: failing to cut it off is no harm.
            let _ = self.file.set_len(self.size_bytes).and_then(|()| self.file.sync_data());
            return Err(match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    JournalError::Full { path: self.path.clone() }
                }
                _ => disk("record in", &self.path)(error),
            });
        }
        self.size_bytes += line.len() as u64;
        self.lines += 1;
        Ok(())
    }
}

/// Reads a journal whole. A torn last line is left out and said; any other damage is refused with its line.
pub fn read(path: &Path) -> Result<JournalRead, JournalError> {
    let bytes = std::fs::read(path).map_err(disk("read", path))?;
    Ok(parse(path, &bytes)?.read)
}

/// Whether a process is at work on the run of this journal.
pub fn is_locked(path: &Path) -> Result<bool, JournalError> {
    let file = File::open(path).map_err(disk("open", path))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(disk("lock", path)(source)),
    }
}

struct Parsed {
    read: JournalRead,
    chain: Chain,
    lines: usize,
    /// Up to the end of the last whole line.
    size_bytes: u64,
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Parsed, JournalError> {
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let torn = whole < bytes.len();
    let mut chain = Chain::default();
    let mut state = None;
    let mut events = Vec::new();
    let mut lines = 0;
    for line in bytes[..whole].split_inclusive(|&byte| byte == b'\n') {
        lines += 1;
        let damaged = |problem: String| JournalError::Damaged { path: path.into(), line: lines, problem };
        let line = &line[..line.len() - 1];
        if lines == 1 {
            check_version(path, line)?;
            chain.open(line).map_err(damaged)?;
            continue;
        }
        let body = chain.open(line).map_err(damaged)?;
        let record: Record = serde_json::from_slice(&body).map_err(|error| damaged(error.to_string()))?;
        RunState::fold(&mut state, record.at, &record.event).map_err(|source| JournalError::OutOfOrder {
            path: path.into(),
            line: lines,
            source,
        })?;
        events.push((record.at, record.event));
    }
    Ok(Parsed { read: JournalRead { events, torn, state }, chain, lines, size_bytes: whole as u64 })
}

/// Looks at the version before anything else: another form may be checked in another way.
fn check_version(path: &Path, line: &[u8]) -> Result<(), JournalError> {
    let value: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
    match value["ringwalk_journal"].as_u64() {
        Some(found) if found == u64::from(JOURNAL_FORMAT) => Ok(()),
        Some(found) => Err(JournalError::UnknownVersion {
            path: path.into(),
            found,
            program: value["program"].as_str().unwrap_or("of an unknown version").into(),
        }),
        None => Err(JournalError::Damaged {
            path: path.into(),
            line: 1,
            problem: "it is not the version line of a ringwalk journal".into(),
        }),
    }
}

/// Takes the lock that says "this run has a process".
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    // `is_locked` holds a shared lock for an instant; half a second outlasts any number of lists being made.
    const TRIES: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(50);
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(source)) => return Err(disk("lock", path)(source)),
        }
    }
    Err(JournalError::Locked { path: path.into() })
}

fn make_dirs(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn disk(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_path_buf();
    move |source| JournalError::Disk { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_error_and_closes_the_journal() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().append(true).open(&path).unwrap();
        let state = None;
        let mut journal =
            Journal { file, path, chain: Chain::default(), lines: 0, size_bytes: 0, state, closed: false };
        let version = Version { format: JOURNAL_FORMAT, program: "0.1.0".into() };
        assert!(matches!(journal.write(&version), Err(JournalError::Full { .. })));
        let again = journal.append(Timestamp::UNIX_EPOCH, &StepEvent::Interrupted);
        assert!(matches!(again, Err(JournalError::Closed { .. })));
    }
}
