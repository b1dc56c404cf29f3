//! `ringwalk schema`: the JSON Schema of what the operator writes.

use super::arguments::SchemaOf;
use super::exit::Exit;
use super::{Trouble, print};
use crate::input::schema;
use anyhow::Context;

pub fn run(of: SchemaOf) -> Result<Exit, Trouble> {
    let schema = match of {
        SchemaOf::Inventory => schema::inventory(),
        SchemaOf::Playbook => schema::playbook(),
    };
    print(&(serde_json::to_string_pretty(&schema).context("cannot write the schema as JSON")? + "\n"));
    Ok(Exit::Success)
}
