//! Secrets that were written in clear, hidden from every line that is shown.

use crate::formats::yaml;
use crate::secret::SecretSource;
use std::collections::BTreeMap;
use std::ops::Range;

/// Stands for a secret of any length.
const MASK: &str = "********";

/// A line as it is shown, and how its columns moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskedLine {
    pub text: String,
    /// The hidden characters of the original line, by column from 0, in order.
    hidden: Vec<Range<usize>>,
}

/// The lines of a file without the secrets in them. Where there is no tree because the text is no YAML, what follows a
/// key that names a secret is hidden whole.
pub fn masked_lines(text: &str, tree: Option<&yaml::Node>) -> Vec<MaskedLine> {
    let mut hidden: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    match tree {
        Some(root) => {
            let mut found = Vec::new();
            secret_values(root, text, &mut found);
            for bytes in found {
                for (line, columns) in columns_of(text, &bytes) {
                    hidden.entry(line).or_default().push(columns);
                }
            }
        }
        None => hidden = after_secret_keys(text),
    }
    let mut none = Vec::new();
    text.lines()
        .enumerate()
        .map(|(line, source)| MaskedLine::of(source, hidden.get_mut(&line).unwrap_or(&mut none)))
        .collect()
}

/// Whether a key of this name holds a secret, misspelled or not.
pub fn names_a_secret(key: &str) -> bool {
    let is_kept = |character: &char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    let key: String = key.chars().filter(is_kept).collect::<String>().to_ascii_lowercase();
    if NO_SECRETS.iter().any(|name| key.starts_with(name)) {
        return false;
    }
    let parts = ["pass", "secret", "credential", "private_key", "privatekey"];
    parts.iter().any(|part| key.contains(part)) || key.split(['_', '-', '.']).any(is_like_a_secret_word)
}

/// Settings of Cassandra's cache of credentials: times and sizes.
const NO_SECRETS: [&str; 3] = ["credentials_validity", "credentials_update_interval", "credentials_cache_"];

fn is_like_a_secret_word(word: &str) -> bool {
    // The letters that are missing are cheap to count, and each takes an edit: a whole cassandra.yaml is asked about.
    let is_near =
        |whole: &str| letters_missing(word, whole) <= 3 && strsim::damerau_levenshtein(word, whole) <= 3;
    matches!(word, "pw" | "pwd" | "pin" | "psk")
        || word.len() > 4 && (is_near("password") || is_near("passphrase"))
}

/// How many letters of `whole` have no partner in `word`: never more than the edits from one to the other.
fn letters_missing(word: &str, whole: &str) -> usize {
    let count = |text: &str, letter: char| text.chars().filter(|other| *other == letter).count();
    let first = |(at, letter): &(usize, char)| !whole[..*at].contains(*letter);
    let missing = |(_, letter)| count(whole, letter).saturating_sub(count(word, letter));
    whole.char_indices().filter(first).map(missing).sum()
}

impl MaskedLine {
    fn of(source: &str, hidden: &mut [Range<usize>]) -> MaskedLine {
        hidden.sort_by_key(|columns| columns.start);
        let mut text = String::new();
        let mut kept: Vec<Range<usize>> = Vec::new();
        for (column, character) in source.chars().enumerate() {
            match hidden.iter().find(|columns| columns.contains(&column)) {
                Some(columns) if kept.last() == Some(columns) => {}
                Some(columns) => {
                    text.push_str(MASK);
                    kept.push(columns.clone());
                }
                None => text.push(character),
            }
        }
        MaskedLine { text, hidden: kept }
    }

    /// Where a column of the original line, from 1, and a length from there stand in the shown one.
    pub fn shown(&self, column: usize, length: usize) -> (usize, usize) {
        let mut start = column as isize - 1;
        for columns in &self.hidden {
            let size = columns.len() as isize;
            let mask = MASK.len() as isize;
            if columns.contains(&(column - 1)) {
                return ((columns.start as isize + start - (column as isize - 1) + 1) as usize, MASK.len());
            }
            if columns.end < column {
                start += mask - size;
            }
        }
        ((start + 1).max(1) as usize, length)
    }
}

/// A text as a message may repeat it: without what follows a word that names a secret.
pub fn told(text: &str) -> String {
    match clear_from(text) {
        Some(from) => text.chars().take(from).chain(MASK.chars()).collect(),
        None => text.to_owned(),
    }
}

/// Where in the text every value stands that is a secret and not the name of its source.
fn secret_values(node: &yaml::Node, text: &str, found: &mut Vec<Range<usize>>) {
    match &node.value {
        yaml::Value::Mapping(entries) => {
            for entry in entries {
                secret_values(&entry.key, text, found);
                match entry.key.as_str() {
                    Some(key) if names_a_secret(key) => clear_scalars(&entry.value, found),
                    Some(_) | None => secret_values(&entry.value, text, found),
                }
            }
        }
        yaml::Value::Sequence(items) => items.iter().for_each(|item| secret_values(item, text, found)),
        // `password hunter2`: the colon was forgotten.
        yaml::Value::Scalar { .. } => {
            let written = &text[node.bytes.clone()];
            if let Some(from) = clear_from(written) {
                let start: usize = written.chars().take(from).map(char::len_utf8).sum();
                found.push(node.bytes.start + start..node.bytes.end);
            }
        }
        yaml::Value::Alias(_) => {}
    }
}

fn clear_scalars(node: &yaml::Node, found: &mut Vec<Range<usize>>) {
    match &node.value {
        yaml::Value::Scalar { text, .. } if text.parse::<SecretSource>().is_ok() => {}
        yaml::Value::Scalar { .. } => found.push(node.bytes.clone()),
        yaml::Value::Sequence(items) => items.iter().for_each(|item| clear_scalars(item, found)),
        yaml::Value::Mapping(entries) => entries.iter().for_each(|entry| {
            clear_scalars(&entry.key, found);
            clear_scalars(&entry.value, found);
        }),
        yaml::Value::Alias(_) => {}
    }
}

/// The lines, from 0, that a range of bytes covers, and the columns of each.
fn columns_of(text: &str, bytes: &Range<usize>) -> Vec<(usize, Range<usize>)> {
    let mut covered = Vec::new();
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let within = |at: usize| at.clamp(start, start + line.len()) - start;
        let (from, until) = (within(bytes.start), within(bytes.end));
        let inside = &line[from..until];
        let from = from + (inside.len() - inside.trim_start().len());
        let until = from + inside.trim().len();
        if from < until {
            let column = |at: usize| line.char_indices().take_while(|(byte, _)| *byte < at).count();
            covered.push((index, column(from)..column(until)));
        }
        start += line.len();
    }
    covered
}

/// In a text that is no YAML: the rest of each line after a key that names a secret, and the lines of its value below.
fn after_secret_keys(text: &str) -> BTreeMap<usize, Vec<Range<usize>>> {
    let mut hidden: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    let mut secret_indent: Option<usize> = None;
    let mut is_value_due = false;
    for (index, line) in text.lines().enumerate() {
        let indent = line.chars().take_while(|character| character.is_whitespace()).count();
        let length = line.chars().count();
        let is_below = is_value_due || secret_indent.is_some_and(|outer| indent > outer);
        let from = if is_below { Some(indent) } else { clear_from(line) };
        is_value_due = !is_below && ends_with_a_secret_key(line);
        if let Some(from) = from {
            hidden.entry(index).or_default().push(from..length);
        }
        if !is_below {
            secret_indent = (is_value_due || from.is_some()).then_some(indent);
        }
    }
    hidden
}

/// Whether the value of a secret is on the lines below.
fn ends_with_a_secret_key(line: &str) -> bool {
    let key = line.trim_end().trim_end_matches([':', '|', '>', '-', '"', '\'', ' ']);
    key.rsplit(|character: char| !is_of_a_key(character)).next().is_some_and(names_a_secret)
}

/// Brackets too: where one stands inside of a key, the file is broken there, and the key is still to be known.
fn is_of_a_key(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '{' | '}' | '[' | ']')
}

/// After how many characters of a text something follows a word that names a secret and is not where one comes from.
fn clear_from(text: &str) -> Option<usize> {
    let characters: Vec<char> = text.chars().collect();
    let is_word = |character: &&char| is_of_a_key(**character);
    let separates =
        |character: &&char| matches!(**character, ':' | '=' | '"' | '\'') || character.is_whitespace();
    let ends = |character: &&char| matches!(**character, ',' | '}' | '"' | '\'');
    let mut start = 0;
    while start < characters.len() {
        let word: String = characters[start..].iter().take_while(is_word).collect();
        let end = start + word.chars().count();
        if names_a_secret(&word) {
            let from = end + characters[end..].iter().take_while(separates).count();
            let value: String = characters[from..].iter().take_while(|character| !ends(character)).collect();
            let is_source = value.trim().parse::<SecretSource>().is_ok();
            if from > end && from < characters.len() && !is_source {
                return Some(from);
            }
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_clear_is_in_no_shown_line() {
        let cases = [
            "password: hunter2",
            "a: { password: hunter2, b: 1 }",
            "a: { \"password\": 'hunter2', b: 1 }",
            "a: {password: hunter2",
            "pasword: hunter2",
            "passwd: hunter2\n\tb: 1",
            "keystore_password: |\n  hunter2\n  hunter2\nb: 1",
            "keystore_password: |\n  hunter2\n  hunter2\nb: [",
            "password: [hunter2, { hunter2: hunter2 }]",
            "a:\n  - password:\n    - hunter2\n",
            "parameters: { private_key: hunter2 }",
            "password: \"env:OK hunter2\"",
            "password = hunter2: [",
            "cql:\n  password hunter2\n",
            "cql:\n  user: a\n  password hunter2: x\n",
            "password:\n  hunter2\nb: [",
        ];
        for text in cases {
            let tree = yaml::parse(text).ok().flatten();
            let lines: Vec<String> =
                masked_lines(text, tree.as_ref()).into_iter().map(|line| line.text).collect();
            assert!(!lines.join("\n").contains("hunter2"), "{text}: {lines:?}");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown_as_it_is() {
        let cases = [
            "user: ops # not the password",
            "password: env:JMX_PASSWORD",
            "{ username: monitor, password: \"command:pass show jmx\", port: 1 }",
        ];
        for text in &cases {
            let tree = yaml::parse(text).expect("YAML");
            assert_eq!(masked_lines(text, tree.as_ref())[0].text, *text);
        }
        assert_eq!(masked_lines("x: [\npassword: env:OK", None)[1].text, "password: env:OK");
    }

    #[test]
    fn a_column_after_a_hidden_secret_is_where_it_is_shown() {
        let line = MaskedLine::of("p: hunter2, b: 1", &mut [3..10, 90..91]);
        assert_eq!(line.text, "p: ********, b: 1");
        assert_eq!(line.shown(1, 1), (1, 1));
        assert_eq!(line.shown(4, 7), (4, 8));
        assert_eq!(line.shown(13, 1), (14, 1));
    }
}
