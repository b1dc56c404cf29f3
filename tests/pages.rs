//! The pages that people read: nothing of a merge is left in them, and every link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// By path under the repository: README and its like, and `docs`.
fn pages() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_directory = |directory: &str| {
        let entries = fs::read_dir(root.join(directory)).expect("a directory of ours");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let paths = [in_directory("."), in_directory("docs")].concat();
    let paths = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages: BTreeMap<PathBuf, String> = paths
        .map(|path| {
            let text = fs::read_to_string(&path).expect("readable");
            (path.strip_prefix(root).expect("below the repository").to_owned(), text)
        })
        .collect();
    assert!(pages.len() > 20, "{:?}", pages.keys());
    pages
}

#[test]
fn nothing_of_a_merge_is_left() {
    let is_marker =
        |line: &&str| ["<<<<<<< ", "=======", ">>>>>>> "].iter().any(|mark| line.starts_with(mark));
    for (path, text) in pages() {
        assert_eq!(text.lines().find(is_marker), None, "{}", path.display());
    }
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut nowhere = Vec::new();
    for (path, text) in &pages {
        for link in links(text).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let beside = path.parent().expect("a page is in a directory");
            let target = if file.is_empty() { path.clone() } else { plain(&beside.join(file)) };
            let has_anchor =
                anchor.is_empty() || pages.get(&target).is_some_and(|page| anchors(page).contains(anchor));
            if !root.join(&target).exists() || !has_anchor {
                nowhere.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(nowhere, Vec::<String>::new());
}

/// What stands in the round brackets of `[text](link)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// Without `..` and `.`.
fn plain(path: &Path) -> PathBuf {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.iter().filter_map(|part| part.to_str()) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

/// What the headings of a page are called in links: small letters, digits, `-` and `_`, a hyphen for a space.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let name = |heading: &str| -> String {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
        kept.map(|char| if char == ' ' { '-' } else { char }).collect()
    };
    headings.map(name).collect()
}
