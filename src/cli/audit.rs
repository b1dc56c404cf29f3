//! `ringwalk audit`: every node's TLS, on the wire and in its files; changes nothing.

use super::arguments::{AuditArguments, Form, Global};
use super::exit::Exit;
use super::load::{self, load_inventory};
use super::{Trouble, print, reach};
use crate::audit::{Policy, audit};
use crate::cluster::audit::look;
use crate::diagnostic::Diagnostic;
use crate::input::playbook::Stores;
use crate::input::{Source, read_playbook};
use crate::report::{self, Screen};
use anyhow::Context;
use jiff::Timestamp;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

pub async fn run(global: &Global, options: &AuditArguments) -> Result<Exit, Trouble> {
    let loaded = load_inventory(global.inventory.as_deref(), global.playbook.as_deref())?;
    let expiry_warning = expiry_warning(global.playbook.as_deref())?;
    let cluster = reach::cluster(&loaded);
    let looks = look(&cluster).await;
    let policy = Policy { now: Timestamp::now(), expiry_warning };
    let audit = audit(&loaded.input.inventory.cluster, &looks, policy);
    let text = match global.form {
        Form::Text => report::audit::text(&audit, Screen::of_stdout(global.color.into())),
        Form::Json => serde_json::to_string(&audit).context("cannot write JSON")? + "\n",
        Form::Prometheus => report::audit::prometheus::text(&audit),
    };
    match &options.out {
        None => print(&text),
        Some(path) => write_whole(path, &text)
            .with_context(|| format!("cannot write the audit to {}", path.display()))?,
    }
    Ok(if audit.is_clean() { Exit::Success } else { Exit::Findings })
}

/// What a playbook says of it, if one is named; its secrets are not read.
fn expiry_warning(playbook: Option<&Path>) -> Result<Duration, Vec<Diagnostic>> {
    let Some(path) = playbook else { return Ok(Stores::default().expiry_warning) };
    let text = load::text_of(path).map_err(|problem| vec![problem])?;
    let file = path.display().to_string();
    Ok(read_playbook(Source { file: &file, text: &text })?.stores.expiry_warning)
}

/// A collector that reads at any moment finds the old file or the new one, whole.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    // node_exporter reads what ends in `.prom`, so that this name is none of its; it is another user, so the mode is what
    // the operator's umask makes of it.
    let mut file = tempfile::Builder::new()
        .prefix(".ringwalk.")
        .suffix(".new")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(load::directory_of(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
