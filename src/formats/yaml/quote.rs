//! Texts written so that YAML 1.1 and 1.2 readers both read them as meant.

use std::fmt::Write;

/// A word or a path stays plain, everything else is quoted.
pub fn text(text: &str) -> String {
    if is_plain(text) || is_amount(text) { text.to_string() } else { quoted(text) }
}

/// Single quotes, or double quotes with escapes for what not every reader takes literally.
pub fn quoted(text: &str) -> String {
    if text.chars().all(is_printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for character in text.chars() {
        push_escaped(&mut out, character);
    }
    out + "\""
}

/// Letters, digits and `_ . / - +` after a letter or `/`: no number, date, indicator or merge key begins like this, and
/// nothing in it ends a value inside of `[ ]` and `{ }`.
fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let goes_on_well = text.chars().all(|c| c.is_ascii_alphanumeric() || "_./-+".contains(c));
    starts_well && goes_on_well && !is_word_of_yaml_1_1(text)
}

/// `5000ms`, `64MiB/s`: digits with a unit as Cassandra writes it, which no reader takes for a number.
fn is_amount(text: &str) -> bool {
    let unit = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let units = ["ns", "us", "ms", "s", "m", "h", "d", "KiB", "MiB", "GiB", "B/s", "KiB/s", "MiB/s"];
    unit.len() < text.len() && units.contains(&unit)
}

fn is_word_of_yaml_1_1(text: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

/// SnakeYAML refuses a file with any other character in it; the releases that Cassandra 3.x ships also refuse characters
/// beyond U+FFFF (`StreamReader.NON_PRINTABLE`). Line separators would end the line.
fn is_printable(character: char) -> bool {
    match character {
        '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' => true,
        _ => false,
    }
}

fn push_escaped(out: &mut String, character: char) {
    let code = u32::from(character);
    let written = match character {
        '"' | '\\' => write!(out, "\\{character}"),
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        _ if is_printable(character) => write!(out, "{character}"),
        _ if code <= 0xff => write!(out, "\\x{code:02x}"),
        _ if code <= 0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
    written.expect("writing to a String does not fail");
}

/// How many bytes the quoted scalar at the start of `text` takes, with both quotes; all, where it does not close.
pub fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if escaped {
            escaped = false;
        } else if quote == '"' && character == '\\' {
            escaped = true;
        } else if character == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
                continue;
            }
            return at + 1;
        }
    }
    text.len()
}
