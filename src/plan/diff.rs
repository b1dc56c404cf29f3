//! What changes in a node's `cassandra.yaml`, as a unified diff in which no secret can be read.

use crate::formats::yaml::quoted_length;
use crate::input::names_a_secret;
use similar::{DiffOp, TextDiff};
use std::ops::Range;

/// A unified diff of two texts, three lines of context, every secret masked.
///
/// A password that changes shows as `[secret]` against `[new secret]`, so that the change itself is seen.
pub fn masked(path: &str, was: &str, becomes: &str) -> String {
    if was == becomes {
        return String::new();
    }
    let (old_lines, new_lines) = (lines(was), lines(becomes));
    let (skipped, old_end, new_end) = window(&old_lines, &new_lines);
    let old = mask(&old_lines[skipped..old_end].concat(), |_| "[secret]");
    let label = |line: &str| if was.lines().any(|known| known == line) { "[secret]" } else { "[new secret]" };
    let new = mask(&new_lines[skipped..new_end].concat(), label);
    let diff = TextDiff::from_lines(&old, &new);
    let mut text = format!("--- {path}\n+++ {path}\n");
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let place = |range: fn(&DiffOp) -> Range<usize>| {
            let ops = hunk.ops();
            let start = ops.first().map_or(0, |op| range(op).start);
            place(skipped + start, ops.last().map_or(0, |op| range(op).end) - start)
        };
        let shown = hunk.to_string();
        let body = shown.split_once('\n').map_or("", |(_, body)| body);
        text += &format!("@@ -{} +{} @@\n{body}", place(DiffOp::old_range), place(DiffOp::new_range));
    }
    text
}

/// Lines around a change.
const CONTEXT: usize = 3;

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Which lines have to be looked at: from a top-level key before the first difference and its context, since a secret
/// may go on over lines, to the context behind the last. The rest of a file is a hundred times as long.
fn window(old: &[&str], new: &[&str]) -> (usize, usize, usize) {
    let front = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let shorter = old.len().min(new.len()) - front;
    let back = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let behind = back.min(shorter).saturating_sub(CONTEXT);
    let is_key = |line: &&str| line.starts_with(|first: char| first.is_ascii_alphabetic());
    let begin = old[..front.saturating_sub(CONTEXT)].iter().rposition(is_key).unwrap_or(0);
    (begin, old.len() - behind, new.len() - behind)
}

/// A range of lines as the head of a hunk has it: counted from 1, the length left out where it is 1.
fn place(start: usize, length: usize) -> String {
    match length {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{length}", start + 1),
    }
}

/// The text with the values of secret keys replaced, also in comments and flow mappings.
fn mask<'a>(text: &str, label: impl Fn(&str) -> &'a str) -> String {
    let mut block = None;
    let lines = text.split_inclusive('\n').map(|line| {
        let body = line.trim_end_matches(['\r', '\n']);
        let ending = &line[body.len()..];
        if let Some(parent) = block {
            let indent = body.len() - body.trim_start().len();
            if body.trim().is_empty() {
                return line.to_owned();
            }
            if indent > parent {
                return format!("{}{}{ending}", &body[..indent], label(body));
            }
            block = None;
        }
        let (masked, goes_on) = mask_line(body, &label);
        // The hyphen of a list indents what follows it. What is commented out has no lines below.
        block = goes_on.then(|| body.len() - body.trim_start_matches([' ', '-']).len());
        format!("{masked}{ending}")
    });
    lines.collect()
}

/// One line with its secret values masked, and whether a secret goes on in the lines below: `key: |`, a key whose value
/// is on the next line, a quote that does not close, a plain text.
fn mask_line<'a>(line: &str, label: &impl Fn(&str) -> &'a str) -> (String, bool) {
    let mut out = String::new();
    let mut rest = line;
    let mut goes_on = false;
    while let Some((value_at, value_end)) = next_secret(rest, out.contains('{')) {
        let value = rest[value_at..value_end].trim_end();
        goes_on = value_end == rest.len() && !closes(value) && !line.trim_start().starts_with('#');
        out.push_str(&rest[..value_at]);
        out.push_str(if is_block_indicator(value) || value.is_empty() { value } else { label(line) });
        rest = &rest[value_end..];
    }
    out.push_str(rest);
    (out, goes_on)
}

/// `|`, `>` and their variants: the secret is in the lines below.
fn is_block_indicator(value: &str) -> bool {
    value.starts_with(['|', '>']) && value[1..].chars().all(|c| matches!(c, '+' | '-' | '0'..='9'))
}

fn closes(value: &str) -> bool {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.len() > 1 && value.ends_with(quote),
        Some(_) | None => false,
    }
}

/// Where in `text` the next secret's value begins and ends; both are the end of the text where it is on the next line.
/// `in_flow`: a brace was opened before.
fn next_secret(text: &str, in_flow: bool) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(colon) = text[from..].find(':').map(|at| at + from) {
        let key = text[..colon].trim_end_matches([' ', '\t', '"', '\'']);
        let key =
            key.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).next().unwrap_or("");
        let is_file = key.ends_with("_file");
        if !is_file && names_a_secret(key) {
            let value_at = colon + 1 + text[colon + 1..].len() - text[colon + 1..].trim_start().len();
            let in_flow = in_flow || text[..colon].contains('{');
            return Some((value_at, value_at + value_length(&text[value_at..], in_flow)));
        }
        from = colon + 1;
    }
    None
}

/// How many bytes the scalar at the start of `text` takes: a quoted one to its quote, a plain one to the end of its
/// flow item or line. Outside a flow mapping, commas and braces are characters like others.
fn value_length(text: &str, in_flow: bool) -> usize {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted_length(text, quote),
        _ => {
            let comment = text.find(" #").unwrap_or(text.len());
            let plain = &text[..comment];
            plain.find([',', '}']).filter(|_| in_flow).unwrap_or(plain.trim_end().len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_survives_the_mask() {
        for (line, masked) in [
            ("  keystore_password: cassandra", "  keystore_password: X"),
            ("  #keystore_password: cassandra", "  #keystore_password: X"),
            ("  # truststore_password: 'it''s' # why", "  # truststore_password: X # why"),
            (
                "{enabled: true, keystore_password: a b, optional: false}",
                "{enabled: true, keystore_password: X, optional: false}",
            ),
            ("{keystore_password: \"a\\\"}b\", x: 1}", "{keystore_password: X, x: 1}"),
            ("  keystore_password_file: /etc/x", "  keystore_password_file: /etc/x"),
            ("  keystore: /etc/x", "  keystore: /etc/x"),
            ("  'keystore_password' : secret", "  'keystore_password' : X"),
            (
                "  - keystore_password: secret\n    keystore: /etc/x",
                "  - keystore_password: X\n    keystore: /etc/x",
            ),
            (
                "  # keystore_password: secret\n    enabled: true",
                "  # keystore_password: X\n    enabled: true",
            ),
            ("  keystore_password:\n    secret\n  b: 1", "  keystore_password:\n    X\n  b: 1"),
            ("  keystore_password: \"secret\n    secret\"\n  b: 1", "  keystore_password: X\n    X\n  b: 1"),
            ("  keystore_password: secret\n    secret\n  b: 1", "  keystore_password: X\n    X\n  b: 1"),
            ("  key_pass: secret # why\n  b: 1", "  key_pass: X # why\n  b: 1"),
            ("  keystore_password: a,b}c # {x}", "  keystore_password: X # {x}"),
            (
                "{a_password: b, c_password: d,\n  e_password: f, g: h}",
                "{a_password: X, c_password: X,\n  e_password: X",
            ),
            ("  client_secret: a:b\r\n  b: 1", "  client_secret: X\r\n  b: 1"),
        ] {
            assert_eq!(mask(line, |_| "X"), masked);
        }
        let block = "a:\n  private_key: |\n    MIIE\n    xyz\n  b: 1\n";
        assert_eq!(mask(block, |_| "X"), "a:\n  private_key: |\n    X\n    X\n  b: 1\n");
    }

    #[test]
    fn a_changed_secret_is_seen_to_change() {
        let diff = masked("c.yaml", "a: 1\nkeystore_password: old\n", "a: 2\nkeystore_password: new\n");
        assert!(diff.contains("-keystore_password: [secret]\n"), "{diff}");
        assert!(diff.contains("+keystore_password: [new secret]\n"), "{diff}");
        let diff = masked("c.yaml", "a: 1\nkeystore_password: same\n", "a: 2\nkeystore_password: same\n");
        assert!(diff.contains(" keystore_password: [secret]\n"), "{diff}");
    }
}
