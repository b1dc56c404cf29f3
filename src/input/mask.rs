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
            for bytes in secret_values(root) {
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
    let key = key.to_ascii_lowercase();
    let parts = ["pass", "secret", "credential", "private_key", "privatekey"];
    parts.iter().any(|part| key.contains(part)) || key.split(['_', '-', '.']).any(is_like_a_secret_word)
}

fn is_like_a_secret_word(word: &str) -> bool {
    let is_near = |whole: &str| strsim::damerau_levenshtein(word, whole) <= 3;
    matches!(word, "pw" | "pwd" | "pin" | "psk")
        || word.len() > 4 && (is_near("password") || is_near("passphrase"))
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

/// Where in the text every value stands that is a secret and not the name of its source.
fn secret_values(node: &yaml::Node) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for entry in node.entries() {
        match entry.key.as_str() {
            Some(key) if names_a_secret(key) => clear_scalars(&entry.value, &mut found),
            _ => found.extend(secret_values(&entry.value)),
        }
    }
    for item in node.as_sequence().unwrap_or_default() {
        found.extend(secret_values(item));
    }
    found
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
        if from < until {
            let column = |at: usize| line.char_indices().take_while(|(byte, _)| *byte < at).count();
            covered.push((index, column(from)..column(until)));
        }
        start += line.len();
    }
    covered
}

/// In a text that is no YAML: the rest of each line after a key that names a secret, and lines further in below it.
fn after_secret_keys(text: &str) -> BTreeMap<usize, Vec<Range<usize>>> {
    let mut hidden = BTreeMap::new();
    let mut secret_indent: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let indent = line.chars().take_while(|character| character.is_whitespace()).count();
        let length = line.chars().count();
        match (secret_indent, clear_from(line)) {
            (Some(outer), _) if indent > outer => {
                hidden.insert(index, vec![indent..length]);
            }
            (_, Some(from)) => {
                hidden.insert(index, vec![from..length.max(from)]);
                secret_indent = Some(indent);
            }
            (_, None) => secret_indent = None,
        }
    }
    hidden
}

/// The column, from 0, after the first key of a line whose value looks like a secret in clear.
fn clear_from(line: &str) -> Option<usize> {
    let characters: Vec<char> = line.chars().collect();
    let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    let mut start = 0;
    while start < characters.len() {
        let word: String = characters[start..].iter().take_while(|character| is_word(**character)).collect();
        let end = start + word.chars().count();
        if names_a_secret(&word) {
            let separators = |character: &&char| matches!(**character, ':' | '=' | ' ' | '"' | '\'' | '\t');
            let from = end + characters[end..].iter().take_while(separators).count();
            let value: String = characters[from..]
                .iter()
                .take_while(|character| !matches!(**character, ',' | '}' | '"' | '\''))
                .collect();
            if value.trim().parse::<SecretSource>().is_err() {
                return Some(from);
            }
        }
        start = end.max(start) + 1;
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
        let line = MaskedLine::of("p: hunter2, b: 1", &mut [3..10]);
        assert_eq!(line.text, "p: ********, b: 1");
        assert_eq!(line.shown(1, 1), (1, 1));
        assert_eq!(line.shown(4, 7), (4, 8));
        assert_eq!(line.shown(13, 1), (14, 1));
    }
}
