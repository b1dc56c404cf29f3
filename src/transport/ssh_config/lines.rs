//! The text of an ssh_config file as lines of keyword and words, with its includes in place.

use super::{ConfigError, Environment};
use glob::Pattern;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads one file. A path that an `Include` names may be a pattern; `list` gives a directory's names.
pub struct Files<'a> {
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
    pub list: &'a dyn Fn(&Path) -> Vec<String>,
}

/// One line that means something.
#[derive(Clone, Debug)]
pub struct Line {
    pub file: Arc<Path>,
    pub number: usize,
    /// In lower case.
    pub keyword: String,
    pub words: Vec<String>,
    /// What an `Include` brought in: one list a file.
    pub included: Vec<Vec<Line>>,
}

/// OpenSSH's own limit (`READCONF_MAX_DEPTH`), which ends an include of itself.
const MAX_DEPTH: usize = 16;

/// Parses a file's text and, in place, what it includes.
pub fn parse(
    file: &Path,
    text: &str,
    files: &Files<'_>,
    environment: &Environment,
    depth: usize,
) -> Result<Vec<Line>, ConfigError> {
    let shared: Arc<Path> = Arc::from(file);
    let mut lines = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let place = |problem: String| ConfigError::at(file, index + 1, problem);
        let Some((keyword, rest)) = keyword(raw) else { continue };
        let words = words(rest).map_err(place)?;
        let mut included = Vec::new();
        if keyword == "include" {
            if depth >= MAX_DEPTH {
                return Err(place(format!("more than {MAX_DEPTH} includes within one another")));
            }
            for path in include_paths(&words, files, environment).map_err(place)? {
                use std::io::ErrorKind;
                match (files.read)(&path) {
                    Ok(text) => included.push(parse(&path, &text, files, environment, depth + 1)?),
                    // A pattern stands for folders, too.
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {}
                    Err(error) => return Err(place(format!("cannot read {}: {error}", path.display()))),
                }
            }
        }
        lines.push(Line { file: shared.clone(), number: index + 1, keyword, words, included });
    }
    Ok(lines)
}

/// Splits off a line's keyword; one `=` may stand between it and the rest. Nothing for empty lines and comments.
fn keyword(raw: &str) -> Option<(String, &str)> {
    let line = raw.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '"').unwrap_or(line.len());
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    Some((line[..end].to_lowercase(), rest))
}

/// Splits a line's rest into words: quotes of both kinds, backslash escapes, and `#` at a word's start ends it
/// (`argv_split` in OpenSSH's misc.c).
fn words(rest: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut characters = rest.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_ascii_whitespace()).is_some() {}
        match characters.peek() {
            None | Some('#') => return Ok(words),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote: Option<char> = None;
        while let Some(character) = characters.next() {
            let follows = characters.peek().copied();
            match (character, quote, follows) {
                ('\\', _, Some(escaped @ ('"' | '\'' | '\\'))) | ('\\', None, Some(escaped @ ' ')) => {
                    word.push(escaped);
                    characters.next();
                }
                (c, None, _) if c.is_ascii_whitespace() => break,
                (c @ ('"' | '\''), None, _) => quote = Some(c),
                (c, Some(open), _) if c == open => quote = None,
                (c, _, _) => word.push(c),
            }
        }
        if quote.is_some() {
            return Err("a quote is not closed".into());
        }
        words.push(word);
    }
}

fn include_paths(
    words: &[String],
    files: &Files<'_>,
    environment: &Environment,
) -> Result<Vec<PathBuf>, String> {
    let mut paths = Vec::new();
    for word in words {
        let path = match word.strip_prefix("~/") {
            Some(below_home) => environment.home.join(below_home),
            None if word.starts_with('~') => {
                return Err(format!("`{word}` is below another user's home: write the whole path"));
            }
            None => environment.home.join(".ssh").join(word),
        };
        paths.extend(glob(&path, files)?);
    }
    Ok(paths)
}

/// The files that a path with `*`, `?` and `[…]` in any of its parts stands for, sorted, as glob(3) gives them.
fn glob(path: &Path, files: &Files<'_>) -> Result<Vec<PathBuf>, String> {
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let name = part.as_os_str().to_string_lossy();
        if !name.contains(['*', '?', '[']) {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let pattern = Pattern::new(&name).map_err(|error| format!("`{name}`: {error}"))?;
        let mut next = Vec::new();
        for directory in found {
            let mut names = (files.list)(&directory);
            names.sort();
            // A leading dot has to be matched by a dot, so that an editor's hidden copies are not read.
            names.retain(|n| pattern.matches(n) && (!n.starts_with('.') || name.starts_with('.')));
            next.extend(names.into_iter().map(|name| directory.join(name)));
        }
        found = next;
    }
    Ok(found)
}
