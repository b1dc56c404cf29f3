//! The house in order: layers point down, only report and the command line print, nothing is too long to read.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of ours: its path under the repository, its text, and the text without its `#[cfg(test)]` module.
struct File {
    path: String,
    text: String,
    code: String,
}

fn files_in(directory: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("a directory of ours") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => open.push(path),
                Some(extension) if extension == "rs" => found.push(file(&path)),
                _ => {}
            }
        }
    }
    assert!(!found.is_empty(), "{directory} holds no Rust");
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn file(path: &Path) -> File {
    let text = fs::read_to_string(path).expect("readable");
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
    let path =
        path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("below the repository").display().to_string();
    File { path, text, code }
}

/// The modules of `lib.rs`, lowest layer first.
fn layers() -> Vec<String> {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    let module = |line: &str| Some(line.strip_prefix("pub mod ")?.split(';').next()?.to_owned());
    lib.lines().filter_map(module).collect()
}

#[test]
fn layers_point_down() {
    let layers = layers();
    assert!(layers.len() > 8, "lib.rs lists the layers: {layers:?}");
    let mut wrong = Vec::new();
    for file in files_in("src") {
        let own =
            file.path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_owned();
        let Some(rank) = layers.iter().position(|layer| *layer == own) else { continue };
        for used in file.code.split("crate::").skip(1).flat_map(modules) {
            if layers.iter().position(|layer| *layer == used).is_some_and(|at| at > rank) {
                wrong.push(format!("{} uses `{used}`, which lib.rs lists below it", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The module, or in `crate::{a, b::c}` the modules, that a path after `crate::` begins with.
fn modules(after: &str) -> Vec<String> {
    let name = |text: &str| {
        text.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned()
    };
    match after.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap_or("").split(',').map(name).collect(),
        None => vec![name(after)],
    }
}

#[test]
fn pure_layers_do_no_io_and_read_no_clock() {
    const PURE: [&str; 11] = [
        "src/formats",
        "src/pki",
        "src/input",
        "src/facts",
        "src/plan",
        "src/audit",
        "src/gates",
        "src/journal/state",
        "src/journal/rollback",
        "src/engine/next",
        "src/journal/event",
    ];
    const IMPURE: [&str; 9] = [
        "std::fs",
        "TcpStream",
        "std::process",
        "std::env::var",
        "tokio::",
        "async fn",
        "Timestamp::now",
        "SystemTime::now",
        "Instant::now",
    ];
    let is_pure = |file: &&File| PURE.iter().any(|pure| file.path.starts_with(pure));
    for file in files_in("src").iter().filter(is_pure) {
        for word in IMPURE {
            assert!(!file.code.contains(word), "{} is of a pure layer and has `{word}`", file.path);
        }
    }
}

#[test]
fn only_report_and_the_command_line_print() {
    for file in files_in("src") {
        let may_print =
            ["src/report/", "src/cli/", "src/main.rs"].iter().any(|place| file.path.starts_with(place));
        for word in ["println!", "print!(", "eprintln!", "io::stdout()", "io::stderr()", "dbg!"] {
            assert!(may_print || !file.code.contains(word), "{} prints with `{word}`", file.path);
        }
    }
}

#[test]
fn nothing_unwraps_outside_tests() {
    for file in files_in("src") {
        assert!(!file.code.contains(".unwrap()"), "{} unwraps", file.path);
        for word in ["todo!", "unimplemented!", "TODO", "FIXME", "XXX"] {
            assert!(!file.text.contains(word), "{} has `{word}`", file.path);
        }
    }
}

#[test]
fn a_file_is_one_idea_and_a_function_fits_a_screen() {
    const FILE_LINES: usize = 400;
    const FUNCTION_LINES: usize = 60;
    // A test's table of cases is data, read a line at a time.
    const TEST_LINES: usize = 100;
    let mut long = Vec::new();
    for file in files_in("src").into_iter().chain(files_in("tests")) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            long.push(format!("{}: {lines} lines", file.path));
        }
        let in_tests = file.path.starts_with("tests/");
        let limit = if in_tests { TEST_LINES } else { FUNCTION_LINES };
        for (line, name, lines) in functions(if in_tests { &file.text } else { &file.code }) {
            if lines > limit {
                long.push(format!("{}:{line}: `{name}` has {lines} lines", file.path));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Every function: the line it begins in, its name and its length. rustfmt puts the closing brace at the indent of
/// the `fn`.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = line.split("fn ").nth(1).filter(|_| is_function(line)) else {
            continue;
        };
        let close = format!("{}}}", " ".repeat(indent));
        if let Some(length) = lines[at..].iter().position(|line| **line == close) {
            let name = name.split(['(', '<']).next().unwrap_or_default().to_owned();
            found.push((at + 1, name, length + 1));
        }
    }
    found
}

fn is_function(line: &str) -> bool {
    let line = line.trim_start();
    if line.ends_with(';') {
        return false;
    }
    let line =
        line.strip_prefix("pub").map_or(line, |rest| rest.trim_start_matches(|c| c != ' ').trim_start());
    let line = line.strip_prefix("async ").unwrap_or(line);
    let line = line.strip_prefix("const ").unwrap_or(line);
    line.starts_with("fn ")
}

#[test]
fn every_module_says_what_it_is() {
    for file in files_in("src") {
        let first = file.text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 12, "{} opens with `{first}`", file.path);
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("Cargo.toml");
    let reasons = fs::read_to_string(root.join("docs/dependencies.md")).expect("docs/dependencies.md");
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && let Some((name, _)) = line.split_once(" = ")
        {
            assert!(
                reasons.contains(&format!("`{name}`")),
                "docs/dependencies.md has no reason for `{name}`"
            );
        }
    }
}

#[test]
fn the_architecture_fits_in_the_head() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("it exists");
    assert!(text.lines().count() <= 150, "ARCHITECTURE.md has {} lines", text.lines().count());
}
