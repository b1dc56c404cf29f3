//! A text in terms of its lines, and where a node really ends in it.

use super::tree::{Entry, Node, Style, Value};

/// The line ending of the text: that of its first line.
pub fn ending(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        Some(_) | None => "\n",
    }
}

/// Where the line that holds `at` starts, after a byte order mark.
pub fn start(text: &str, at: usize) -> usize {
    match text[..at].rfind('\n') {
        Some(newline) => newline + 1,
        None if text.starts_with('\u{feff}') => '\u{feff}'.len_utf8(),
        None => 0,
    }
}

/// Where the line that holds `at` ends, before its line ending.
pub fn end(text: &str, at: usize) -> usize {
    let newline = text[at..].find('\n').map_or(text.len(), |offset| at + offset);
    if newline > at && text[..newline].ends_with('\r') && newline < text.len() {
        newline - 1
    } else {
        newline
    }
}

/// Where the next line starts.
pub fn next(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |offset| at + offset + 1)
}

/// Where the line before the one that starts at `start` ends, before its line ending.
pub fn end_before(text: &str, start: usize) -> usize {
    let before = &text[..start];
    before.strip_suffix("\r\n").or(before.strip_suffix('\n')).unwrap_or(before).len()
}

/// How many characters stand before `at` in its line.
pub fn column(text: &str, at: usize) -> usize {
    text[start(text, at)..at].chars().count()
}

/// Whether nothing but spaces stands before `at` in its line.
pub fn is_first(text: &str, at: usize) -> bool {
    text[start(text, at)..at].chars().all(|character| character == ' ')
}

/// Where the node ends. A block scalar's own bytes run on to the next token; it ends with its last line, unless blank
/// lines are part of what it says.
pub fn node_end(text: &str, node: &Node) -> usize {
    let last = match &node.value {
        Value::Scalar { text: content, style: Style::Block } => return block_scalar_end(text, node, content),
        Value::Scalar { style: Style::Plain | Style::Quoted, .. } | Value::Alias(_) => None,
        Value::Sequence(_) | Value::Mapping(_) if node.is_flow => None,
        Value::Sequence(items) => items.last().map(|item| node_end(text, item)),
        Value::Mapping(entries) => entries.last().map(|entry| entry_end(text, entry)),
    };
    last.unwrap_or(node.bytes.end)
}

/// Where the entry ends; with its colon if it has no value.
pub fn entry_end(text: &str, entry: &Entry) -> usize {
    let colon = colon(text, &entry.key).map_or(entry.key.bytes.end, |at| at + 1);
    if entry.value.bytes.is_empty() && entry.value.anchor.is_none() {
        return colon;
    }
    node_end(text, &entry.value).max(colon)
}

/// The colon after a key; a key in braces may have none.
pub fn colon(text: &str, key: &Node) -> Option<usize> {
    let rest = &text[key.bytes.end..];
    let at = key.bytes.end + (rest.len() - rest.trim_start().len());
    text[at..].starts_with(':').then_some(at)
}

/// A comma may stand after the last entry, behind spaces, comments and line breaks.
pub fn comma_after(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        match text[at..].chars().next() {
            Some('#') => at = next(text, at),
            Some(',') => return Some(at),
            Some(_) | None => return None,
        }
    }
}

fn block_scalar_end(text: &str, node: &Node, content: &str) -> usize {
    // The indent of the line that follows may count as part of the scalar.
    let whole = text[..node.bytes.end].trim_end_matches(' ');
    if content.ends_with("\n\n") {
        return end_before(text, whole.len());
    }
    whole.trim_end_matches([' ', '\t', '\r', '\n']).len()
}
