//! Reads a single value by the form that its key asks for, or says what it should have been.

use super::mask::told;
use super::reader::{Reader, Written};
use super::record::Value;
use super::scalars;
use super::shape::{Choice, Form};
use super::unknown;
use crate::formats::yaml::{self, Style};
use crate::secret::{SOURCES, SecretSource};
use std::time::Duration;

impl Reader {
    pub(super) fn single(&mut self, text: &str, style: Style, written: Written<'_>) -> Option<Value> {
        let is_plain = style == Style::Plain;
        match written.form {
            Form::Text | Form::Texts | Form::AbsolutePath | Form::PathTemplate { .. } => {
                self.text(text, is_plain, written)
            }
            Form::Secret => match text.parse::<SecretSource>() {
                Ok(source) => Some(Value::Secret(source)),
                Err(problem) => self.no_source(&problem.to_string(), written),
            },
            Form::Choice(choices) => self.choice(text, choices, written),
            Form::Duration { least_s, most_s } => self.duration(text, *least_s..=*most_s, written),
            Form::Bool if is_plain && truth(text).is_some() => truth(text).map(Value::Bool),
            Form::Bool => self.wrong(written, &bool_help(text, written)),
            Form::Whole { least, most } | Form::WholeOrNull { least, most } => {
                match scalars::whole(text, *least, *most) {
                    Some(number) if is_plain => Some(Value::Whole(number)),
                    Some(number) => {
                        self.wrong(written, &format!("leave out the quotes: `{}: {number}`", written.name))
                    }
                    None => self.wrong(written, ""),
                }
            }
            Form::Mode => match scalars::mode(text) {
                Some(mode) => Some(Value::Mode(mode)),
                None => self.wrong(written, ""),
            },
            Form::Table(_) | Form::Tables(_) | Form::Parameters | Form::Settings => self.wrong(written, ""),
        }
    }

    /// A list or a mapping where a single value is due.
    pub(super) fn no_single(&mut self, written: Written<'_>) -> Option<Value> {
        match written.form {
            Form::Secret => self.no_source("a secret must not be written here", written),
            _ if written.node.is_flow && is_single(written.form) => {
                self.wrong(written, "put quotes around a text that begins with `{` or `[`")
            }
            _ => self.wrong(written, ""),
        }
    }

    fn text(&mut self, text: &str, is_plain: bool, written: Written<'_>) -> Option<Value> {
        let Written { node, form, name, example, .. } = written;
        if text.trim().is_empty() {
            self.refuse(node.span, format!("`{name}` is empty"), format!("for example `{name}: {example}`"));
            return None;
        }
        if is_plain && truth(text).is_some() {
            return self.wrong(written, "put quotes around it if it is meant as a text");
        }
        if let Some((problem, help)) = scalars::path_problem(text, form) {
            self.refuse(node.span, format!("`{name}` {problem}"), help);
            return None;
        }
        match form {
            Form::Texts => Some(Value::Texts(vec![text.to_owned()])),
            _ => Some(Value::Text(text.to_owned())),
        }
    }

    fn duration(
        &mut self,
        text: &str,
        range_s: std::ops::RangeInclusive<u64>,
        written: Written<'_>,
    ) -> Option<Value> {
        let range = Duration::from_secs(*range_s.start())..=Duration::from_secs(*range_s.end());
        match scalars::duration(text) {
            Ok(duration) if range.contains(&duration) => Some(Value::Duration(duration)),
            Ok(_) => self.wrong(written, ""),
            Err(help) => self.wrong(written, &help),
        }
    }

    /// A secret in clear: the value itself is in no message, and masked in the excerpt.
    pub(super) fn no_source(&mut self, problem: &str, written: Written<'_>) -> Option<Value> {
        self.refuse(written.node.span, format!("`{}`: {problem}", written.name), SOURCES);
        None
    }

    fn choice(&mut self, text: &str, choices: &'static [Choice], written: Written<'_>) -> Option<Value> {
        let words = choices.iter().map(|choice| choice.word);
        match choices.iter().find(|choice| choice.word == text) {
            Some(choice) => Some(Value::Choice(choice.word)),
            None => {
                let meant = unknown::nearest(text, words).map(|word| format!("did you mean `{word}`?"));
                self.wrong(written, &meant.unwrap_or_default())
            }
        }
    }

    /// Refuses a value of the wrong form. Without a help of its own, an example is the way out.
    fn wrong(&mut self, written: Written<'_>, help: &str) -> Option<Value> {
        let Written { node, form, name, example, .. } = written;
        let found = match &node.value {
            yaml::Value::Scalar { text, style: Style::Plain } if is_single(form) => {
                format!("`{}`", clipped(text))
            }
            yaml::Value::Scalar { text, style: Style::Quoted | Style::Block } if is_single(form) => {
                format!("the text `{}`", clipped(text))
            }
            yaml::Value::Scalar { .. }
            | yaml::Value::Sequence(_)
            | yaml::Value::Mapping(_)
            | yaml::Value::Alias(_) => node.kind().to_owned(),
        };
        let message = format!("`{name}` must be {}, not {found}", form.expected());
        let example = format!("for example `{name}: {example}`");
        self.refuse(node.span, message, if help.is_empty() { &example } else { help });
        None
    }
}

/// Whether a form is written as one value that is no secret, so that a wrong one may be repeated in the message.
fn is_single(form: &Form) -> bool {
    match form {
        Form::Text
        | Form::Bool
        | Form::Whole { .. }
        | Form::WholeOrNull { .. }
        | Form::Duration { .. }
        | Form::Mode
        | Form::Choice(_)
        | Form::Texts
        | Form::AbsolutePath
        | Form::PathTemplate { .. } => true,
        Form::Secret | Form::Table(_) | Form::Tables(_) | Form::Parameters | Form::Settings => false,
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The way out for what is a truth value elsewhere: in quotes, or spelled as YAML 1.1 allows.
fn bool_help(text: &str, written: Written<'_>) -> String {
    match (truth(text), yaml::as_bool_1_1(written.node)) {
        (Some(value), _) => format!("leave out the quotes: `{}: {value}`", written.name),
        (None, Some(value)) => format!("write `{}: {value}`", written.name),
        (None, None) => String::new(),
    }
}

/// A message stays on one line of a terminal, with room for what stands around a wrong value.
const CLIP: usize = 40;

fn clipped(text: &str) -> String {
    let line: String =
        told(text).chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    match line.char_indices().nth(CLIP) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
