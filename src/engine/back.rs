//! The way back from a run, planned: the copies that it kept of each `cassandra.yaml` are read on the nodes, since they
//! say what the ports must show afterwards.

use super::under_way;
use crate::cluster::survey::chain;
use crate::cluster::{AT_ONCE, Cluster};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::input::inventory::Inventory;
use crate::journal::state::{RunState, Touched};
use crate::node::files;
use crate::plan::back::{self, Undone};
use crate::plan::change::sha256_hex;
use crate::plan::conduct::Extent;
use crate::plan::healed;
use crate::plan::{Plan, bounded};
use crate::secret::Secret;
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What takes back so much of what a run has touched, or what speaks against it. `facts`: a fresh look, with the paths that
/// the run's plan writes.
pub async fn plan(
    state: &RunState,
    extent: Extent,
    cluster: &Cluster,
    inventory: &Inventory,
    facts: &Facts,
) -> Result<Plan, Vec<Diagnostic>> {
    let under_way = under_way::restarts(state, cluster, facts).await;
    if !under_way.is_empty() {
        return Err(bounded(under_way));
    }
    let steps = state.steps_within(extent);
    let within = state.touched.iter().filter(|touched| steps.contains(&touched.step));
    let of_yaml = within.filter(|touched| is_yaml(state, touched));
    let reads = of_yaml.map(|touched| read(cluster, facts, touched));
    let answers: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let (mut texts, mut problems) = (BTreeMap::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(Some((key, text))) => drop(texts.insert(key, text)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(bounded(problems));
    }
    let kept = state.touched.iter();
    let kept = kept.map(|it| (it.step, (it.kept.backup.clone(), it.kept.sha256.clone()))).collect();
    let progress = healed::progress(&state.run, &state.plan, state.progresses(), facts);
    let undone = Undone { run: &state.run, plan: &state.plan, steps, progress: &progress, kept, texts };
    back::plan(&undone, inventory, facts)
}

fn is_yaml(state: &RunState, touched: &Touched) -> bool {
    state.plan.steps[touched.step].step.writes().is_some_and(|write| write.store.is_none())
}

/// A copy by its node and path. There is none where the run was cut off before it made one: then the file was not
/// replaced either, and what stands there is the old one. If it is another, somebody else has made the same of it.
async fn read(
    cluster: &Cluster,
    facts: &Facts,
    touched: &Touched,
) -> Result<Option<((String, String), Secret)>, Diagnostic> {
    let help = "without this copy the file cannot be put back: mend it by hand, then run `ringwalk plan`";
    let place = format!("{}:{}", touched.node, touched.kept.backup);
    let Some(node) = cluster.node(&touched.node) else { return Ok(None) };
    let bytes = match files::read(node.host.as_ref(), &touched.kept.backup).await {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(files::FileError::Absent { .. }) => {
            let now = facts.node(&touched.node).map(|seen| &seen.yaml.file.sha256);
            if now == touched.kept.sha256.as_ref() {
                return Ok(None);
            }
            let why = format!("the run has no copy of {}, so it is another who wrote it", touched.kept.path);
            return Err(Diagnostic::new(place, why).help(help));
        }
        Err(error) => return Err(Diagnostic::new(place, chain(&error)).help(error.help())),
    };
    if Some(sha256_hex(&bytes)) != touched.kept.sha256 {
        return Err(Diagnostic::new(place, "the copy is not what the run kept there").help(help));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Diagnostic::new(place, "the copy is no text in UTF-8").help(help))?;
    Ok(Some(((touched.node.clone(), touched.kept.backup.clone()), Secret::new(text))))
}
