//! What is wrong in a file that the operator wrote, shown as a source excerpt with a way out.

use std::fmt;

/// A place in a text: 1-based line and column (in characters), and how many characters it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub line: usize,
    pub column: usize,
    pub length: usize,
}

/// One problem: the file it is in, where, what is wrong and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: String,
    pub span: Option<Span>,
    /// The source line that `span` points into.
    pub excerpt: Option<String>,
    pub message: String,
    pub help: Option<String>,
}
