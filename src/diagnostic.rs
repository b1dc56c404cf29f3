//! What is wrong in a file that the operator wrote, shown as a source excerpt with a way out.

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_width::UnicodeWidthChar;

/// A place in a text: 1-based line and column (in characters), and how many characters it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub line: usize,
    pub column: usize,
    pub length: usize,
}

/// A value and the place where the operator wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// One problem: the file it is in, where, what is wrong and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: String,
    pub span: Option<Span>,
    /// The source line that `span` points into.
    pub excerpt: Option<String>,
    pub message: String,
    pub help: Option<String>,
    /// Other places of the same file that the problem is about, such as the first of two equal names.
    pub also: Vec<Place>,
}

/// A second place of a problem, with a few words on what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub span: Span,
    pub excerpt: String,
    pub label: String,
}

/// Shows every problem, a blank line between them, and how many there are in which file.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&diagnostic.to_string());
        text.push('\n');
    }
    text.push_str(&count(diagnostics));
    text
}

impl Diagnostic {
    /// A problem of a whole file; `at` gives it a place.
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { file: file.into(), message: message.into(), ..Diagnostic::default() }
    }

    /// Sets the place and the source line that it points into.
    pub fn at(mut self, span: Span, excerpt: impl Into<String>) -> Diagnostic {
        self.span = Some(span);
        self.excerpt = Some(excerpt.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place, shown with its label.
    pub fn also(mut self, place: Place) -> Diagnostic {
        self.also.push(place);
        self
    }

    /// Every excerpt of the problem as (line, source, column, length, mark, label), by line.
    fn rows(&self) -> Vec<Row<'_>> {
        let main = self.span.zip(self.excerpt.as_deref());
        let mut rows: Vec<Row<'_>> = main
            .into_iter()
            .map(|(span, source)| Row { span, source, mark: "^", label: "" })
            .chain(self.also.iter().map(|place| Row {
                span: place.span,
                source: &place.excerpt,
                mark: "-",
                label: &place.label,
            }))
            .collect();
        rows.sort_by_key(|row| row.span);
        rows
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let rows = self.rows();
        let gutter = rows.iter().map(|row| row.span.line.to_string().len()).max().unwrap_or(1);
        match self.span {
            Some(span) => writeln!(f, "{:gutter$}--> {}:{}:{}", "", self.file, span.line, span.column)?,
            None => writeln!(f, "{:gutter$}--> {}", "", self.file)?,
        }
        if !rows.is_empty() {
            writeln!(f, "{:gutter$} |", "")?;
        }
        let mut before: Option<usize> = None;
        for row in &rows {
            if before.is_some_and(|line| line + 1 < row.span.line) {
                writeln!(f, "...")?;
            }
            row.write(f, gutter, before != Some(row.span.line))?;
            before = Some(row.span.line);
        }
        match &self.help {
            Some(help) => writeln!(f, "help: {help}"),
            None => Ok(()),
        }
    }
}

/// One source line and what is marked in it.
struct Row<'a> {
    span: Span,
    source: &'a str,
    mark: &'static str,
    label: &'a str,
}

impl Row<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>, gutter: usize, with_source: bool) -> fmt::Result {
        let shown = Shown::of(self.source, self.span);
        if with_source {
            writeln!(f, "{:>gutter$} | {}", self.span.line, shown.text)?;
        }
        let marks = self.mark.repeat(shown.marked);
        let line = format!("{:gutter$} | {:indent$}{marks} {}", "", "", self.label, indent = shown.indent);
        writeln!(f, "{}", line.trim_end())
    }
}

/// A source line as a terminal shows it, and which of its columns are marked.
struct Shown {
    text: String,
    indent: usize,
    marked: usize,
}

/// A longer line is cut around the marked place: 100 columns and the gutter fit beside each other on a wide terminal,
/// and wrap once at 80.
const WIDTH_MAX: usize = 100;
/// How much of a long line stays before the marked place, so that its key is still seen.
const WIDTH_BEFORE: usize = 40;
/// A tab has no width of its own in an excerpt; four columns are what most editors show.
const TAB: &str = "    ";

impl Shown {
    fn of(source: &str, span: Span) -> Shown {
        let cells: Vec<(String, usize)> = source.chars().map(cell).collect();
        let width = |cells: &[(String, usize)]| cells.iter().map(|(_, width)| width).sum::<usize>();
        let start = span.column.saturating_sub(1).min(cells.len());
        let end = start.saturating_add(span.length.max(1)).min(cells.len());
        let (first, last) = window(&cells, start);
        let end = end.min(last);
        let mut text: String = cells[first..last].iter().map(|(text, _)| text.as_str()).collect();
        let mut indent = width(&cells[first..start]);
        if first > 0 {
            text.insert(0, '…');
            indent += 1;
        }
        if last < cells.len() {
            text.push('…');
        }
        Shown {
            text: text.trim_end().to_owned(),
            indent,
            marked: width(&cells[start..end.max(start)]).max(1),
        }
    }
}

/// Which characters of a line are shown when it is too long: from a little before `start` on.
fn window(cells: &[(String, usize)], start: usize) -> (usize, usize) {
    let total: usize = cells.iter().map(|(_, width)| width).sum();
    if total <= WIDTH_MAX {
        return (0, cells.len());
    }
    let mut first = start;
    let mut before = 0;
    while first > 0 && before + cells[first - 1].1 <= WIDTH_BEFORE {
        first -= 1;
        before += cells[first].1;
    }
    let mut last = first;
    let mut shown = 0;
    while last < cells.len() && shown + cells[last].1 <= WIDTH_MAX {
        shown += cells[last].1;
        last += 1;
    }
    (first, last)
}

/// How one character is shown, and in how many columns. A control character would act on the terminal, so it is replaced.
fn cell(character: char) -> (String, usize) {
    match character {
        '\t' => (TAB.to_owned(), TAB.len()),
        control if control.is_control() => ('\u{fffd}'.to_string(), 1),
        other => (other.to_string(), other.width().unwrap_or(0)),
    }
}

/// The last line: how many problems, and in which files if there are several.
fn count(diagnostics: &[Diagnostic]) -> String {
    let mut files: Vec<(&str, usize)> = Vec::new();
    for diagnostic in diagnostics {
        match files.iter_mut().find(|(file, _)| *file == diagnostic.file) {
            Some((_, number)) => *number += 1,
            None => files.push((&diagnostic.file, 1)),
        }
    }
    let problems =
        |number: usize| if number == 1 { "1 problem".to_owned() } else { format!("{number} problems") };
    match files.as_slice() {
        [] => "no problems\n".to_owned(),
        [(file, number)] => format!("{} in {file}\n", problems(*number)),
        several => {
            let each: Vec<String> =
                several.iter().map(|(file, number)| format!("{number} in {file}")).collect();
            format!("{}: {}\n", problems(diagnostics.len()), each.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(source: &str, column: usize, length: usize) -> String {
        let span = Span { line: 7, column, length };
        let text = Diagnostic::new("f", "m").at(span, source).to_string();
        text.lines().skip(3).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_caret_stands_under_the_place_whatever_stands_before_it() {
        let cases = [
            ("port: ssh", 7, 3, "7 | port: ssh\n  |       ^^^"),
            ("\tport: ssh", 8, 3, "7 |     port: ssh\n  |           ^^^"),
            ("名前: x", 5, 1, "7 | 名前: x\n  |       ^"),
            ("x: 名前", 4, 2, "7 | x: 名前\n  |    ^^^^"),
            ("e\u{301}: x", 5, 1, "7 | e\u{301}: x\n  |    ^"),
            ("\u{1b}[31m: x", 1, 1, "7 | \u{fffd}[31m: x\n  | ^"),
            ("", 1, 0, "7 |\n  | ^"),
            ("port:", 6, 0, "7 | port:\n  |      ^"),
            ("port:", 99, 7, "7 | port:\n  |      ^"),
        ];
        for (source, column, length, expected) in cases {
            let shown: Vec<String> =
                marked(source, column, length).lines().map(|line| line.trim_end().to_owned()).collect();
            assert_eq!(shown.join("\n"), expected, "{source:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let source = format!("{}: {} {}", "k".repeat(80), "value", "z".repeat(200));
        let shown = marked(&source, 83, 5);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() < 110), "{shown}");
        let (text, marks) = (lines[0], lines[1]);
        let at = marks.find('^').expect("marked");
        assert_eq!(text.chars().skip(at).take(5).collect::<String>(), "value", "{shown}");
    }

    #[test]
    fn both_places_are_shown_in_the_order_of_their_lines() {
        let place = |line| Span { line, column: 1, length: 4 };
        let problem = Diagnostic::new("a.yaml", "key `user` is written twice")
            .at(place(10), "user: b")
            .help("keep one of them")
            .also(Place { span: place(2), excerpt: "user: a".into(), label: "first here".into() });
        let expected = "\
error: key `user` is written twice
  --> a.yaml:10:1
   |
 2 | user: a
   | ---- first here
...
10 | user: b
   | ^^^^
help: keep one of them
";
        assert_eq!(problem.to_string(), expected);
    }

    #[test]
    fn the_last_line_counts_by_file() {
        let of = |files: &[&str]| {
            render(&files.iter().map(|file| Diagnostic::new(*file, "m")).collect::<Vec<_>>())
        };
        assert!(of(&["a"]).ends_with("\n\n1 problem in a\n"));
        assert!(of(&["a", "a"]).ends_with("\n\n2 problems in a\n"));
        assert!(of(&["a", "b", "a"]).ends_with("\n\n3 problems: 2 in a, 1 in b\n"));
    }
}
