//! Whole files to damage, the same ones for ever, so that a number stands for one input: `fuzz/seeds`.

use std::fs;
use std::path::{Path, PathBuf};

/// The seeds of one reader, in the order of their names.
pub fn of(reader: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(reader);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no seeds of {reader}");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}
