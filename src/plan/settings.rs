//! `settings_unknown`: a setting that a node's release does not take, and that is not in its file either.

use super::options::{Builds, builds, some};
use crate::facts::settings::KnownSettings;
use crate::facts::{Facts, NodeFacts};
use crate::formats::yaml;
use crate::input::options::Setting;
use crate::input::{Input, nearest};
use std::collections::BTreeSet;

/// One warning for each of them: Cassandra would not start with it, but a patch release may take what its line did not.
pub fn unknown(input: &Input, facts: &Facts) -> BTreeSet<String> {
    let builds = builds(facts);
    let phases = input.playbook.phases.iter();
    let said = phases.flat_map(|phase| &phase.settings).filter(|(_, said)| said.value != Setting::Absent);
    let paths: BTreeSet<&String> = said.map(|(path, _)| path).collect();
    paths.into_iter().flat_map(|path| of_path(path, &builds)).collect()
}

fn of_path(path: &str, builds: &Builds<'_>) -> Vec<String> {
    let of_build = |((flavour, version), nodes): (&(_, _), &Vec<&NodeFacts>)| {
        let known = KnownSettings::of(*flavour, *version).filter(|known| !known.has(path))?;
        let without: Vec<&NodeFacts> = nodes.iter().copied().filter(|node| !has(node, path)).collect();
        let meant = nearest(path, known.paths()).map(|word| format!("; did you mean `{word}`?"));
        (!without.is_empty()).then(|| {
            format!(
                "`{path}` is no setting of {version}, nor in the file of {}: Cassandra does not start with what it \
                 does not know{} (settings_unknown)",
                some(&without),
                meant.unwrap_or_default()
            )
        })
    };
    builds.iter().filter_map(of_build).collect()
}

/// Whether the node's file says it. Asked only of what no list has, since a whole file is read for it.
fn has(node: &NodeFacts, path: &str) -> bool {
    let keys: Vec<&str> = path.split('.').collect();
    yaml::get(node.yaml.text.expose(), &keys).is_ok_and(|found| found.is_some())
}
