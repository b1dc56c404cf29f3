//! A key put where a reader of the diff would put it: after its commented-out line, or at the end of its section.

use super::change::{splice, written};
use super::edit::EditValue;
use super::tree::{Entry, Node, Style, Value};
use super::{lines, quote};

/// Used in a file that has no nested block to learn from; what Cassandra 4.1 and later use.
const INDENT: usize = 2;

/// Where the rest of a path is missing.
pub struct Gap<'a> {
    /// The mapping that lacks the next key, or nothing: an empty document or section.
    pub mapping: Option<&'a Node>,
    /// The entry that the mapping is or would be the value of; none for the document.
    pub owner: Option<&'a Entry>,
    /// The owner itself stands in braces.
    pub is_in_flow: bool,
    /// Where the mapping must end, whatever is put into it.
    pub limit: usize,
    /// Never empty.
    pub missing: &'a [String],
}

/// The text with the value set at the missing path; `None` if there is no safe place. `root` is the tree of the text.
pub fn insert(text: &str, root: Option<&Node>, gap: &Gap<'_>, value: &EditValue) -> Option<String> {
    match (gap.mapping, gap.owner) {
        (Some(mapping), _) if mapping.is_flow => {
            Some(into_braces(text, mapping, &in_one_line(gap.missing, value)))
        }
        (Some(mapping), _) => {
            let first = mapping.entries().first()?;
            Some(into_block(text, root, gap, lines::column(text, first.key.bytes.start), value))
        }
        (None, Some(owner)) if gap.is_in_flow => {
            let braces = format!("{{{}}}", in_one_line(gap.missing, value));
            Some(match lines::colon(text, &owner.key) {
                Some(colon) => splice(text, colon + 1..colon + 1, &format!(" {braces}")),
                None => splice(text, owner.key.bytes.end..owner.key.bytes.end, &format!(": {braces}")),
            })
        }
        (None, Some(owner)) => {
            lines::colon(text, &owner.key)?;
            let column = lines::column(text, owner.key.bytes.start) + indent(text, root);
            Some(into_block(text, root, gap, column, value))
        }
        (None, None) => Some(into_block(text, root, gap, 0, value)),
    }
}

fn into_block(text: &str, root: Option<&Node>, gap: &Gap<'_>, column: usize, value: &EditValue) -> String {
    let from = gap.owner.map_or(0, |owner| lines::next(text, owner.key.bytes.end));
    let commented = after_comment(text, gap, from, column);
    // An empty section takes the column of the settings commented out in it.
    let column = match commented {
        Some((_, comment_column)) if gap.mapping.is_none() && gap.owner.is_some() => comment_column,
        Some(_) | None => column,
    };
    let ending = lines::ending(text);
    let new = in_block(gap.missing, value, column, indent(text, root)).join(ending);
    let end_of_document = lines::end_before(text, gap.limit);
    let at = match (commented, gap.owner, gap.mapping) {
        (Some((at, _)), _, _) => at,
        (None, None, _) => end_of_document,
        (None, Some(_), Some(mapping)) => lines::end(text, lines::node_end(text, mapping)),
        (None, Some(owner), None) => lines::end(text, lines::entry_end(text, owner)),
    };
    if text[..at].trim_start_matches('\u{feff}').is_empty() {
        return splice(text, at..at, &if text[at..].is_empty() { new + ending } else { new });
    }
    let is_a_section_at_the_end = commented.is_none() && gap.owner.is_none() && gap.missing.len() > 1;
    let is_set_apart = text[lines::start(text, at)..at].is_empty();
    let blank =
        if is_a_section_at_the_end && !is_set_apart && !ends_with_text(gap.mapping) { ending } else { "" };
    splice(text, at..at, &format!("{blank}{ending}{new}"))
}

/// Whether a block scalar ends the node: a blank line after it could become part of it.
fn ends_with_text(node: Option<&Node>) -> bool {
    match node.map(|node| &node.value) {
        Some(Value::Scalar { style, .. }) => *style == Style::Block,
        Some(Value::Sequence(items)) => ends_with_text(items.last()),
        Some(Value::Mapping(entries)) => ends_with_text(entries.last().map(|entry| &entry.value)),
        Some(Value::Alias(_)) | None => false,
    }
}

/// The end of the commented-out setting of this name, and the column of its `#`; only where a line may be added to the
/// mapping without landing inside of another setting.
fn after_comment(text: &str, gap: &Gap<'_>, from: usize, column: usize) -> Option<(usize, usize)> {
    let entries = gap.mapping.map_or(&[][..], Node::entries);
    let owner_column = gap.owner.map(|owner| lines::column(text, owner.key.bytes.start));
    let last_end = entries.last().map_or(from, |entry| lines::entry_end(text, entry));
    let mut at = from;
    while at < gap.limit {
        let comment_column =
            lines::end(text, at) - at - text[at..lines::end(text, at)].trim_start_matches(' ').len();
        let belongs_here = match owner_column {
            None => comment_column == column,
            Some(owner_column) => at < last_end || comment_column > owner_column,
        };
        if belongs_here && is_commented_out(&text[at..lines::end(text, at)], &gap.missing[0]) {
            let end = commented_block_end(text, at, gap.limit);
            let is_inside =
                |entry: &Entry| entry.key.bytes.start < end && end < lines::entry_end(text, entry);
            if !entries.iter().any(is_inside) {
                return Some((end, comment_column));
            }
        }
        at = lines::next(text, at);
    }
    None
}

/// `# key: …` or `#key: …`; what is indented further after the `#` belongs to another key.
fn is_commented_out(line: &str, key: &str) -> bool {
    let Some(comment) = line.trim_start_matches(' ').strip_prefix('#') else { return false };
    let comment = comment.strip_prefix(' ').unwrap_or(comment);
    let rest = comment.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// A commented-out setting goes on while its brackets are open, or, if it is a section, while the comment is indented.
fn commented_block_end(text: &str, first: usize, limit: usize) -> usize {
    let line = |at: usize| &text[at..lines::end(text, at)];
    let key_column = content_column(line(first)).unwrap_or(0);
    let is_section = line(first).trim_end().ends_with(':');
    let mut open = open_brackets(line(first));
    let mut last = first;
    let mut at = lines::next(text, first);
    while at < limit {
        let Some(column) = content_column(line(at)) else { break };
        if open <= 0 && !(is_section && column > key_column) {
            break;
        }
        open += open_brackets(line(at));
        last = at;
        at = lines::next(text, at);
    }
    lines::end(text, last)
}

/// The column of the first character of a comment that says something.
fn content_column(line: &str) -> Option<usize> {
    let comment = line.trim_start_matches(' ').strip_prefix('#')?;
    let content = comment.trim_start_matches(' ');
    (!content.trim().is_empty()).then(|| line.len() - content.len())
}

fn open_brackets(line: &str) -> i64 {
    let count =
        |brackets: [char; 2]| line.chars().filter(|character| brackets.contains(character)).count() as i64;
    count(['[', '{']) - count([']', '}'])
}

fn in_block(path: &[String], value: &EditValue, column: usize, indent: usize) -> Vec<String> {
    let mut new = Vec::new();
    for (depth, key) in path.iter().enumerate() {
        new.push(format!("{}{}:", " ".repeat(column + depth * indent), quote::text(key)));
    }
    if let Some(last) = new.last_mut() {
        *last += &format!(" {}", written(value));
    }
    new
}

fn in_one_line(path: &[String], value: &EditValue) -> String {
    match path {
        [] => written(value),
        [key] => format!("{}: {}", quote::text(key), written(value)),
        [key, rest @ ..] => format!("{}: {{{}}}", quote::text(key), in_one_line(rest, value)),
    }
}

fn into_braces(text: &str, mapping: &Node, new: &str) -> String {
    let Some(last) = mapping.entries().last() else {
        let inside = mapping.bytes.start + 1;
        return splice(text, inside..inside, new);
    };
    let end = lines::entry_end(text, last);
    if !lines::is_first(text, last.key.bytes.start) {
        return splice(text, end..end, &format!(", {new}"));
    }
    let new_line =
        format!("{}{}{new}", lines::ending(text), " ".repeat(lines::column(text, last.key.bytes.start)));
    let comma = lines::comma_after(text, end);
    let line_end = lines::end(text, comma.unwrap_or(end));
    match comma {
        _ if line_end >= mapping.bytes.end => splice(text, end..end, &format!(",{new_line}")),
        Some(_) => splice(text, line_end..line_end, &format!("{new_line},")),
        None => splice(&splice(text, line_end..line_end, &new_line), end..end, ","),
    }
}

/// The indent of the first block inside of another in the file.
fn indent(text: &str, root: Option<&Node>) -> usize {
    let nested = root.into_iter().flat_map(Node::entries).find_map(|entry| {
        let is_block = matches!(entry.value.value, Value::Mapping(_)) && !entry.value.is_flow;
        let first = entry.value.entries().first().filter(|_| is_block)?;
        lines::column(text, first.key.bytes.start).checked_sub(lines::column(text, entry.key.bytes.start))
    });
    nested.unwrap_or(INDENT)
}
