//! Tabs that Cassandra's YAML reader refuses and more tolerant ones take for spaces.

use super::tree::{Node, Value};
use crate::diagnostic::Span;
use std::ops::Range;

/// The first tab that indents or separates. Inside of values and comments, and at the end of a line, a tab is harmless
/// (SnakeYAML `ScannerImpl.scanToNextToken`: "found character '\t' that cannot start any token").
pub fn first_misplaced(text: &str, root: Option<&Node>) -> Option<Span> {
    if !text.contains('\t') {
        return None;
    }
    let mut scalars = Vec::new();
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

fn misplaced_in_line(line: &str, start: usize, scalars: &[Range<usize>]) -> Option<usize> {
    let mut is_after_space = true;
    let mut is_after_text = false;
    // Where the next character stands that is no space; looked for once for each run of spaces.
    let mut next_text = 0;
    for (at, character) in line.char_indices() {
        let is_in_scalar = is_inside(scalars, start + at);
        if character == '#' && is_after_space && !is_in_scalar {
            return None;
        }
        if at >= next_text {
            next_text = at + (line[at..].len() - line[at..].trim_start().len());
        }
        let rest = &line[next_text..];
        let ends_the_line = is_after_text && (rest.is_empty() || rest.starts_with('#'));
        if character == '\t' && !is_in_scalar && !ends_the_line {
            return Some(at);
        }
        is_after_space = character.is_whitespace();
        is_after_text |= !is_after_space;
    }
    None
}

fn is_inside(scalars: &[Range<usize>], at: usize) -> bool {
    let next = scalars.partition_point(|range| range.end <= at);
    scalars.get(next).is_some_and(|range| range.contains(&at))
}

fn collect_scalars(node: &Node, scalars: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Scalar { .. } => scalars.push(node.bytes.clone()),
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
