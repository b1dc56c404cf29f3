//! A file of the operator as it may be shown: its lines with secrets masked, and where each key stands.

use crate::diagnostic::{Diagnostic, Place, Span};
use std::collections::BTreeMap;

/// Kept after reading, so that what is refused later still shows its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub file: String,
    /// The lines of the file; a secret that was written in clear is masked.
    lines: Vec<String>,
    /// Where each key stands, by its path: `rollout.timeouts.drain`, `phases[1].name`.
    places: BTreeMap<String, Span>,
}

impl Document {
    pub fn new(file: &str, lines: Vec<String>) -> Document {
        Document { file: file.to_owned(), lines, places: BTreeMap::new() }
    }

    /// Notes where a key stands.
    pub fn note(&mut self, path: String, span: Span) {
        self.places.entry(path).or_insert(span);
    }

    /// Where the key with this path stands, such as `stores.keystore.to`.
    pub fn place(&self, path: &str) -> Option<Span> {
        self.places.get(path).copied()
    }

    /// A problem at a place of this file.
    pub fn diagnostic(&self, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.file, message).at(span, self.line(span)).help(help)
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
        Place { span, excerpt: self.line(span).to_owned(), label: label.into() }
    }

    fn line(&self, span: Span) -> &str {
        self.lines.get(span.line.saturating_sub(1)).map_or("", String::as_str)
    }
}
