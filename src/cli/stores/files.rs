//! Files on the operator's side that hold secrets: made with their mode, never over another.

use crate::diagnostic::Diagnostic;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Who may read a file. A certificate is public, but what lies in a directory of ours is the operator's alone to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Owner,
    Everyone,
}

/// Writes a new file; one that is there already is left alone and is a problem.
pub fn create(path: &Path, bytes: &[u8], access: Access) -> Result<(), Diagnostic> {
    let mode = match access {
        Access::Owner => 0o600,
        Access::Everyone => 0o644,
    };
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(mode).open(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists(path),
            _ => cannot(path, "make it", &error),
        })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a file would be in the way of the next try, and is of no use to anyone.
        let _ = std::fs::remove_file(path);
        cannot(path, "write it", &error)
    })
}

/// A directory for secrets, and those above it that are missing; one that is there stays as it is.
pub fn directory(path: &Path) -> Result<(), Diagnostic> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| cannot(path, "make the directory", &error))
}

pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    std::fs::read(path).map(Zeroizing::new).map_err(|error| cannot(path, "read it", &error))
}

/// Those of the paths that exist, as one problem.
pub fn none_exists<'a>(paths: impl IntoIterator<Item = &'a Path>, help: &str) -> Result<(), Diagnostic> {
    let taken: Vec<&Path> = paths.into_iter().filter(|path| path.symlink_metadata().is_ok()).collect();
    let Some((first, rest)) = taken.split_first() else { return Ok(()) };
    let message = match rest.len() {
        0 => "it exists already, and nothing is overwritten".to_owned(),
        1 => format!("it and {} exist already, and nothing is overwritten", rest[0].display()),
        more => format!("it and {more} other files exist already, and nothing is overwritten"),
    };
    Err(Diagnostic::new(first.display().to_string(), message).help(help))
}

fn exists(path: &Path) -> Diagnostic {
    Diagnostic::new(path.display().to_string(), "it exists already, and nothing is overwritten")
        .help("move it away, or name another directory with `--out`")
}

fn cannot(path: &Path, act: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(path.display().to_string(), format!("cannot {act}: {error}"))
}
