//! What the operator writes: bad files and the exact words that refuse them, good ones and what they come to.
//!
//! A case is a folder of `tests/input` with `inventory.yaml`, `playbook.yaml` or both, and `expected.txt`;
//! `UPDATE=1 cargo test --test input` writes the latter.

use ringwalk::diagnostic::{Diagnostic, render};
use ringwalk::input::{self, Source};
use std::fs;
use std::path::{Path, PathBuf};

#[path = "input/examples.rs"]
mod examples;
#[path = "input/reference.rs"]
mod reference;
#[path = "input/wish.rs"]
mod wish;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of a folder, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root(folder)).expect(folder);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect(folder).path()).collect();
    files.sort();
    files
}

/// Compares with the file, or writes it if `UPDATE` is set.
fn check(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, actual).expect("writable");
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    match expected == actual {
        true => Ok(()),
        false => Err(format!("{}:\n--- expected\n{expected}\n--- found\n{actual}", path.display())),
    }
}

fn problems(inventory: Option<&str>, playbook: Option<&str>) -> Vec<Diagnostic> {
    let source = |file, text| Source { file, text };
    match (inventory, playbook) {
        (Some(inventory), Some(playbook)) => {
            input::read(source("inventory.yaml", inventory), source("playbook.yaml", playbook)).err()
        }
        (Some(inventory), None) => input::read_inventory(source("inventory.yaml", inventory)).err(),
        (None, Some(playbook)) => input::read_playbook(source("playbook.yaml", playbook)).err(),
        (None, None) => None,
    }
    .unwrap_or_default()
}

#[test]
fn a_bad_file_is_refused_in_exactly_these_words() {
    let cases: Vec<PathBuf> = files("tests/input").into_iter().filter(|path| path.is_dir()).collect();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let read = |name: &str| fs::read_to_string(case.join(name)).ok();
            let problems = problems(read("inventory.yaml").as_deref(), read("playbook.yaml").as_deref());
            assert!(!problems.is_empty(), "{} is taken for good", case.display());
            check(&case.join("expected.txt"), &render(&problems)).err()
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_message_repeats_a_secret_that_was_written_in_clear() {
    for case in files("tests/input").into_iter().filter(|path| path.is_dir()) {
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap_or_default();
        assert!(!expected.contains("hunter"), "{}:\n{expected}", case.display());
    }
}

#[test]
fn a_secret_stays_hidden_wherever_a_file_is_broken() {
    let whole = fs::read_to_string(root("tests/input/secrets-in-clear/inventory.yaml")).expect("the case");
    let ends: Vec<usize> = whole.char_indices().map(|(at, _)| at).collect();
    for &at in &ends {
        let cut = &whole[..at];
        let without = format!("{cut}{}", &whole[at + 1..]);
        let with_brace = format!("{cut}}}{}", &whole[at..]);
        let with_tab = format!("{cut}\t{}", &whole[at..]);
        for text in [cut, &without, &with_brace, &with_tab] {
            let shown = render(&problems(Some(text), None));
            assert!(!shown.contains("unter2") && !shown.contains("hunter"), "{text}\n{shown}");
        }
    }
}
