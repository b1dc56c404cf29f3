//! Reader, JSON Schema and reference pages know the same keys, and every example that they give is right.

use super::{check, files, root};
use ringwalk::diagnostic::render;
use ringwalk::formats::yaml;
use ringwalk::input::inventory_keys::INVENTORY;
use ringwalk::input::options::OptionKey;
use ringwalk::input::playbook_keys::{OPTIONS, PLAYBOOK};
use ringwalk::input::shape::{Form, Key, Table};
use ringwalk::input::{self, Source, schema};
use serde_json::{Map, Value};
use std::fs;

/// A document in which every key of the table stands with its example.
fn document(table: &Table) -> String {
    let entry = |key: &Key| match &key.form {
        Form::Table(inner) => format!("{}: {{ {} }}", key.name, document(inner)),
        Form::Tables(inner) => format!("{}: [{{ {} }}]", key.name, document(inner)),
        _ => format!("{}: {}", key.name, quoted(key)),
    };
    let entries = table.keys.iter().map(entry).filter(|entry| !entry.is_empty());
    entries.collect::<Vec<_>>().join(", ")
}

/// An example inside of `{ }`, where a comma would end it.
fn quoted(key: &Key) -> String {
    let is_collection = key.example.starts_with(['[', '{', '"']);
    if is_collection || !key.example.contains([',', '{', '[']) {
        key.example.to_owned()
    } else {
        format!("'{}'", key.example)
    }
}

/// Whether a problem is one of form; the others come from keys that do not go together, as here they all do.
fn is_of_form(message: &str) -> bool {
    ["unknown key", "must be", "is missing", "is empty", "has no value", "no YAML", "must not"]
        .iter()
        .any(|words| message.contains(words))
}

#[test]
fn every_key_is_read_with_the_example_that_its_table_gives() {
    let inventory = format!("{{ {} }}", document(&INVENTORY));
    let playbook = format!("{{ {} }}", document(&PLAYBOOK));
    let problems = [
        input::read_inventory(Source { file: "inventory", text: &inventory }).err().unwrap_or_default(),
        input::read_playbook(Source { file: "playbook", text: &playbook }).err().unwrap_or_default(),
    ];
    let problems: Vec<_> =
        problems.concat().into_iter().filter(|problem| is_of_form(&problem.message)).collect();
    assert!(problems.is_empty(), "{}", render(&problems));
}

#[test]
fn the_table_of_options_has_every_option() {
    let known: Vec<&str> = OPTIONS.keys.iter().map(|key| key.name).collect();
    let mut options: Vec<&str> = OptionKey::ALL.iter().map(|option| option.key()).collect();
    assert_eq!(known.len(), options.len());
    options.retain(|option| !known.contains(option));
    assert!(options.is_empty(), "{options:?}");
}

#[test]
fn the_schema_has_the_keys_of_the_tables() {
    for (table, schema) in [(&INVENTORY, schema::inventory()), (&PLAYBOOK, schema::playbook())] {
        same_keys(table, &schema);
    }
}

fn same_keys(table: &Table, schema: &Value) {
    let properties = schema["properties"].as_object().expect("properties");
    let mut known: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
    known.sort_unstable();
    let mut shown: Vec<&str> = properties.keys().map(String::as_str).collect();
    shown.sort_unstable();
    assert_eq!(known, shown, "{}", table.name);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    for key in table.keys {
        match &key.form {
            Form::Table(inner) => same_keys(inner, &properties[key.name]),
            Form::Tables(inner) => same_keys(inner, &properties[key.name]["items"]),
            _ => {}
        }
    }
}

#[test]
fn every_example_file_is_valid_by_the_schema() {
    for (folder, schema) in [("inventories", schema::inventory()), ("playbooks", schema::playbook())] {
        for path in files(folder) {
            let text = fs::read_to_string(&path).expect("readable");
            let tree = yaml::parse(&text).expect("YAML").expect("not empty");
            assert_eq!(invalid(&as_json(&tree), &schema), None, "{}", path.display());
        }
    }
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let mut refused = 0;
    for (name, schema) in [("inventory.yaml", schema::inventory()), ("playbook.yaml", schema::playbook())] {
        for case in files("tests/input").into_iter().filter(|path| path.is_dir()) {
            let Ok(text) = fs::read_to_string(case.join(name)) else { continue };
            let Ok(Some(tree)) = yaml::parse(&text) else { continue };
            refused += usize::from(invalid(&as_json(&tree), &schema).is_some());
        }
    }
    assert!(refused >= 20, "the schema refuses only {refused} of the cases");
}

/// YAML 1.2 as an editor's schema checker reads it.
fn as_json(node: &yaml::Node) -> Value {
    match &node.value {
        yaml::Value::Mapping(entries) => Value::Object(Map::from_iter(
            entries
                .iter()
                .map(|entry| (entry.key.as_str().unwrap_or_default().to_owned(), as_json(&entry.value))),
        )),
        yaml::Value::Sequence(items) => Value::Array(items.iter().map(as_json).collect()),
        yaml::Value::Scalar { text, style: yaml::Style::Plain } => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        yaml::Value::Scalar { text, .. } => Value::String(text.clone()),
        yaml::Value::Alias(_) => Value::Null,
    }
}

/// Why a value does not fit a schema, by the part of JSON Schema that ours are written in; `pattern` is not looked at.
fn invalid(value: &Value, schema: &Value) -> Option<String> {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let fits = match keyword.as_str() {
            "type" => types(value).iter().any(|kind| {
                rule == kind || rule.as_array().is_some_and(|kinds| kinds.contains(&Value::from(*kind)))
            }),
            "const" => value == rule,
            "oneOf" | "anyOf" => {
                rule.as_array().expect("a list").iter().any(|one| invalid(value, one).is_none())
            }
            "minimum" => value.as_f64() >= rule.as_f64(),
            "maximum" => value.as_f64() <= rule.as_f64(),
            "minLength" => value.as_str().is_none_or(|text| !text.is_empty()),
            "minItems" => value.as_array().is_none_or(|items| !items.is_empty()),
            "required" => rule
                .as_array()
                .expect("a list")
                .iter()
                .all(|key| value.get(key.as_str().expect("a key")).is_some()),
            "properties" | "items" | "additionalProperties" => {
                if let Some(why) = invalid_below(value, schema, keyword, rule) {
                    return Some(why);
                }
                true
            }
            "$schema" | "title" | "description" | "pattern" => true,
            other => panic!("`{other}` is not checked"),
        };
        if !fits {
            return Some(format!("{value} does not fit {keyword}: {rule}"));
        }
    }
    None
}

/// Every name that JSON Schema has for the type of a value.
fn types(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(number) if number.is_i64() || number.is_u64() => &["integer", "number"],
        Value::Number(_) => &["number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    }
}

fn invalid_below(value: &Value, schema: &Value, keyword: &str, rule: &Value) -> Option<String> {
    let entries = || value.as_object().into_iter().flatten();
    match keyword {
        "properties" => {
            entries().find_map(|(key, value)| rule.get(key).and_then(|schema| invalid(value, schema)))
        }
        "items" => value.as_array()?.iter().find_map(|item| invalid(item, rule)),
        _ => entries().find_map(|(key, value)| match (schema.get("properties"), rule) {
            (Some(known), Value::Bool(false)) => {
                known.get(key).is_none().then(|| format!("unknown key {key}"))
            }
            _ => invalid(value, rule),
        }),
    }
}

#[test]
fn the_reference_pages_have_the_keys_of_the_tables() {
    for (page, table) in [("docs/inventory.md", &INVENTORY), ("docs/playbook.md", &PLAYBOOK)] {
        let path = root(page);
        let text = fs::read_to_string(&path).expect(page);
        let (before, _) = text.split_once(MARK).expect("the mark after which keys are listed");
        check(&path, &format!("{before}{MARK}\n{}", section(table, "")))
            .unwrap_or_else(|difference| panic!("{difference}"));
    }
}

const MARK: &str = "<!-- Below: every key, from the tables that the program reads by. `UPDATE=1 cargo test --test input` writes it. -->\n";

/// A table of the keys, and one for each mapping below it.
fn section(table: &Table, path: &str) -> String {
    let title = if path.is_empty() { "The file".to_owned() } else { format!("`{path}`") };
    let mut text = format!("### {title}\n\n| key | must be | default | |\n|---|---|---|---|\n");
    for key in table.keys {
        let default = if key.required { "**required**" } else { key.default };
        let expected = key.form.expected();
        let about = about(key);
        text.push_str(&format!("| `{}` | {expected} | {default} | {about} |\n", key.name));
    }
    for key in table.keys {
        let path = |suffix: &str| match path {
            "" => format!("{}{suffix}", key.name),
            above => format!("{above}.{}{suffix}", key.name),
        };
        match &key.form {
            // What a node may repeat is explained where the file says it.
            Form::Table(_) if path("").starts_with("nodes[].") || is_told_before(&path("")) => {}
            Form::Table(inner) => text.push_str(&format!("\n{}", section(inner, &path("")))),
            Form::Tables(inner) => text.push_str(&format!("\n{}", section(inner, &path("[]")))),
            _ => {}
        }
    }
    text
}

/// The other stores have the keys of the first.
fn is_told_before(path: &str) -> bool {
    ["stores.truststore", "stores.internode_keystore", "stores.internode_truststore"].contains(&path)
}

fn about(key: &Key) -> String {
    match &key.form {
        Form::Choice(choices) => {
            let words = choices.iter().map(|choice| format!("`{}`: {}", choice.word, choice.about));
            format!("{} {}", key.about, words.collect::<Vec<_>>().join(" "))
        }
        _ if key.example.is_empty() || matches!(key.form, Form::Table(_) | Form::Tables(_)) => {
            key.about.to_owned()
        }
        _ => format!("{} `{}`", key.about, key.example),
    }
}
