//! The shape of an operator's file as data: which keys a mapping knows, and what each must hold.
//!
//! One table serves the reader, the JSON Schema and the reference pages, so that they cannot drift apart.

/// A mapping and the keys it knows.
#[derive(Debug)]
pub struct Table {
    /// What a message calls it: "`ssh`", "a node".
    pub name: &'static str,
    pub keys: &'static [Key],
}

#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    pub required: bool,
    /// One sentence for the reference page and the schema.
    pub about: &'static str,
    /// A value as it is written in YAML, shown where another one is wrong.
    pub example: &'static str,
    /// What holds when the key is left out, in words or as a value; empty if nothing does.
    pub default: &'static str,
}

/// What a key must hold.
#[derive(Debug)]
pub enum Form {
    Text,
    Bool,
    Whole {
        least: u32,
        most: u32,
    },
    /// The same, or `null`: the key is taken out of the file.
    WholeOrNull {
        least: u32,
        most: u32,
    },
    /// A number with a unit, `s`, `m`, `h` or `d`.
    Duration {
        least_s: u64,
        most_s: u64,
    },
    /// A file mode in octal.
    Mode,
    /// Where a secret comes from.
    Secret,
    Choice(&'static [Choice]),
    /// A text or a list of texts.
    Texts,
    AbsolutePath,
    /// A path that may hold `{node}` and `{address}`.
    PathTemplate {
        absolute: bool,
    },
    Table(&'static Table),
    /// A list of mappings, at least one.
    Tables(&'static Table),
    /// A mapping with keys of the operator's own.
    Parameters,
    /// Paths in `cassandra.yaml` and what each is set to.
    Settings,
}

/// One word of a choice.
#[derive(Debug)]
pub struct Choice {
    pub word: &'static str,
    pub about: &'static str,
}

impl Table {
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Key {
    /// A key that may be left out.
    pub const fn new(name: &'static str, form: Form, about: &'static str, example: &'static str) -> Key {
        Key { name, form, required: false, about, example, default: "" }
    }

    pub const fn required(self) -> Key {
        Key { required: true, ..self }
    }

    pub const fn or(self, default: &'static str) -> Key {
        Key { default, ..self }
    }
}

impl Choice {
    pub const fn new(word: &'static str, about: &'static str) -> Choice {
        Choice { word, about }
    }
}

impl Form {
    /// What is expected, for the sentence "`port` must be …".
    pub fn expected(&self) -> String {
        match self {
            Form::Text => "a text".to_owned(),
            Form::Bool => "`true` or `false`".to_owned(),
            Form::Whole { least, most } if least == most => format!("`{least}`"),
            Form::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Form::WholeOrNull { least, most } => format!("a whole number from {least} to {most}, or `null`"),
            Form::Duration { least_s, most_s } => {
                format!("a time from {} to {}", shown_duration(*least_s), shown_duration(*most_s))
            }
            Form::Mode => "a file mode of three octal digits".to_owned(),
            Form::Secret => "where a secret comes from".to_owned(),
            Form::Choice(choices) => words(choices),
            Form::Texts => "a text or a list of texts".to_owned(),
            Form::AbsolutePath | Form::PathTemplate { absolute: true } => "an absolute path".to_owned(),
            Form::PathTemplate { absolute: false } => "a path".to_owned(),
            Form::Table(_) | Form::Parameters => "a mapping".to_owned(),
            Form::Settings => "a mapping of paths to values".to_owned(),
            Form::Tables(_) => "a list of mappings".to_owned(),
        }
    }
}

fn words(choices: &[Choice]) -> String {
    let words: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.word)).collect();
    one_of(&words)
}

/// "a, b or c".
pub fn one_of(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A duration as the operator writes it, in the largest unit that divides it.
pub fn shown_duration(seconds: u64) -> String {
    match seconds {
        0 => "0s".to_owned(),
        days if days > 86_400 && days % 86_400 == 0 => format!("{}d", days / 86_400),
        hours if hours % 3600 == 0 => format!("{}h", hours / 3600),
        minutes if minutes % 60 == 0 => format!("{}m", minutes / 60),
        seconds => format!("{seconds}s"),
    }
}
