//! `ringwalk apply`: makes it so. A saved plan is refused if a node is no longer what the plan saw.

use super::Trouble;
use super::act::{Agreed, Files, agreed, begin, nobody_else_is_at_work, say, show_before};
use super::arguments::{ApplyArguments, Global};
use super::exit::Exit;
use super::load::load;
use super::plan::{Made, make};
use crate::plan::drift;
use crate::plan::saved::Saved;
use anyhow::Context;
use std::path::Path;

pub async fn run(global: &Global, options: &ApplyArguments) -> Result<Exit, Trouble> {
    let saved = options.plan.as_deref().map(read).transpose()?;
    let recorded = saved.as_ref().map(|saved| (&saved.inventory, &saved.playbook));
    let files = Files::named_or(global, recorded);
    let loaded = load(files.inventory.as_deref(), files.playbook.as_deref())?.accepting(&options.accept);
    let made = make(&loaded).await?;
    if let Some(saved) = &saved {
        let moved_on = drift::between(&saved.plan, &made.plan);
        if !moved_on.is_empty() {
            return Err(moved_on.into());
        }
    }
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

fn read(path: &Path) -> Result<Saved, Trouble> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the plan {}", path.display()))?;
    Saved::parse(&path.display().to_string(), &text).map_err(|problem| vec![problem].into())
}
