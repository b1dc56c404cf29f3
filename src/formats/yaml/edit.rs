//! Sets keys in a YAML text and keeps every other byte, or says why it cannot.
//!
//! Each key is set by replacing its value's bytes or adding a line, one key after the other, on a tree that is read anew
//! after each change. What comes out is read again by two parsers and must differ from what went in by the wished keys alone.

use super::tree::{Node, SyntaxError, Value, parse};
use super::verify::Read;
use super::{change, guard, is_null, scalar, verify};
use crate::secret::Secret;

/// One key to set; `path`, never empty, leads to it from the top, such as `client_encryption_options`, `enabled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub path: Vec<String>,
    pub value: EditValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditValue {
    Bool(bool),
    Number(i64),
    /// A number with a point, as it is to be written.
    Decimal(String),
    Text(String),
    /// Always quoted, never shown.
    Secret(Secret),
    List(Vec<String>),
    /// The whole mapping: keys that are not named here are removed.
    Map(Vec<(String, EditValue)>),
    /// The key is removed if it is there.
    Absent,
}

/// Why a text cannot be edited, at which line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditProblem {
    pub line: Option<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// A text with all edits made, and what a reader makes of it before and after. It holds passwords, so it is not `Debug`.
pub struct Edited {
    pub text: String,
    pub before: Option<Node>,
    pub after: Option<Node>,
}

/// The text with all edits made. An edit that sets what is already said, as Cassandra reads it, changes nothing.
pub fn edit(text: &[u8], edits: &[Edit]) -> Result<Vec<u8>, Vec<EditProblem>> {
    let text = as_utf8(text)?;
    let root = document(text).map_err(|problem| vec![problem])?;
    Ok(edited(text, root, edits)?.text.into_bytes())
}

/// The tree of a text that is to be edited.
pub fn document(text: &str) -> Result<Option<Node>, EditProblem> {
    parse(text).map_err(|error| {
        let help =
            "this is also what Cassandra would refuse at its next start: mend the file on the node first";
        EditProblem { line: Some(error.span.line), message: error.message, help: Some(help.to_string()) }
    })
}

/// The same with both trees, for who goes on reading: a file of 111 KB takes a while to read. `root`: the text's tree.
pub fn edited(text: &str, root: Option<Node>, edits: &[Edit]) -> Result<Edited, Vec<EditProblem>> {
    let single = one_key_each(root.as_ref(), edits);
    let problems = guard::problems(root.as_ref(), &single);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (edited, tree) = match within_section(text, root.as_ref(), &single) {
        Some(done) => done,
        None => one_by_one(text, root.as_ref(), &single)?,
    };
    let Some(tree) = tree.filter(|_| edited != text) else {
        return Ok(Edited { text: edited, after: root.clone(), before: root });
    };
    let (before, after) = (Read { text, root }, Read { text: &edited, root: tree });
    verify::verify(&before, &after, edits, &single).map_err(|problem| vec![problem])?;
    let (before, after) = (before.root, after.root);
    Ok(Edited { text: edited, before, after })
}

/// A text after edits, and its tree if any of them changed it.
type Done = (String, Option<Option<Node>>);

/// Sets one key after the other, on a tree that is read anew after each change.
fn one_by_one(text: &str, root: Option<&Node>, single: &[Edit]) -> Result<Done, Vec<EditProblem>> {
    let (mut edited, mut tree) = (text.to_string(), None);
    for wish in single {
        let now = tree.as_ref().map_or(root, Option::as_ref);
        let changed = change::apply(&edited, now, wish).map_err(|problem| vec![problem])?;
        if let Some(changed) = changed {
            let problem = |error: SyntaxError| vec![change::not_possible(wish, Some(error.span.line))];
            tree = Some(parse(&changed).map_err(problem)?);
            edited = changed;
        }
    }
    Ok((edited, tree))
}

/// The same on the one section that all keys are in, which is a document of its own: a hundredth of a file. `None`
/// where there is no such section, or it does not go like that: then the whole file says why.
fn within_section(text: &str, root: Option<&Node>, single: &[Edit]) -> Option<Done> {
    let key = single.first()?.path.first()?;
    let is_in_it = |edit: &Edit| edit.path.len() > 1 && edit.path[0] == *key;
    let root = root.filter(|root| !root.is_flow)?;
    let at = root.entries().iter().position(|entry| entry.is(key)).filter(|_| single.iter().all(is_in_it))?;
    let (entry, next) = (&root.entries()[at], root.entries().get(at + 1)?);
    let in_first_column = |start: usize| start == 0 || text.as_bytes()[start - 1] == b'\n';
    let section = entry.key.bytes.start..next.key.bytes.start;
    let is_plain = !entry.value.is_flow && !entry.value.entries().is_empty();
    if !is_plain || !in_first_column(section.start) || !in_first_column(section.end) {
        return None;
    }
    let excerpt = &text[section.clone()];
    let tree = parse(excerpt).ok()?;
    let (edited, tree) = one_by_one(excerpt, tree.as_ref(), single).ok()?;
    if tree.is_none() {
        return Some((text.to_string(), None));
    }
    let edited = [&text[..section.start], &edited, &text[section.end..]].concat();
    let tree = parse(&edited).ok()?;
    Some((edited, Some(tree)))
}

/// Whether the node says what is wished, as Cassandra reads it.
pub fn says(node: Option<&Node>, wish: &EditValue) -> bool {
    let Some(node) = node else { return *wish == EditValue::Absent };
    let says_text = |text: &str| !is_null(node) && node.as_str() == Some(text);
    match wish {
        EditValue::Absent => false,
        EditValue::Bool(wished) => scalar::as_bool_1_1(node) == Some(*wished),
        EditValue::Number(wished) => scalar::as_integer_1_1(node) == Some(*wished),
        EditValue::Decimal(wished) => scalar::is_same_decimal(node, wished),
        EditValue::Text(wished) => says_text(wished),
        EditValue::Secret(wished) => says_text(wished.expose()),
        EditValue::List(wished) => match &node.value {
            Value::Sequence(items) => {
                items.len() == wished.len()
                    && items
                        .iter()
                        .zip(wished)
                        .all(|(item, text)| says(Some(item), &EditValue::Text(text.clone())))
            }
            Value::Scalar { .. } | Value::Mapping(_) | Value::Alias(_) => false,
        },
        EditValue::Map(wished) => match &node.value {
            Value::Mapping(entries) => {
                let present = wished.iter().filter(|(_, value)| *value != EditValue::Absent).count();
                entries.len() == present && wished.iter().all(|(key, value)| says(node.get(key), value))
            }
            Value::Scalar { .. } | Value::Sequence(_) | Value::Alias(_) => false,
        },
    }
}

/// A mapping is wished key by key, so that what it already says stays as it is.
fn one_key_each(root: Option<&Node>, edits: &[Edit]) -> Vec<Edit> {
    edits.iter().flat_map(|edit| split(root, edit)).collect()
}

fn split(root: Option<&Node>, edit: &Edit) -> Vec<Edit> {
    let EditValue::Map(wished) = &edit.value else { return vec![edit.clone()] };
    let present = root.and_then(|root| edit.path.iter().try_fold(root, |node, key| node.get(key)));
    let mut single = Vec::new();
    for (key, value) in wished {
        single.extend(split(root, &below(edit, key, value.clone())));
    }
    for entry in present.map_or(&[][..], Node::entries) {
        if let Some(key) = entry.key.as_str().filter(|key| wished.iter().all(|(wished, _)| wished != key)) {
            single.push(below(edit, key, EditValue::Absent));
        }
    }
    // With no keys there is nothing to split into.
    if wished.is_empty() && present.is_none_or(|node| node.entries().is_empty()) {
        single.push(edit.clone());
    }
    single
}

fn below(edit: &Edit, key: &str, value: EditValue) -> Edit {
    let mut path = edit.path.clone();
    path.push(key.to_string());
    Edit { path, value }
}

fn as_utf8(text: &[u8]) -> Result<&str, Vec<EditProblem>> {
    std::str::from_utf8(text).map_err(|error| {
        let line = text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        let message = "not UTF-8 text".to_string();
        vec![EditProblem { line: Some(line), message, help: Some("save the file as UTF-8".to_string()) }]
    })
}
