//! A YAML text as a tree in which every node knows its place; nothing is resolved, merged or expanded.

use super::tabs;
use crate::diagnostic::Span;
use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag};
use std::borrow::Cow;
use std::iter::Peekable;
use std::ops::Range;

/// Cassandra's own file nests four levels; a file deeper than this is damaged or hostile. The tree is built, walked and
/// dropped by recursion, so the limit is also what keeps the stack small.
const DEPTH_LIMIT: usize = 64;

const TAB_MESSAGE: &str = "a tab stands where YAML wants spaces";

/// A node: what it says, and where. `PartialEq` compares the places too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// At least one character long, so that it can be pointed at; ends with its first line.
    pub span: Span,
    /// The bytes of the value itself: without anchor and tag, empty for a value left out.
    pub bytes: Range<usize>,
    pub anchor: Option<usize>,
    /// The tag as resolved, such as `tag:yaml.org,2002:str`.
    pub tag: Option<String>,
    /// Written as `[…]` or `{…}`.
    pub is_flow: bool,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Scalar {
        text: String,
        style: Style,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    /// Stands for the node with that anchor; never expanded, so an alias bomb costs nothing.
    Alias(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    Block,
}

/// One `key: value` of a mapping, in the order of the file; a repeated key is a repeated entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

/// A key that a mapping has more than once.
#[derive(Clone, Copy, Debug)]
pub struct Duplicate<'a> {
    pub key: &'a str,
    pub first: &'a Node,
    pub again: &'a Node,
}

/// Why a text is not one YAML document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", span.line, span.column)]
pub struct SyntaxError {
    pub span: Span,
    pub message: String,
}

/// Reads one document; `None` if there is nothing but comments.
pub fn parse(text: &str) -> Result<Option<Node>, SyntaxError> {
    let mut options = Options::default();
    options.flow_nesting_limit = DEPTH_LIMIT;
    options.block_nesting_limit = DEPTH_LIMIT;
    let mut reader = Reader { events: Parser::new_from_str_with_options(text, options).peekable(), depth: 0 };
    let root = reader.document()?;
    match tabs::first_misplaced(text, root.as_ref()) {
        Some(span) => Err(SyntaxError { span, message: TAB_MESSAGE.to_string() }),
        None => Ok(root),
    }
}

impl Node {
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Sequence(_) | Value::Mapping(_) | Value::Alias(_) => None,
        }
    }

    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            Value::Scalar { .. } | Value::Mapping(_) | Value::Alias(_) => None,
        }
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            Value::Scalar { .. } | Value::Sequence(_) | Value::Alias(_) => &[],
        }
    }

    /// The value of a key; of a repeated key the last one, as Cassandra takes it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|entry| entry.is(key)).map(|entry| &entry.value)
    }

    /// Every repetition of a key in this mapping, not in those below it.
    pub fn duplicates(&self) -> Vec<Duplicate<'_>> {
        let mut first_seen = std::collections::HashMap::new();
        let mut duplicates = Vec::new();
        for entry in self.entries() {
            let Some(key) = entry.key.as_str() else { continue };
            match first_seen.get(key) {
                Some(&first) => duplicates.push(Duplicate { key, first, again: &entry.key }),
                None => {
                    first_seen.insert(key, &entry.key);
                }
            }
        }
        duplicates
    }

    /// What a reader calls it: "a text", "a list", "a mapping".
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar { .. } => "a single value",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Alias(_) => "an alias",
        }
    }
}

impl Entry {
    pub fn is(&self, key: &str) -> bool {
        self.key.as_str() == Some(key)
    }
}

struct Reader<'text> {
    events: Peekable<Parser<'text, granit_parser::StrInput<'text>>>,
    depth: usize,
}

impl<'text> Reader<'text> {
    fn document(&mut self) -> Result<Option<Node>, SyntaxError> {
        let mut root = None;
        let mut documents = 0;
        while let Some(event) = self.events.peek() {
            let at = event.as_ref().map(|(_, span)| *span).unwrap_or_default();
            match event {
                Ok((Event::DocumentStart(..), _)) if documents == 1 => {
                    return Err(error(&at, "a second document starts here, and Cassandra reads only one"));
                }
                Ok((Event::DocumentStart(..), _)) => {
                    documents += 1;
                    self.next()?;
                    root = Some(self.node()?);
                }
                Ok((Event::StreamStart | Event::StreamEnd | Event::DocumentEnd, _)) | Err(_) => {
                    self.next()?;
                }
                Ok(_) => return Err(error(&at, "content outside of the document")),
            }
        }
        Ok(root.filter(|node| !is_nothing(node)))
    }

    fn next(&mut self) -> Result<(Event<'text>, granit_parser::Span), SyntaxError> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(problem)) => {
                let at = granit_parser::Span::empty(*problem.marker());
                Err(error(&at, &problem.info()))
            }
            None => Err(error(&granit_parser::Span::default(), "the text ends too early")),
        }
    }

    fn node(&mut self) -> Result<Node, SyntaxError> {
        let (event, at) = self.next()?;
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(error(&at, &format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        let node = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = style_of(style);
                // The parser shows a value left out as `~`.
                let is_left_out = style == Style::Plain && range(&at).is_empty();
                let text = if is_left_out { String::new() } else { text.into_owned() };
                let value = Value::Scalar { text, style };
                build(&at, range(&at), (anchor, tag), value)
            }
            Event::Alias(target) => build(&at, range(&at), (0, None), Value::Alias(target)),
            Event::SequenceStart(style, anchor, tag) => {
                let (items, end) = self.items()?;
                let last = items.last().map(|item| item.bytes.end);
                let bytes = collection(style, &at, &end, last);
                Node {
                    is_flow: style == StructureStyle::Flow,
                    ..build(&at, bytes, (anchor, tag), Value::Sequence(items))
                }
            }
            Event::MappingStart(style, anchor, tag) => {
                let (entries, end) = self.entries()?;
                let last = entries.last().map(|entry| entry.key.bytes.end.max(entry.value.bytes.end));
                let bytes = collection(style, &at, &end, last);
                Node {
                    is_flow: style == StructureStyle::Flow,
                    ..build(&at, bytes, (anchor, tag), Value::Mapping(entries))
                }
            }
            _ => return Err(error(&at, "a value was expected here")),
        };
        self.depth -= 1;
        Ok(node)
    }

    fn items(&mut self) -> Result<(Vec<Node>, granit_parser::Span), SyntaxError> {
        let mut items = Vec::new();
        loop {
            if let Some(Ok((Event::SequenceEnd, end))) = self.events.peek() {
                let end = *end;
                self.next()?;
                return Ok((items, end));
            }
            items.push(self.node()?);
        }
    }

    fn entries(&mut self) -> Result<(Vec<Entry>, granit_parser::Span), SyntaxError> {
        let mut entries = Vec::new();
        loop {
            if let Some(Ok((Event::MappingEnd, end))) = self.events.peek() {
                let end = *end;
                self.next()?;
                return Ok((entries, end));
            }
            entries.push(Entry { key: self.node()?, value: self.node()? });
        }
    }
}

/// A flow collection ends with its bracket; a block collection with its last entry, not at the next token, which may
/// stand many comment lines further down.
fn collection(
    style: StructureStyle,
    start: &granit_parser::Span,
    end: &granit_parser::Span,
    last: Option<usize>,
) -> Range<usize> {
    let end = match style {
        StructureStyle::Flow => range(end).end,
        StructureStyle::Block => last.unwrap_or(range(end).start),
    };
    range(start).start..end
}

/// The anchor, 0 for none, and the tag of an event.
type Properties<'text> = (usize, Option<Cow<'text, Tag>>);

fn build(at: &granit_parser::Span, bytes: Range<usize>, properties: Properties<'_>, value: Value) -> Node {
    let (anchor, tag) = properties;
    let anchor = (anchor != 0).then_some(anchor);
    Node { span: span(at), bytes, anchor, tag: tag.map(|tag| tag.to_string()), is_flow: false, value }
}

fn range(at: &granit_parser::Span) -> Range<usize> {
    at.byte_range().expect("a parser over a str gives byte offsets")
}

/// The parser counts columns from 0.
fn span(at: &granit_parser::Span) -> Span {
    let one_line = at.start.line() == at.end.line();
    let length = if one_line { at.end.col().saturating_sub(at.start.col()) } else { 1 };
    Span { line: at.start.line(), column: at.start.col() + 1, length: length.max(1) }
}

fn error(at: &granit_parser::Span, message: &str) -> SyntaxError {
    SyntaxError { span: span(at), message: message.to_string() }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

/// The node that a parser makes up for a document in which nothing is written.
fn is_nothing(node: &Node) -> bool {
    let is_empty = matches!(&node.value, Value::Scalar { text, style: Style::Plain } if text.is_empty());
    is_empty && node.anchor.is_none() && node.tag.is_none()
}
