//! Which input is being read, for when a reader never comes back, or takes the whole process with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// A reader is given a second on a processor; this is a machine that is busy with something else.
const STUCK_S: u64 = 60;

/// Looks on until it is dropped.
pub struct Watch {
    number: Arc<AtomicU64>,
    /// Holds the number of the input, so that a process that was aborted leaves it behind.
    file: PathBuf,
}

impl Watch {
    pub fn of(reader: &str) -> Watch {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mutate-{reader}"));
        if let Ok(last) = fs::read_to_string(&file) {
            eprintln!("the run before did not end; its last input was MUTATE={last} of {reader}");
        }
        let number = Arc::new(AtomicU64::new(u64::MAX));
        let (seen, reader) = (Arc::downgrade(&number), reader.to_owned());
        spawn(move || {
            let mut last = (u64::MAX, 0);
            while let Some(number) = seen.upgrade().map(|number| number.load(Ordering::Relaxed)) {
                last = if number == last.0 { (number, last.1 + 1) } else { (number, 0) };
                if last.1 >= STUCK_S && number != u64::MAX {
                    eprintln!("MUTATE={number} of {reader} is not read after {STUCK_S} seconds");
                    std::process::abort();
                }
                sleep(Duration::from_secs(1));
            }
        });
        Watch { number, file }
    }

    /// Notes what is read next.
    pub fn on(&self, number: u64) {
        self.number.store(number, Ordering::Relaxed);
        fs::write(&self.file, number.to_string()).expect("a file of ours");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}
