//! What an edit must not touch: a place in a YAML text where changing one line changes something else too.

use super::edit::{Edit, EditProblem, EditValue};
use super::is_null;
use super::tree::{Entry, Node, Value};

/// Every reason why these edits cannot be made in this document.
pub fn problems(root: Option<&Node>, edits: &[Edit]) -> Vec<EditProblem> {
    let mut problems = Vec::new();
    for edit in edits {
        let found = [
            control_character(edit),
            root.and_then(|root| dotted(root, edit)),
            root.and_then(|root| walk(root, edit)),
        ];
        for problem in found.into_iter().flatten() {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

/// A password with a control character is a mistake in its source, such as a file read with its final newline. A key in
/// PEM has several lines, which are written as escapes.
fn control_character(edit: &Edit) -> Option<EditProblem> {
    let EditValue::Secret(secret) = &edit.value else { return None };
    let is_wrong =
        |character: char| character.is_control() && !(secret.is_pem() && matches!(character, '\n' | '\r'));
    secret.expose().chars().any(is_wrong).then(|| EditProblem {
        line: None,
        message: format!(
            "the secret for `{}` has a control character in it, such as a line break",
            name(&edit.path)
        ),
        help: Some("check the file or command that it comes from for a line break or a tab".to_string()),
    })
}

/// Cassandra 4.1 and later let a dotted key at the top overrule the block (measured).
fn dotted(root: &Node, edit: &Edit) -> Option<EditProblem> {
    let prefix = format!("{}.", edit.path[0]);
    let entry =
        root.entries().iter().find(|entry| entry.key.as_str().is_some_and(|key| key.starts_with(&prefix)))?;
    let key = entry.key.as_str()?;
    let message = format!("`{key}` overrules the block `{}` in Cassandra 4.1 and later", edit.path[0]);
    Some(problem(&entry.key, message, "move its value into the block and delete this line"))
}

/// Follows the path as far as it exists.
fn walk(root: &Node, edit: &Edit) -> Option<EditProblem> {
    let mut node = root;
    for depth in 0..=edit.path.len() {
        let here = &edit.path[..depth];
        if let Some(problem) = shared(node, here) {
            return Some(problem);
        }
        let Some(key) = edit.path.get(depth) else { return at_the_end(node, edit) };
        if is_null(node) {
            return None;
        }
        if !matches!(node.value, Value::Mapping(_)) {
            let message = format!("{} is {}, not a mapping", place(here), node.kind());
            return Some(problem(node, message, "settings are written as `key: value`, one on each line"));
        }
        if let Some(merge) = node.entries().iter().find(|entry| entry.is("<<")) {
            let message = format!("{} is merged from somewhere else by `<<`", place(here));
            return Some(problem(&merge.key, message, "write its settings out here instead of merging them"));
        }
        node = match occurrences(node, key)[..] {
            [] => return None,
            [only] => &only.value,
            [first, .., last] => return Some(repeated(first, last, &edit.path[..=depth])),
        };
    }
    None
}

fn at_the_end(node: &Node, edit: &Edit) -> Option<EditProblem> {
    match (&node.value, &edit.value) {
        (Value::Mapping(entries), wish) if !matches!(wish, EditValue::Absent) && !entries.is_empty() => {
            let message = format!("{} is a mapping, where a single value is to be set", place(&edit.path));
            Some(problem(node, message, "delete it and let it be written anew"))
        }
        _ if node.tag.is_some() => {
            let message = format!("{} carries a tag", place(&edit.path));
            Some(problem(node, message, "delete the tag, the word after `!`"))
        }
        _ => None,
    }
}

fn shared(node: &Node, path: &[String]) -> Option<EditProblem> {
    if let Value::Alias(_) = node.value {
        let message = format!("{} is an alias of a value that stands somewhere else", place(path));
        return Some(problem(node, message, "write the value out here instead of the alias"));
    }
    node.anchor.map(|_| {
        let message = format!("{} carries an anchor, so that other places may share its value", place(path));
        problem(node, message, "delete the anchor and write the value out where it is used")
    })
}

fn repeated(first: &Entry, last: &Entry, path: &[String]) -> EditProblem {
    let message = format!(
        "{} is set twice, in line {} and again in line {}; Cassandra takes the last as a whole",
        place(path),
        first.key.span.line,
        last.key.span.line
    );
    problem(&last.key, message, "delete the one that is not meant")
}

fn occurrences<'a>(node: &'a Node, key: &str) -> Vec<&'a Entry> {
    node.entries().iter().filter(|entry| entry.is(key)).collect()
}

fn problem(node: &Node, message: String, help: &str) -> EditProblem {
    EditProblem { line: Some(node.span.line), message, help: Some(help.to_string()) }
}

fn place(path: &[String]) -> String {
    if path.is_empty() { "the document".to_string() } else { format!("`{}`", name(path)) }
}

fn name(path: &[String]) -> String {
    path.join(".")
}
