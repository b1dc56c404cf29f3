//! A mapping that was read by its table: values of the right form, and the place of each.

use super::options::Setting;
use crate::diagnostic::{Span, Spanned};
use crate::secret::SecretSource;
use std::collections::BTreeMap;
use std::time::Duration;

/// The keys that were written, each with its value, or without one if that was wrong and is already a problem.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub span: Span,
    fields: BTreeMap<&'static str, Field>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub key: Span,
    pub at: Span,
    pub value: Option<Value>,
}

/// A value of the form that its table asks for.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Bool(bool),
    Whole(u32),
    /// Out of the file.
    Null,
    Duration(Duration),
    Mode(u32),
    Secret(SecretSource),
    Choice(&'static str),
    Texts(Vec<String>),
    Record(Record),
    Records(Vec<Record>),
    Parameters(Vec<(String, Setting)>),
    Settings(BTreeMap<String, Spanned<Setting>>),
}

impl Setting {
    /// What an option of cassandra.yaml is set to by it.
    pub(super) fn build(value: &Value) -> Setting {
        match value {
            Value::Text(text) => Setting::Text(text.clone()),
            Value::Bool(value) => Setting::Bool(*value),
            Value::Whole(number) | Value::Mode(number) => Setting::Number(i64::from(*number)),
            Value::Null => Setting::Absent,
            Value::Duration(duration) => Setting::Text(format!("{}s", duration.as_secs())),
            Value::Secret(source) => Setting::Secret(source.clone()),
            Value::Choice(word) => Setting::Text((*word).to_owned()),
            Value::Texts(texts) => Setting::List(texts.clone()),
            Value::Record(record) => Setting::Map(
                record
                    .fields()
                    .filter_map(|(key, field)| Some((key.to_owned(), Setting::build(field.value.as_ref()?))))
                    .collect(),
            ),
            Value::Parameters(parameters) => Setting::Map(parameters.clone()),
            Value::Records(_) | Value::Settings(_) => {
                unreachable!("no option holds a list of mappings or paths")
            }
        }
    }
}

impl Record {
    pub fn new(span: Span) -> Record {
        Record { span, fields: BTreeMap::new() }
    }

    pub fn insert(&mut self, key: &'static str, field: Field) {
        self.fields.insert(key, field);
    }

    /// Every key that was written, by its name.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &Field)> {
        self.fields.iter().map(|(key, field)| (*key, field))
    }

    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.get(key)
    }

    /// Whether the key was written, rightly or wrongly.
    pub fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// This record, and what only `beneath` says; mappings of both are laid over each other too.
    pub fn over(&self, beneath: &Record) -> Record {
        let mut merged = beneath.clone();
        merged.span = self.span;
        for (key, field) in &self.fields {
            let under = beneath.field(key).and_then(|field| field.value.as_ref());
            let value = match (&field.value, under) {
                (Some(Value::Record(upper)), Some(Value::Record(under))) => {
                    Some(Value::Record(upper.over(under)))
                }
                (value, _) => value.clone(),
            };
            merged.insert(key, Field { value, ..*field });
        }
        merged
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).and_then(|field| field.value.as_ref())
    }

    pub fn text(&self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::Text(text) => Some(text.clone()),
            other => wrong_form(key, other),
        }
    }

    /// A text with its place.
    pub fn spanned_text(&self, key: &str) -> Option<Spanned<String>> {
        let span = self.field(key)?.at;
        self.text(key).map(|value| Spanned { value, span })
    }

    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(value) => Some(*value),
            other => wrong_form(key, other),
        }
    }

    pub fn whole(&self, key: &str) -> Option<u32> {
        match self.value(key)? {
            Value::Whole(value) => Some(*value),
            other => wrong_form(key, other),
        }
    }

    /// A whole number whose table limits it to ports.
    pub fn port(&self, key: &str) -> Option<u16> {
        self.whole(key).map(|port| u16::try_from(port).expect("the table limits a port to 65535"))
    }

    /// What a key of cassandra.yaml is set to.
    pub fn setting(&self, key: &str) -> Option<Setting> {
        self.value(key).map(Setting::build)
    }

    pub fn duration(&self, key: &str) -> Option<Duration> {
        match self.value(key)? {
            Value::Duration(value) => Some(*value),
            other => wrong_form(key, other),
        }
    }

    pub fn mode(&self, key: &str) -> Option<u32> {
        match self.value(key)? {
            Value::Mode(value) => Some(*value),
            other => wrong_form(key, other),
        }
    }

    pub fn secret(&self, key: &str) -> Option<SecretSource> {
        match self.value(key)? {
            Value::Secret(value) => Some(value.clone()),
            other => wrong_form(key, other),
        }
    }

    pub fn choice(&self, key: &str) -> Option<&'static str> {
        match self.value(key)? {
            Value::Choice(word) => Some(word),
            other => wrong_form(key, other),
        }
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Texts(texts)) => texts.clone(),
            Some(other) => wrong_form(key, other),
        }
    }

    pub fn settings(&self, key: &str) -> BTreeMap<String, Spanned<Setting>> {
        match self.value(key) {
            None => BTreeMap::new(),
            Some(Value::Settings(settings)) => settings.clone(),
            Some(other) => wrong_form(key, other),
        }
    }

    pub fn record(&self, key: &str) -> Option<&Record> {
        match self.value(key)? {
            Value::Record(record) => Some(record),
            other => wrong_form(key, other),
        }
    }

    pub fn records(&self, key: &str) -> &[Record] {
        match self.value(key) {
            None => &[],
            Some(Value::Records(records)) => records,
            Some(other) => wrong_form(key, other),
        }
    }
}

/// A table and the code that takes its values disagree, which any test that reads the key finds.
fn wrong_form(key: &str, value: &Value) -> ! {
    panic!("the table of `{key}` lets {value:?} through")
}
