//! The JSON Schemas of both files, out of the tables that the reader goes by.

use super::inventory_keys::INVENTORY;
use super::playbook_keys::PLAYBOOK;
use super::shape::{Choice, Form, Key, Table};
use serde_json::{Map, Value, json};

/// The schema of an inventory, JSON Schema draft 2020-12.
pub fn inventory() -> Value {
    document(&INVENTORY, "An inventory of ringwalk: one cluster's nodes and how to reach them")
}

/// The schema of a playbook.
pub fn playbook() -> Value {
    document(&PLAYBOOK, "A playbook of ringwalk: what the cluster should be, phase by phase")
}

fn document(table: &Table, title: &str) -> Value {
    let mut schema = of_table(table);
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    Value::Object(schema)
}

fn of_table(table: &Table) -> Map<String, Value> {
    let keys = || table.keys.iter();
    let properties: Map<String, Value> = keys().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let required: Vec<&str> = keys().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_form(&key.form);
    let description = match key.default {
        "" => key.about.to_owned(),
        default => format!("{} Default: {default}.", key.about),
    };
    schema.insert("description".to_owned(), json!(description));
    Value::Object(schema)
}

fn of_form(form: &Form) -> Map<String, Value> {
    let schema = match form {
        // A name such as 2024 is a number to YAML and a text to the reader.
        Form::Text => json!({ "type": ["string", "number"], "minLength": 1 }),
        Form::Bool => json!({ "type": "boolean" }),
        Form::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::WholeOrNull { least, most } => {
            let number = json!({ "type": "integer", "minimum": least, "maximum": most });
            json!({ "anyOf": [number, { "type": "null" }] })
        }
        Form::Duration { .. } => json!({ "type": "string", "pattern": "^[0-9]+ *[smh]$" }),
        Form::Mode => json!({
            "anyOf": [
                { "type": "string", "pattern": "^(0|0o)?[0-7]{3}$" },
                { "type": "integer", "minimum": 0, "maximum": 777 },
            ],
        }),
        Form::Secret => json!({ "type": "string", "pattern": "^(env:.+|file:.+|command:.+|prompt:)$" }),
        Form::Choice(choices) => json!({ "oneOf": choices.iter().map(of_choice).collect::<Vec<_>>() }),
        Form::Texts => json!({
            "anyOf": [
                { "type": ["string", "number"], "minLength": 1 },
                { "type": "array", "items": { "type": ["string", "number"], "minLength": 1 } },
            ],
        }),
        Form::AbsolutePath | Form::PathTemplate { absolute: true } => {
            json!({ "type": "string", "pattern": "^/" })
        }
        Form::PathTemplate { absolute: false } => json!({ "type": "string", "minLength": 1 }),
        Form::Table(table) => Value::Object(of_table(table)),
        Form::Tables(table) => json!({ "type": "array", "minItems": 1, "items": of_table(table) }),
        Form::Parameters => {
            json!({ "type": "object", "additionalProperties": { "type": ["string", "number"] } })
        }
        Form::Settings => json!({ "type": "object" }),
    };
    match schema {
        Value::Object(map) => map,
        other => unreachable!("a form's schema is an object, not {other}"),
    }
}

fn of_choice(choice: &Choice) -> Value {
    json!({ "const": choice.word, "description": choice.about })
}
