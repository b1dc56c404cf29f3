//! `ringwalk plan`: what would change and why; changes nothing.

use super::act::absolute;
use super::arguments::{Global, OutputForm, PlanArguments};
use super::exit::Exit;
use super::load::{Loaded, load};
use super::{Trouble, print, reach};
use crate::cluster::survey::{Survey, survey};
use crate::cluster::views::Looks;
use crate::cluster::{Cluster, standing};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::plan::material::Material;
use crate::plan::saved::Saved;
use crate::plan::{Plan, judge, plan};
use crate::report::plan::Detail;
use crate::report::{self, Screen};
use anyhow::Context;
use std::path::Path;

pub async fn run(global: &Global, options: &PlanArguments) -> Result<Exit, Trouble> {
    let loaded = load(global.inventory.as_deref(), global.playbook.as_deref())?.accepting(&options.accept);
    let Made { plan, .. } = make(&loaded).await?;
    show(&plan, global)?;
    if let Some(path) = &options.out {
        save(global, &plan, path)?;
    }
    if global.output() == OutputForm::Text && !plan.is_empty() {
        let saved = options.out.as_ref().map(|path| path.display().to_string());
        print(&report::plan::next(saved.as_deref(), Screen::of_stdout(global.color.into())));
    }
    Ok(if plan.is_empty() { Exit::Success } else { Exit::Changes })
}

/// A plan, and what it was made from.
pub struct Made {
    pub plan: Plan,
    pub cluster: Cluster,
    pub facts: Facts,
    /// What observers said just now.
    pub looks: Looks,
}

/// Looks at the cluster as it is now and plans.
pub async fn make(loaded: &Loaded) -> Result<Made, Vec<Diagnostic>> {
    let cluster = reach::cluster(loaded);
    let Survey { facts, looks } = survey(&cluster, &loaded.input).await?;
    let named = judge::named(&loaded.input, &loaded.material, &facts);
    let standing = standing::open(&cluster, &facts, named).await;
    let plan = match standing.is_empty() {
        true => plan(&loaded.input, &loaded.material, &facts)?,
        false => plan(&loaded.input, &Material { standing, ..loaded.material.clone() }, &facts)?,
    };
    Ok(Made { plan, cluster, facts, looks })
}

pub fn show(plan: &Plan, global: &Global) -> Result<(), Trouble> {
    match global.output() {
        OutputForm::Text => {
            let detail = if global.verbose > 0 { Detail::Full } else { Detail::Short };
            print(&report::plan::text_in(plan, Screen::of_stdout(global.color.into()), detail));
        }
        OutputForm::Json => {
            print(&(report::json::plan(plan).context("cannot write the plan as JSON")? + "\n"));
        }
    }
    Ok(())
}

fn save(global: &Global, plan: &Plan, path: &Path) -> Result<(), Trouble> {
    let saved = Saved {
        inventory: absolute(&global.inventory),
        playbook: absolute(&global.playbook),
        plan: plan.clone(),
    };
    let text = serde_json::to_string_pretty(&saved).context("cannot write the plan as JSON")?;
    std::fs::write(path, text + "\n")
        .with_context(|| format!("cannot save the plan in {}", path.display()))?;
    Ok(())
}
