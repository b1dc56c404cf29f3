//! `ringwalk clients`: who is connected, and how; changes nothing.

use super::arguments::{ClientsArguments, Global, OutputForm};
use super::exit::Exit;
use super::load::{Loaded, load, load_inventory};
use super::{Trouble, print, reach};
use crate::cluster::{Cluster, clients, survey};
use crate::facts::NodeFacts;
use crate::facts::clients::{ClientLook, Clients, ClientsWatch};
use crate::report::{self, Screen};
use anyhow::Context;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A connection that lives shorter may not be seen; drivers keep theirs for hours.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// Longer, and nobody is watching any more.
const LONGEST_WATCH: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn run(global: &Global, options: &ClientsArguments) -> Result<Exit, Trouble> {
    let loaded = loaded(global)?;
    let cluster = reach::cluster(&loaded);
    let nodes = survey::nodes(&cluster, &loaded.input.inventory, |_| Vec::new()).await?;
    let nodes = clients::with_ports(&cluster, nodes).await;
    let window = options.window.unwrap_or_default();
    let is_silent = match options.watch {
        true => watch(global, &cluster, &nodes, window).await?,
        false => count(global, &cluster, &nodes, window).await?,
    };
    Ok(if is_silent { Exit::Refused } else { Exit::Success })
}

/// Shows who was seen within the window, until it is interrupted; whether a node did not answer at the end.
async fn watch(
    global: &Global,
    cluster: &Cluster,
    nodes: &[NodeFacts],
    window: Duration,
) -> Result<bool, Trouble> {
    let begun = Instant::now();
    let mut watch = ClientsWatch::new(window.as_secs());
    while begun.elapsed() < LONGEST_WATCH {
        let Some(looks) = look(cluster, nodes).await else { break };
        let at = begun.elapsed();
        if let Some(seen) = watch.add(at.as_secs(), looks) {
            show(global, seen, window.min(at))?;
        }
        if wait(BETWEEN_LOOKS).await {
            break;
        }
    }
    Ok(watch.is_silent())
}

/// Shows everybody who was seen in a time, at its end; whether a node did not answer a look.
async fn count(
    global: &Global,
    cluster: &Cluster,
    nodes: &[NodeFacts],
    window: Duration,
) -> Result<bool, Trouble> {
    let begun = Instant::now();
    let mut seen = Clients::default();
    while let Some(looks) = look(cluster, nodes).await {
        seen.add(looks);
        let left = window.saturating_sub(begun.elapsed());
        if left.is_zero() || wait(left.min(BETWEEN_LOOKS)).await {
            break;
        }
    }
    // One look takes a moment, and is not a window.
    show(global, &seen, if window.is_zero() { window } else { begun.elapsed() })?;
    Ok(!seen.silent.is_empty())
}

/// One look at every node; `None` once it is interrupted.
async fn look(cluster: &Cluster, nodes: &[NodeFacts]) -> Option<Vec<(String, ClientLook)>> {
    tokio::select! {
        looks = clients::look(cluster, nodes) => Some(looks),
        _ = tokio::signal::ctrl_c() => None,
    }
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
