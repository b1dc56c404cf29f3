//! The value of a key as Cassandra takes it: the last of repeated keys, aliases followed, merges applied.

use super::tree::{Node, SyntaxError, Value, parse};

/// Merges that lead through more mappings than this lead in a circle.
const MERGE_LIMIT: usize = 16;

/// Reads the value at a path in a text.
pub fn get(text: &str, path: &[&str]) -> Result<Option<Node>, SyntaxError> {
    let root = parse(text)?;
    Ok(root.as_ref().and_then(|root| find(root, path)).cloned())
}

/// The value at a path below the root of a document. An alias is followed, so that what is found is never one.
///
/// Keys with dots in them, by which Cassandra 4.1 and later can overrule a block, are not looked at.
pub fn find<'a>(root: &'a Node, path: &[&str]) -> Option<&'a Node> {
    let mut node = follow(root, root)?;
    for key in path {
        node = follow(root, get_merged(root, node, key, MERGE_LIMIT)?)?;
    }
    Some(node)
}

fn get_merged<'a>(root: &'a Node, mapping: &'a Node, key: &str, limit: usize) -> Option<&'a Node> {
    if let Some(own) = mapping.get(key) {
        return Some(own);
    }
    let merged = follow(root, mapping.get("<<")?)?;
    let sources = merged.as_sequence().unwrap_or(std::slice::from_ref(merged));
    let limit = limit.checked_sub(1)?;
    sources.iter().find_map(|source| get_merged(root, follow(root, source)?, key, limit))
}

fn follow<'a>(root: &'a Node, node: &'a Node) -> Option<&'a Node> {
    match node.value {
        Value::Alias(target) => with_anchor(root, target),
        Value::Scalar { .. } | Value::Sequence(_) | Value::Mapping(_) => Some(node),
    }
}

fn with_anchor(node: &Node, anchor: usize) -> Option<&Node> {
    if node.anchor == Some(anchor) {
        return Some(node);
    }
    match &node.value {
        Value::Scalar { .. } | Value::Alias(_) => None,
        Value::Sequence(items) => items.iter().find_map(|item| with_anchor(item, anchor)),
        Value::Mapping(entries) => entries
            .iter()
            .find_map(|entry| with_anchor(&entry.key, anchor).or_else(|| with_anchor(&entry.value, anchor))),
    }
}
