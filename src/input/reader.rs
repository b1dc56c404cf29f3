//! Reads a YAML tree by its table; every problem is noted, none ends the reading.

use super::document::Document;
use super::mask::{names_a_secret, told};
use super::options::Setting;
use super::record::{Field, Record, Value};
use super::shape::{Form, Key, Table};
use super::unknown;
use crate::diagnostic::{Diagnostic, Span};
use crate::formats::yaml;

/// A file being read: what is known of it, and what is wrong so far.
pub struct Reader {
    pub document: Document,
    pub problems: Vec<Diagnostic>,
}

/// A value to be read: what is written, for which key, and what it must be.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub node: &'a yaml::Node,
    pub form: &'static Form,
    /// The path from the top of the file, such as `rollout.timeouts.drain`.
    pub path: &'a str,
    pub name: &'a str,
    pub key: Span,
    pub example: &'static str,
}

impl Reader {
    /// Notes a problem, with a way out if there is one.
    pub fn refuse(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let help = help.into();
        let problem = self.document.problem(span, message);
        self.problems.push(if help.is_empty() { problem } else { problem.help(help) });
    }

    /// A mapping by its table. `path` is empty at the top of the file; `span` is where a missing key is shown.
    pub fn record(&mut self, node: &yaml::Node, table: &'static Table, path: &str, span: Span) -> Record {
        let mut record = Record::new(span);
        self.repeated_keys(node);
        for entry in node.entries() {
            let name = entry.key.as_str().unwrap_or_default();
            match table.key(name) {
                Some(key) => self.entry(&mut record, entry, key, path),
                None => {
                    let (message, help) = unknown::key(name, table);
                    self.refuse(entry.key.span, message, help);
                }
            }
        }
        self.missing_keys(&record, table, path);
        record
    }

    fn entry(&mut self, record: &mut Record, entry: &yaml::Entry, key: &'static Key, path: &str) {
        let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        self.document.note(path.clone(), entry.key.span);
        let written = Written {
            node: &entry.value,
            form: &key.form,
            path: &path,
            name: key.name,
            key: entry.key.span,
            example: key.example,
        };
        let value = self.value(written);
        // Of a repeated key the first counts; the problem is noted already.
        if !record.has(key.name) {
            record.insert(key.name, Field { key: entry.key.span, at: entry.value.span, value });
        }
    }

    pub(super) fn repeated_keys(&mut self, node: &yaml::Node) {
        for duplicate in node.duplicates() {
            let first = self.document.other_place(duplicate.first.span, "first written here");
            let message = format!("key `{}` is written twice", told(duplicate.key));
            let problem = self.document.problem(duplicate.again.span, message);
            self.problems.push(problem.also(first).help("keep one of them"));
        }
    }

    fn missing_keys(&mut self, record: &Record, table: &'static Table, path: &str) {
        for key in table.keys.iter().filter(|key| key.required && !record.has(key.name)) {
            let message = format!("`{}` is missing in {}", key.name, table.name);
            let problem = if path.is_empty() {
                Diagnostic::new(&self.document.file, message)
            } else {
                self.document.problem(record.span, message)
            };
            self.problems.push(problem.help(format!("for example `{}: {}`", key.name, key.example)));
        }
    }

    /// A value by its form; `None` once a problem is noted.
    pub(super) fn value(&mut self, written: Written<'_>) -> Option<Value> {
        let Written { node, form, name, .. } = written;
        let is_empty = matches!(&node.value, yaml::Value::Scalar { text, .. } if text.is_empty());
        if matches!(form, Form::WholeOrNull { .. }) && yaml::is_null(node) && !is_empty {
            return Some(Value::Null);
        }
        if yaml::is_null(node) {
            let help = format!("leave the key out, or write for example `{name}: {}`", written.example);
            self.refuse(written.key, format!("`{name}` has no value"), help);
            return None;
        }
        match (&node.value, form) {
            (yaml::Value::Alias(_), _) => {
                self.refuse(node.span, "an alias stands for nothing here", "write the value out");
                None
            }
            (yaml::Value::Mapping(_), Form::Table(table)) => {
                Some(Value::Record(self.record(node, table, written.path, written.key)))
            }
            (yaml::Value::Mapping(entries), Form::Parameters) => self.parameters(node, entries),
            (yaml::Value::Mapping(_), Form::Settings) => self.settings(written),
            (yaml::Value::Sequence(items), Form::Tables(table)) => self.records(items, table, written),
            (yaml::Value::Sequence(items), Form::Texts) => self.texts(items, written),
            (yaml::Value::Scalar { text, style }, _) => self.single(text, *style, written),
            (yaml::Value::Sequence(_) | yaml::Value::Mapping(_), _) => self.no_single(written),
        }
    }

    fn records(
        &mut self,
        items: &[yaml::Node],
        table: &'static Table,
        written: Written<'_>,
    ) -> Option<Value> {
        if items.is_empty() {
            let help = format!("for example `{}: {}`", written.name, written.example);
            self.refuse(written.key, format!("`{}` is empty", written.name), help);
            return None;
        }
        let mut records = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", written.path);
            self.document.note(path.clone(), item.span);
            match &item.value {
                yaml::Value::Mapping(_) => records.push(self.record(item, table, &path, item.span)),
                yaml::Value::Scalar { .. } | yaml::Value::Sequence(_) | yaml::Value::Alias(_) => {
                    let message = format!("{} must be a mapping, not {}", table.name, item.kind());
                    self.refuse(item.span, message, unknown::known(table));
                }
            }
        }
        Some(Value::Records(records))
    }

    fn texts(&mut self, items: &[yaml::Node], written: Written<'_>) -> Option<Value> {
        let mut text = |item| match self.value(Written { node: item, form: &Form::Text, ..written })? {
            Value::Text(text) => Some(text),
            other => unreachable!("a text was read as {other:?}"),
        };
        // All are read before one that is missing ends it, so that every problem is noted.
        let texts: Vec<Option<String>> = items.iter().map(&mut text).collect();
        texts.into_iter().collect::<Option<_>>().map(Value::Texts)
    }

    fn parameters(&mut self, node: &yaml::Node, entries: &[yaml::Entry]) -> Option<Value> {
        self.repeated_keys(node);
        let mut parameters = Vec::new();
        for entry in entries {
            let name = entry.key.as_str().unwrap_or_default();
            let (form, example) = if names_a_secret(name) {
                (&Form::Secret, "env:PASSWORD")
            } else {
                (&Form::Text, "some text")
            };
            let written = Written { node: &entry.value, form, path: "", name, key: entry.key.span, example };
            parameters.push(self.value(written).map(|value| match value {
                Value::Secret(source) => (name.to_owned(), Setting::Secret(source)),
                Value::Text(text) => (name.to_owned(), Setting::Text(text)),
                other => unreachable!("a parameter was read as {other:?}"),
            }));
        }
        parameters.into_iter().collect::<Option<_>>().map(Value::Parameters)
    }
}
