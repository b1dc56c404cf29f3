//! A file of the operator as it may be shown: its lines with secrets masked, and where each key stands.

use super::mask::{MaskedLine, masked_lines};
use crate::diagnostic::{Diagnostic, Place, Span};
use crate::formats::yaml;
use std::collections::BTreeMap;

/// Kept after reading, so that what is refused later still shows its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub file: String,
    lines: Vec<MaskedLine>,
    /// Where each key stands, by its path: `rollout.timeouts.drain`, `phases[1].name`.
    places: BTreeMap<String, Span>,
}

impl Document {
    /// A file whose keys are not yet noted. `tree` says where its secrets are; `None` if the text is no YAML.
    pub fn new(file: &str, text: &str, tree: Option<&yaml::Node>) -> Document {
        Document { file: file.to_owned(), lines: masked_lines(text, tree), places: BTreeMap::new() }
    }

    /// Notes where a key stands.
    pub fn note(&mut self, path: String, span: Span) {
        self.places.entry(path).or_insert(span);
    }

    /// Where the key with this path stands, such as `stores.keystore.to`.
    pub fn place(&self, path: &str) -> Option<Span> {
        self.places.get(path).copied()
    }

    /// A problem at a place of this file, as yet without a way out.
    pub fn problem(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        let (span, excerpt) = self.shown(span);
        Diagnostic::new(&self.file, message).at(span, excerpt)
    }

    /// A problem at a place of this file, with its way out.
    pub fn diagnostic(&self, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.problem(span, message).help(help)
    }

    /// A problem of the key with this path, or of the whole file where it is not written.
    pub fn diagnostic_of(
        &self,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        match self.place(path) {
            Some(span) => self.diagnostic(span, message, help),
            None => Diagnostic::new(&self.file, message).help(help),
        }
    }

    /// A second place of a problem.
    pub fn other_place(&self, span: Span, label: impl Into<String>) -> Place {
        let (span, excerpt) = self.shown(span);
        Place { span, excerpt: excerpt.to_owned(), label: label.into() }
    }

    /// A place as it is in the shown line.
    fn shown(&self, span: Span) -> (Span, &str) {
        match self.lines.get(span.line.saturating_sub(1)) {
            Some(line) => {
                let (column, length) = line.shown(span.column.max(1), span.length);
                (Span { line: span.line, column, length }, &line.text)
            }
            None => (span, ""),
        }
    }
}
