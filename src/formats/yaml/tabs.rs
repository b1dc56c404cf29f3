//! Tabs that Cassandra's YAML reader refuses and more tolerant ones take for spaces.

use super::tree::{Node, Style, Value};
use crate::diagnostic::Span;
use std::ops::Range;

/// The first tab that indents or separates. Inside of values and comments, and between a plain value and the end of its
/// line, a tab is harmless (SnakeYAML `ScannerImpl.scanPlainSpaces`; elsewhere `scanToNextToken`: "found character '\t' that
/// cannot start any token").
pub fn first_misplaced(text: &str, root: Option<&Node>) -> Option<Span> {
    if !text.contains('\t') {
        return None;
    }
    let mut scalars = Scalars::default();
    if let Some(root) = root {
        collect_scalars(root, &mut scalars);
    }
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if let Some(column) = misplaced_in_line(line, start, &scalars) {
            return Some(Span { line: index + 1, column: line[..column].chars().count() + 1, length: 1 });
        }
        start += line.len();
    }
    None
}

fn misplaced_in_line(line: &str, start: usize, scalars: &Scalars) -> Option<usize> {
    let mut is_after_space = true;
    let mut is_after_plain = false;
    // Where the next character stands that is no space; looked for once for each run of spaces.
    let mut next_text = 0;
    for (at, character) in line.char_indices() {
        let is_in_scalar = is_inside(&scalars.all, start + at);
        if character == '#' && is_after_space && !is_in_scalar {
            return None;
        }
        if at >= next_text {
            next_text = at + (line[at..].len() - line[at..].trim_start().len());
        }
        let rest = &line[next_text..];
        let ends_the_line = is_after_plain && (rest.is_empty() || rest.starts_with('#'));
        if character == '\t' && !is_in_scalar && !ends_the_line {
            return Some(at);
        }
        is_after_space = character.is_whitespace();
        if !is_after_space {
            is_after_plain =
                scalars.ends_of_plain.binary_search(&(start + at + character.len_utf8())).is_ok();
        }
    }
    None
}

/// In the order in which they stand.
#[derive(Default)]
struct Scalars {
    all: Vec<Range<usize>>,
    ends_of_plain: Vec<usize>,
}

fn is_inside(scalars: &[Range<usize>], at: usize) -> bool {
    let next = scalars.partition_point(|range| range.end <= at);
    scalars.get(next).is_some_and(|range| range.contains(&at))
}

fn collect_scalars(node: &Node, scalars: &mut Scalars) {
    match &node.value {
        Value::Scalar { style, .. } => {
            scalars.all.push(node.bytes.clone());
            if *style == Style::Plain && !node.bytes.is_empty() {
                scalars.ends_of_plain.push(node.bytes.end);
            }
        }
        Value::Alias(_) => {}
        Value::Sequence(items) => items.iter().for_each(|item| collect_scalars(item, scalars)),
        Value::Mapping(entries) => {
            for entry in entries {
                collect_scalars(&entry.key, scalars);
                collect_scalars(&entry.value, scalars);
            }
        }
    }
}
