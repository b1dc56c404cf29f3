//! `ringwalk clients`: who is connected, and how; changes nothing.

use super::arguments::{ClientsArguments, Global, OutputForm};
use super::exit::Exit;
use super::load::{Loaded, load, load_inventory};
use super::{Trouble, print, reach};
use crate::cluster::{clients, survey};
use crate::facts::clients::Clients;
use crate::report::{self, Screen};
use anyhow::Context;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A connection that lives shorter may not be seen; drivers keep theirs for hours.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// `--watch` without a time: longer, and nobody is watching any more.
const LONGEST_WATCH: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn run(global: &Global, options: &ClientsArguments) -> Result<Exit, Trouble> {
    let loaded = loaded(global)?;
    let cluster = reach::cluster(&loaded);
    let nodes = survey::nodes(&cluster, &loaded.input.inventory, |_| Vec::new()).await?;
    let until = match (options.window, options.watch) {
        (Some(window), _) => window,
        (None, true) => LONGEST_WATCH,
        (None, false) => Duration::ZERO,
    };
    let begun = Instant::now();
    let mut seen = Clients::default();
    let mut shown = None;
    loop {
        let is_over = tokio::select! {
            looks = clients::look(&cluster, &nodes) => {
                seen.add(looks);
                false
            }
            _ = tokio::signal::ctrl_c() => true,
        };
        let is_new = shown != Some((seen.connections.len(), seen.silent.clone()));
        if options.watch && !is_over && is_new {
            show(global, &seen, begun.elapsed())?;
            shown = Some((seen.connections.len(), seen.silent.clone()));
        }
        let left = until.saturating_sub(begun.elapsed());
        if is_over || left.is_zero() || wait(left.min(BETWEEN_LOOKS)).await {
            break;
        }
    }
    if !options.watch {
        // One look takes a moment, and is not a window.
        let window = if until.is_zero() { Duration::ZERO } else { begun.elapsed() };
        show(global, &seen, window)?;
    }
    Ok(if seen.silent.is_empty() { Exit::Success } else { Exit::Refused })
}

/// Whether it was interrupted.
async fn wait(time: Duration) -> bool {
    tokio::select! {
        () = sleep(time) => false,
        _ = tokio::signal::ctrl_c() => true,
    }
}

/// The inventory is enough; the stores of a playbook let us in where a port demands a certificate.
fn loaded(global: &Global) -> Result<Loaded, Trouble> {
    Ok(match &global.playbook {
        Some(playbook) => load(global.inventory.as_deref(), Some(playbook))?,
        None => load_inventory(global.inventory.as_deref(), None)?,
    })
}

fn show(global: &Global, seen: &Clients, window: Duration) -> Result<(), Trouble> {
    print(&match global.output() {
        OutputForm::Text => report::clients::text(seen, window, Screen::of_stdout(global.color.into())),
        OutputForm::Json => report::clients::json(seen, window).context("cannot write JSON")?,
    });
    Ok(())
}
