//! One key of a YAML text set, replaced or removed by a splice of its bytes.

use super::edit::{Edit, EditProblem, EditValue, says};
use super::insert::{self, Gap};
use super::tree::{Entry, Node, Style, Value, parse};
use super::{is_null, lines, quote};
use std::ops::Range;

/// The text with this one edit made, or nothing if it says so already. `root` is the tree of the text, and the guard has
/// let the edit pass.
pub fn apply(text: &str, root: Option<&Node>, edit: &Edit) -> Result<Option<String>, EditProblem> {
    match locate(text, root, &edit.path) {
        Place::Present { parent, owner, index } => {
            let entry = &parent.entries()[index];
            if says(Some(&entry.value), &edit.value) {
                return Ok(None);
            }
            let changed = match edit.value {
                EditValue::Absent => remove(text, parent, owner, index),
                _ => replace(text, entry, &edit.value),
            };
            changed.map(Some).ok_or_else(|| not_possible(edit, Some(entry.key.span.line)))
        }
        Place::Missing(_) if edit.value == EditValue::Absent => Ok(None),
        Place::Missing(gap) => match gap.owner {
            // `section: ~` is emptied first; what is left is a section without a value.
            Some(owner) if !owner.value.bytes.is_empty() && is_null(&owner.value) => {
                let colon = lines::colon(text, &owner.key).ok_or_else(|| not_possible(edit, None))?;
                let emptied = splice(text, colon + 1..owner.value.bytes.end, "");
                let root = parse(&emptied).map_err(|error| not_possible(edit, Some(error.span.line)))?;
                Ok(Some(apply(&emptied, root.as_ref(), edit)?.unwrap_or(emptied)))
            }
            Some(_) | None => {
                let inserted = insert::insert(text, root, &gap, &edit.value);
                inserted.map(Some).ok_or_else(|| not_possible(edit, None))
            }
        },
    }
}

enum Place<'a> {
    /// The entry at `index` of the mapping `parent`, which is the value of `owner`, or the document.
    Present {
        parent: &'a Node,
        owner: Option<&'a Entry>,
        index: usize,
    },
    Missing(Gap<'a>),
}

fn locate<'a>(text: &str, root: Option<&'a Node>, path: &'a [String]) -> Place<'a> {
    let limit = document_end(text, root);
    let mut gap = Gap { mapping: root, owner: None, is_in_flow: false, limit, missing: path };
    while let Some(parent) = gap.mapping {
        let Some(index) = parent.entries().iter().position(|entry| entry.is(&gap.missing[0])) else { break };
        if gap.missing.len() == 1 {
            return Place::Present { parent, owner: gap.owner, index };
        }
        let entry = &parent.entries()[index];
        let next = parent.entries().get(index + 1);
        gap = Gap {
            mapping: (!is_null(&entry.value)).then_some(&entry.value),
            owner: Some(entry),
            is_in_flow: parent.is_flow,
            limit: next.map_or(gap.limit, |next| next.key.bytes.start),
            missing: &gap.missing[1..],
        };
    }
    Place::Missing(gap)
}

/// Before a line of `...`, or the end of the text.
fn document_end(text: &str, root: Option<&Node>) -> usize {
    let mut at = root.map_or(0, |root| lines::node_end(text, root));
    while at < text.len() {
        if text[at..].starts_with("...") && lines::start(text, at) == at {
            return at;
        }
        at = lines::next(text, at);
    }
    text.len()
}

fn replace(text: &str, entry: &Entry, value: &EditValue) -> Option<String> {
    let node = &entry.value;
    let written = written(value);
    if node.bytes.is_empty() {
        return Some(match lines::colon(text, &entry.key) {
            Some(colon) => splice(text, colon + 1..colon + 1, &format!(" {written}")),
            None => splice(text, entry.key.bytes.end..entry.key.bytes.end, &format!(": {written}")),
        });
    }
    let is_in_one_piece = match &node.value {
        Value::Scalar { style: Style::Plain | Style::Quoted, .. } => true,
        Value::Scalar { style: Style::Block, .. } => false,
        Value::Sequence(_) | Value::Mapping(_) => node.is_flow,
        Value::Alias(_) => return None,
    };
    if is_in_one_piece {
        return Some(splice_value(text, node.bytes.clone(), &written));
    }
    let colon = lines::colon(text, &entry.key)?;
    let end = lines::node_end(text, node);
    match (&node.value, value) {
        (Value::Sequence(items), EditValue::List(wished))
            if has_a_line_each(text, items) && !wished.is_empty() =>
        {
            Some(replace_items(text, items, wished))
        }
        (Value::Sequence(_), EditValue::List(items)) if !items.is_empty() => {
            let dash = first_dash(text, lines::next(text, colon), end)?;
            let separator = format!("{}{}- ", lines::ending(text), " ".repeat(lines::column(text, dash)));
            let items: Vec<_> = items.iter().map(|item| quote::text(item)).collect();
            Some(splice(text, dash..end, &format!("- {}", items.join(&separator))))
        }
        _ => Some(splice(text, colon + 1..end, &format!(" {written}"))),
    }
}

/// Whether each item is one plain or quoted word that begins behind its dash.
fn has_a_line_each(text: &str, items: &[Node]) -> bool {
    items.iter().all(|item| {
        let is_word = matches!(item.value, Value::Scalar { style: Style::Plain | Style::Quoted, .. });
        let before = &text[lines::start(text, item.bytes.start)..item.bytes.start];
        is_word && !item.bytes.is_empty() && before.trim_matches(' ') == "-"
    })
}

/// Item by item, so that comments between and behind them stay; what is as wished at both ends is left as it is.
fn replace_items(text: &str, items: &[Node], wished: &[String]) -> String {
    let is_so = |(item, wish): &(&Node, &String)| says(Some(item), &EditValue::Text((*wish).clone()));
    let ahead = items.iter().zip(wished).take_while(is_so).count();
    let behind = items[ahead..].iter().rev().zip(wished[ahead..].iter().rev()).take_while(is_so).count();
    let (old, new) = (&items[ahead..items.len() - behind], &wished[ahead..wished.len() - behind]);
    let both = old.len().min(new.len());
    // From the end, so that the places of what stands before stay right.
    let mut edited = text.to_owned();
    for item in old[both..].iter().rev() {
        edited = without_lines(&edited, item.bytes.clone());
    }
    let added = |wish: &String| {
        let first = items[0].bytes.start;
        let dash = text[lines::start(text, first)..first].find('-').unwrap_or_default();
        format!("{}- {}", " ".repeat(dash), quote::text(wish))
    };
    let lines_added: Vec<String> = new[both..].iter().map(added).collect();
    let ending = lines::ending(text);
    if let Some(before) = (ahead + both).checked_sub(1).filter(|_| !lines_added.is_empty()) {
        let at = lines::end(&edited, items[before].bytes.end);
        edited = splice(&edited, at..at, &format!("{ending}{}", lines_added.join(ending)));
    } else if !lines_added.is_empty() {
        let at = lines::start(&edited, items[0].bytes.start);
        edited = splice(&edited, at..at, &format!("{}{ending}", lines_added.join(ending)));
    }
    for (item, wish) in old.iter().zip(new).rev() {
        edited = splice_value(&edited, item.bytes.clone(), &quote::text(wish));
    }
    edited
}

/// SnakeYAML swallows tabs behind a plain value, and refuses them behind a quoted one or a bracket: they go with the value.
fn splice_value(text: &str, bytes: Range<usize>, value: &str) -> String {
    let behind = &text[bytes.end..];
    let blanks = &behind[..behind.len() - behind.trim_start_matches([' ', '\t']).len()];
    if !blanks.contains('\t') {
        return splice(text, bytes, value);
    }
    let end = bytes.end + blanks.len();
    let gap = if text[end..].starts_with('#') { " " } else { "" };
    splice(text, bytes.start..end, &format!("{value}{gap}"))
}

/// The text without the lines that these bytes stand in.
fn without_lines(text: &str, bytes: Range<usize>) -> String {
    let start = lines::start(text, bytes.start);
    match lines::next(text, bytes.end) {
        // The last line without a line ending takes the one before it along.
        next if next == text.len() && !text.ends_with('\n') => {
            splice(text, lines::end_before(text, start)..next, "")
        }
        next => splice(text, start..next, ""),
    }
}

/// Comment lines may stand between the key and its first item.
fn first_dash(text: &str, from: usize, end: usize) -> Option<usize> {
    let mut at = from;
    while at < end {
        let line = &text[at..end];
        let content = line.trim_start_matches(' ');
        if content.starts_with('-') {
            return Some(at + (line.len() - content.len()));
        }
        at = lines::next(text, at);
    }
    None
}

fn remove(text: &str, parent: &Node, owner: Option<&Entry>, index: usize) -> Option<String> {
    let entries = parent.entries();
    let entry = &entries[index];
    let end = lines::entry_end(text, entry);
    if parent.is_flow {
        return Some(splice(text, flow_range(text, parent, index, end), ""));
    }
    let start = lines::start(text, entry.key.bytes.start);
    if !lines::is_first(text, entry.key.bytes.start) {
        return None;
    }
    let without = without_lines(text, start..end);
    match owner {
        // A key without a value is null, which Cassandra refuses for a block of settings.
        Some(owner) if entries.len() == 1 => {
            let colon = lines::colon(text, &owner.key)?;
            Some(splice(&without, colon + 1..colon + 1, " {}"))
        }
        Some(_) | None => Some(without),
    }
}

/// What to cut so that one comma fewer is left and comments of other entries stay.
fn flow_range(text: &str, parent: &Node, index: usize, end: usize) -> Range<usize> {
    let entries = parent.entries();
    let start = entries[index].key.bytes.start;
    if let Some(next) = entries.get(index + 1) {
        return start..next.key.bytes.start;
    }
    let with_comma = lines::comma_after(text, end).map_or(end, |comma| comma + 1);
    let Some(previous) = index.checked_sub(1) else { return start..with_comma };
    let previous_end = lines::entry_end(text, &entries[previous]);
    if !text[previous_end..start].contains('\n') {
        return previous_end..end;
    }
    let line_end = lines::next(text, with_comma);
    let takes_whole_lines = lines::is_first(text, start) && line_end < parent.bytes.end;
    if takes_whole_lines { lines::start(text, start)..line_end } else { start..with_comma }
}

pub fn splice(text: &str, range: Range<usize>, replacement: &str) -> String {
    format!("{}{replacement}{}", &text[..range.start], &text[range.end..])
}

/// A value on one line, the same in block and flow style.
pub fn written(value: &EditValue) -> String {
    match value {
        EditValue::Bool(value) => value.to_string(),
        EditValue::Number(value) => value.to_string(),
        EditValue::Decimal(written) => written.clone(),
        EditValue::Text(text) => quote::text(text),
        EditValue::Secret(secret) => quote::quoted(secret.expose()),
        EditValue::List(items) => {
            let items: Vec<_> = items.iter().map(|item| quote::text(item)).collect();
            format!("[{}]", items.join(", "))
        }
        EditValue::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", quote::text(key), written(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        EditValue::Absent => String::new(),
    }
}

pub fn not_possible(edit: &Edit, line: Option<usize>) -> EditProblem {
    EditProblem {
        line,
        message: format!("`{}` is written in a way that cannot be changed safely", edit.path.join(".")),
        help: Some("write it as `key: value` on a line of its own".to_string()),
    }
}
