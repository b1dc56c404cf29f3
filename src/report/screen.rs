//! How wide lines may be and whether they may be coloured.

use console::Style;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// What a text is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// In characters.
    pub width: usize,
    pub color: bool,
}

// What a text file, a mail and a side-by-side review all show unbroken.
const WIDTH_WITHOUT_TERMINAL: usize = 100;

impl Screen {
    /// Standard output as it is.
    pub fn of_stdout(color: Color) -> Screen {
        let term = console::Term::stdout();
        let width = match term.is_term() {
            true => usize::from(term.size().1),
            false => WIDTH_WITHOUT_TERMINAL,
        };
        let color = match color {
            Color::Auto => term.is_term() && !is_dumb() && !no_color(),
            Color::Always => true,
            Color::Never => false,
        };
        Screen { width, color }
    }

    pub fn bold(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub fn green(self, text: &str) -> String {
        self.paint(Style::new().green(), text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.paint(Style::new().yellow(), text)
    }

    pub fn red(self, text: &str) -> String {
        self.paint(Style::new().red(), text)
    }

    pub fn cyan(self, text: &str) -> String {
        self.paint(Style::new().cyan(), text)
    }

    fn paint(self, style: Style, text: &str) -> String {
        style.force_styling(self.color).apply_to(text).to_string()
    }

    /// Breaks `text` between words. The first line begins with `first`, the others with as many spaces.
    pub fn wrap(self, first: &str, text: &str) -> String {
        let indent = console::measure_text_width(first.trim_start_matches('\n'));
        let mut lines = String::from(first);
        let mut column = indent;
        for (index, word) in text.split_whitespace().enumerate() {
            let width = console::measure_text_width(word);
            if index > 0 && column + 1 + width > self.width {
                lines.push('\n');
                lines.push_str(&" ".repeat(indent));
                column = indent;
            } else if index > 0 {
                lines.push(' ');
                column += 1;
            }
            lines.push_str(word);
            column += width;
        }
        lines.push('\n');
        lines
    }
}

/// A terminal that cannot move its cursor.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// <https://no-color.org>: set and not empty.
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
