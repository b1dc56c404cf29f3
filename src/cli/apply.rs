//! `ringwalk apply`: makes it so. A saved plan is refused if a node is no longer what the plan saw.

use super::Trouble;
use super::act::{Agreed, Files, agreed, begin, nobody_else_is_at_work, say, show_before};
use super::arguments::{AcceptArguments, ApplyArguments, Global};
use super::exit::Exit;
use super::load::{Loaded, load};
use super::plan::{Made, make};
use crate::plan::drift;
use crate::plan::saved::Saved;
use anyhow::Context;
use std::path::Path;

pub async fn run(global: &Global, options: &ApplyArguments) -> Result<Exit, Trouble> {
    let Wanted { files, loaded, made } = wanted(global, options.plan.as_deref(), &options.accept).await?;
    show_before(&made.plan, global, options.yes)?;
    if made.plan.is_empty() {
        return Ok(Exit::Success);
    }
    let question = format!("Change {} nodes of `{}` as above?", made.plan.nodes().len(), made.plan.cluster);
    if !agreed(options.yes, &question)? {
        say("nothing was changed\n");
        return Ok(Exit::StoppedUnchanged);
    }
    nobody_else_is_at_work(global, &made.plan.cluster, None)?;
    let Made { plan, cluster, facts, looks } = made;
    // A person thinks for minutes, or closes the lid; what observers said before is of the past then.
    let looks = options.yes.then_some(looks);
    let answers = options.pauses.answers(&plan)?;
    let origin = files.origin(None);
    begin(global, Agreed { loaded, cluster, facts, looks, plan, origin, answers }).await
}

/// A plan, what it was made from, and by which files.
pub struct Wanted {
    pub files: Files,
    pub loaded: Loaded,
    pub made: Made,
}

/// Plans now, or looks whether a saved plan is still what would be planned.
pub async fn wanted(
    global: &Global,
    saved: Option<&Path>,
    accept: &AcceptArguments,
) -> Result<Wanted, Trouble> {
    let saved = saved.map(read).transpose()?;
    let recorded = saved.as_ref().map(|saved| (&saved.inventory, &saved.playbook));
    let files = Files::named_or(global, recorded);
    let loaded = load(files.inventory.as_deref(), files.playbook.as_deref())?.accepting(accept);
    let made = make(&loaded).await?;
    if let Some(saved) = &saved {
        let moved_on = drift::between(&saved.plan, &made.plan);
        if !moved_on.is_empty() {
            return Err(moved_on.into());
        }
    }
    Ok(Wanted { files, loaded, made })
}

fn read(path: &Path) -> Result<Saved, Trouble> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the plan {}", path.display()))?;
    Saved::parse(&path.display().to_string(), &text).map_err(|problem| vec![problem].into())
}
