//! A plan on disk, with the names of the files that it was made from: hashes and secret sources, never a secret.

use super::{PLAN_FORMAT, Plan};
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Absolute paths: `apply` needs the stores and the secret sources that they name.
    pub inventory: Option<String>,
    pub playbook: Option<String>,
    pub plan: Plan,
}

impl Saved {
    /// Reads a saved plan, or says why the text is none that this program can carry out.
    pub fn parse(file: &str, text: &str) -> Result<Saved, Diagnostic> {
        let help = "make it again with `ringwalk plan --out FILE`";
        #[derive(Deserialize)]
        struct Format {
            plan: FormatOfPlan,
        }
        #[derive(Deserialize)]
        struct FormatOfPlan {
            format: u32,
        }
        let format: Format = serde_json::from_str(text).map_err(|error| {
            Diagnostic::new(file, format!("this is not a saved plan: {error}")).help(help)
        })?;
        if format.plan.format != PLAN_FORMAT {
            let message =
                format!("the plan has form {}, this program knows form {PLAN_FORMAT}", format.plan.format);
            return Err(Diagnostic::new(file, message).help(help));
        }
        serde_json::from_str(text)
            .map_err(|error| Diagnostic::new(file, format!("the saved plan is damaged: {error}")).help(help))
    }
}
