//! What the operator wrote: an inventory and a playbook, checked whole before anything is reached.

pub mod document;
pub mod entry;
pub mod internode;
pub mod inventory;
pub mod inventory_keys;
mod mask;
pub mod names;
mod nodes;
pub mod options;
pub mod playbook;
pub mod playbook_keys;
mod playbook_rules;
mod reader;
mod rollout_rules;
mod record;
mod scalars;
pub mod schema;
pub mod settings;
pub mod shape;
mod single;
pub mod store_keys;
pub mod stores;
mod unknown;
pub mod window;
mod written_out;

use crate::diagnostic::{Diagnostic, Span};
use crate::formats::yaml;
use document::Document;
use inventory::Inventory;
use inventory_keys::INVENTORY;
pub use mask::names_a_secret;
use playbook::Playbook;
use playbook_keys::PLAYBOOK;
use reader::Reader;
use record::Record;
pub use scalars::duration;
use shape::Table;
pub use unknown::nearest;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    pub inventory: Inventory,
    pub playbook: Playbook,
}

/// A file of the operator: its name as it is shown, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

/// Reads both files; every problem of both is in the answer, in the order of the lines, the inventory's first.
pub fn read(inventory: Source<'_>, playbook: Source<'_>) -> Result<Input, Vec<Diagnostic>> {
    match (read_inventory(inventory), read_playbook(playbook)) {
        (Ok(inventory), Ok(playbook)) => Ok(Input { inventory, playbook }),
        (inventory, playbook) => {
            let problems = inventory.err().into_iter().chain(playbook.err()).flatten();
            Err(problems.collect())
        }
    }
}

/// Reads an inventory alone, for commands without a playbook.
pub fn read_inventory(source: Source<'_>) -> Result<Inventory, Vec<Diagnostic>> {
    read_file(source, &INVENTORY, inventory::build)
}

/// Reads a playbook alone.
pub fn read_playbook(source: Source<'_>) -> Result<Playbook, Vec<Diagnostic>> {
    read_file(source, &PLAYBOOK, playbook::build)
}

fn read_file<T>(
    source: Source<'_>,
    table: &'static Table,
    build: fn(&Record, &mut Reader) -> T,
) -> Result<T, Vec<Diagnostic>> {
    let tree = match yaml::parse(source.text) {
        Ok(Some(tree)) => tree,
        Ok(None) => return Err(vec![empty(source, table)]),
        Err(problem) => return Err(vec![no_yaml(source, &problem)]),
    };
    let document = Document::new(source.file, source.text, Some(&tree));
    let mut reader = Reader { document, problems: Vec::new() };
    if !matches!(tree.value, yaml::Value::Mapping(_)) {
        let message = format!("{} must be a mapping, not {}", table.name, tree.kind());
        reader.refuse(tree.span, message, unknown::known(table));
        return Err(reader.problems);
    }
    let record = reader.record(&tree, table, "", tree.span);
    let built = build(&record, &mut reader);
    match in_order(reader.problems) {
        problems if problems.is_empty() => Ok(built),
        problems => Err(problems),
    }
}

/// By line; a problem that several nodes share is one.
fn in_order(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    problems.sort_by_key(|problem| problem.span);
    let mut kept: Vec<Diagnostic> = Vec::new();
    for problem in problems {
        let is_known = kept
            .iter()
            .rev()
            .take_while(|before| before.span == problem.span)
            .any(|before| *before == problem);
        if !is_known {
            kept.push(problem);
        }
    }
    kept
}

fn empty(source: Source<'_>, table: &Table) -> Diagnostic {
    let required = table.keys.iter().filter(|key| key.required).map(|key| format!("`{}`", key.name));
    let required: Vec<String> = required.collect();
    Diagnostic::new(source.file, "the file is empty").help(format!(
        "{} needs at least {}",
        table.name,
        required.join(" and ")
    ))
}

fn no_yaml(source: Source<'_>, problem: &yaml::SyntaxError) -> Diagnostic {
    let document = Document::new(source.file, source.text, None);
    let message = format!("this is no YAML: {}", problem.message);
    let line = source.text.lines().nth(problem.span.line.saturating_sub(1)).unwrap_or_default();
    let indent: Vec<char> = line.chars().take_while(|character| character.is_whitespace()).collect();
    if let Some(tab) = indent.iter().position(|character| *character == '\t') {
        let span = Span { column: tab + 1, length: 1, ..problem.span };
        return document.diagnostic(span, message, "write spaces instead of the tab");
    }
    let shown = document.problem(problem.span, message);
    match line.contains(['[', '{', ']', '}']) {
        true => shown.help("close every bracket, and put quotes around a text that has brackets of its own"),
        false => shown,
    }
}
