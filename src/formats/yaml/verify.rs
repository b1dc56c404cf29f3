//! The proof that an edit changed the wished keys and nothing else, by two parsers that share no code.

use super::edit::{Edit, EditProblem, says};
use super::region;
use super::tree::{Node, Value};
use serde::de::{Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use std::fmt;

/// A text, and what our reader made of it.
pub struct Read<'a> {
    pub text: &'a str,
    pub root: Option<Node>,
}

/// `edits` as they were asked for, `single` the same key by key.
pub fn verify(
    before: &Read<'_>,
    after: &Read<'_>,
    edits: &[Edit],
    single: &[Edit],
) -> Result<(), EditProblem> {
    let wished: Vec<&[String]> = single.iter().map(|edit| edit.path.as_slice()).collect();
    for edit in edits {
        let now = edit.path.iter().try_fold(after.root.as_ref(), |node, key| Some(node?.get(key)));
        if !says(now.flatten(), &edit.value) {
            return Err(failed(&format!("`{}` does not say what was asked", edit.path.join("."))));
        }
    }
    if !is_same(&shape_of(before.root.as_ref()), &shape_of(after.root.as_ref()), &wished) {
        return Err(failed("something else changed too"));
    }
    // What stands byte for byte around the touched sections means the same to every reader: a section that begins in
    // the first column ends what was before it, and is ended by the next.
    let touched = region::touched(before, after);
    if touched.is_some_and(|(before, after)| prove(before, after, &wished).is_ok()) {
        return Ok(());
    }
    prove(before.text, after.text, &wished)
}

/// The proof by the second reader.
fn prove(before: &str, after: &str, wished: &[&[String]]) -> Result<(), EditProblem> {
    let read_before: Shape = serde_yaml::from_str(before).map_err(|error| unreadable(&error))?;
    let read_after: Shape = serde_yaml::from_str(after).map_err(|error| failed(&error.to_string()))?;
    match is_same(&read_before, &read_after, wished) {
        true => Ok(()),
        false => Err(failed("something else changed too, for a second reader")),
    }
}

/// A second reader refuses the text as it was: not ours to judge who is right.
fn unreadable(error: &serde_yaml::Error) -> EditProblem {
    let line = error.location().map(|location| location.line());
    let help = "YAML readers disagree about this file: write the place in a simpler way";
    EditProblem { line, message: error.to_string(), help: Some(help.to_string()) }
}

fn failed(why: &str) -> EditProblem {
    let help =
        "nothing was changed; this is a defect in ringwalk: report it with the file, without its passwords";
    EditProblem {
        line: None,
        message: format!("the edit did not prove right: {why}"),
        help: Some(help.to_string()),
    }
}

/// What a document says, without where and how; repeated keys are kept.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    Nothing,
    Scalar(String),
    List(Vec<Shape>),
    Map(Vec<(Shape, Shape)>),
}

fn shape_of(node: Option<&Node>) -> Shape {
    let Some(node) = node else { return Shape::Nothing };
    match &node.value {
        Value::Scalar { .. } if super::is_null(node) => Shape::Nothing,
        Value::Scalar { text, style } => Shape::Scalar(format!("{style:?} {:?} {text}", node.tag)),
        Value::Alias(target) => Shape::Scalar(format!("alias {target}")),
        Value::Sequence(items) => Shape::List(items.iter().map(|item| shape_of(Some(item))).collect()),
        Value::Mapping(entries) => {
            let pair = |entry: &super::Entry| (shape_of(Some(&entry.key)), shape_of(Some(&entry.value)));
            Shape::Map(entries.iter().map(pair).collect())
        }
    }
}

/// Whether two documents are the same apart from the wished paths and the sections that lead to them.
fn is_same(before: &Shape, after: &Shape, wished: &[&[String]]) -> bool {
    let (Some(before_entries), Some(after_entries), false) =
        (entries(before), entries(after), wished.is_empty())
    else {
        return before == after;
    };
    let is_wished =
        |key: &Shape| wished.iter().any(|path| path.len() == 1 && Some(path[0].as_str()) == key_text(key));
    let mut rest = before_entries.iter().filter(|(key, _)| !is_wished(key)).peekable();
    for (key, value) in after_entries.iter().filter(|(key, _)| !is_wished(key)) {
        let below: Vec<&[String]> = wished
            .iter()
            .filter(|path| Some(path[0].as_str()) == key_text(key))
            .map(|path| &path[1..])
            .collect();
        let is_right = match rest.next_if(|(was, _)| was == key) {
            Some((_, was)) => is_same(was, value, &below),
            None => !below.is_empty() && is_same(&Shape::Nothing, value, &below),
        };
        if !is_right {
            return false;
        }
    }
    rest.next().is_none()
}

fn entries(shape: &Shape) -> Option<&[(Shape, Shape)]> {
    match shape {
        Shape::Map(entries) => Some(entries),
        Shape::Nothing => Some(&[]),
        Shape::Scalar(_) | Shape::List(_) => None,
    }
}

/// The key itself, after what `Shape::Scalar` says about how it was written.
fn key_text(key: &Shape) -> Option<&str> {
    match key {
        Shape::Scalar(text) => text.splitn(3, ' ').nth(2).or(Some(text)),
        Shape::Nothing | Shape::List(_) | Shape::Map(_) => None,
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar(format!("bool - {value}")))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar(format!("integer - {value}")))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar(format!("integer - {value}")))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Shape, E> {
        Ok(Shape::Scalar(format!("integer - {value}")))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Shape, E> {
        Ok(Shape::Scalar(format!("integer - {value}")))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar(format!("float - {:x}", value.to_bits())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar(format!("text - {value}")))
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Shape::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Shape::Map(map))
    }

    /// A tagged value.
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Shape, A::Error> {
        let (tag, content) = data.variant::<String>()?;
        let value = content.newtype_variant::<Shape>()?;
        Ok(Shape::List(vec![Shape::Scalar(format!("tag - {tag}")), value]))
    }
}
