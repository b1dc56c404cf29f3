//! Stores written one by one, on every core: a store's password costs thousands of hashes, and there may be a thousand.

use super::files::{self, Access};
use super::problem;
use crate::diagnostic::Diagnostic;
use crate::formats::certificate::Certificate;
use crate::formats::store::{Contents, Form, Store, StoreKind, Strength};
use crate::pki::stores;
use crate::secret::Secret;
use jiff::Timestamp;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Writes a store into a new file.
pub fn store(
    path: &Path,
    contents: &Contents,
    kind: StoreKind,
    password: &Secret,
    now: Timestamp,
) -> Result<(), Diagnostic> {
    let bytes = Store::write(contents, form(kind), now, password)
        .map_err(|error| problem(path.display().to_string(), &error, error.help()))?;
    files::create(path, &bytes, Access::Owner)
}

fn form(kind: StoreKind) -> Form {
    match kind {
        StoreKind::Jks => Form::Jks,
        StoreKind::Pkcs12 => Form::Pkcs12(Strength::Modern),
        StoreKind::Pem => Form::Pem,
    }
}

/// Makes the truststore, or looks whether the one that is there trusts the same.
pub fn truststore(
    path: &Path,
    trusted: &[Certificate],
    kind: StoreKind,
    password: &Secret,
    now: Timestamp,
) -> Result<(), Diagnostic> {
    if path.symlink_metadata().is_err() {
        return store(path, &stores::truststore(trusted), kind, password, now);
    }
    let there = open(path, password)?;
    let is_trusted = |wanted: &&Certificate| there.trusted.iter().any(|(_, one)| one.sha256 == wanted.sha256);
    match trusted.iter().find(|wanted| !is_trusted(wanted)) {
        None => Ok(()),
        Some(missing) => Err(Diagnostic::new(
            path.display().to_string(),
            format!("it is of another CA: it does not trust `{}`", missing.subject),
        )
        .help("name another directory with `--out`; docs/stores.md says how a cluster changes its CA")),
    }
}

pub fn open(path: &Path, password: &Secret) -> Result<Store, Diagnostic> {
    let bytes = files::read(path)?;
    Store::open(&bytes, password).map_err(|error| problem(path.display().to_string(), &error, error.help()))
}

/// The answer for each item, in their order; after the first problem nothing new is begun.
pub fn on_every_core<T: Sync, A: Send>(
    items: &[T],
    answer: impl Fn(&T) -> Result<A, Diagnostic> + Sync,
) -> Result<Vec<A>, Vec<Diagnostic>> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            let answer = answer(item);
            failed.fetch_or(answer.is_err(), Ordering::Relaxed);
            done.push((at, answer));
        }
        done
    };
    let mut answers: Vec<(usize, Result<A, Diagnostic>)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..cores.min(items.len())).map(|_| scope.spawn(work)).collect();
        let joined =
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    });
    answers.sort_by_key(|(at, _)| *at);
    let (mut made, mut problems) = (Vec::new(), Vec::new());
    for (_, answer) in answers {
        match answer {
            Ok(answer) => made.push(answer),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}
