//! Findings as they are told: the same one of many nodes once, as a refusal or as a line of warning.

use super::super::step::StoreName;
use super::finding::{Finding, Rule, Severity};
use crate::diagnostic::Diagnostic;
use crate::input::Input;
use crate::input::playbook::{Phase, Playbook};
use std::collections::BTreeMap;
use std::fmt;

/// The errors, as problems of the playbook that brings the stores: the same one of many nodes is told once.
pub fn refusals(input: &Input, findings: &[Finding]) -> Vec<Diagnostic> {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let diagnostic = |told: Told| {
        let place = place(&input.playbook, &told);
        input.playbook.source.diagnostic_of(&place, format!("{told} ({})", told.rule), told.help)
    };
    told(errors).into_iter().map(diagnostic).collect()
}

/// What the playbook says of the store that the rule is about; a phase takes over what it does not say, and names what no
/// `stores` brings.
fn place(playbook: &Playbook, told: &Told<'_>) -> String {
    let (store, key) = (told.store.unwrap_or(StoreName::Keystore), told.rule.key());
    let phase = playbook.phases.iter().position(|phase| told.phase == Some(phase.name.as_str()));
    let own = phase.map(|phase| format!("{}.{key}", playbook.place_of_store(phase, store)));
    let of_all = format!("stores.{}.{key}", store.key());
    let named = store.options().and_then(|(option, _)| {
        let says = |phase: &Phase| phase.client_encryption_options.contains_key(&option);
        let phase = playbook.phases.iter().position(says)?;
        Some(format!("phases[{phase}].client_encryption_options.{option}"))
    });
    let stands = |place: &String| playbook.source.place(place).is_some();
    own.into_iter().chain([of_all.clone()]).chain(named).find(stands).unwrap_or(of_all)
}

/// The warnings, each as one line; the same one of many nodes is told once.
pub fn warnings(findings: &[Finding]) -> Vec<String> {
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
    told(warnings).iter().map(|told| format!("{told} ({}); help: {}", told.rule, told.help)).collect()
}

/// What one rule says of the stores of several nodes in the same words.
struct Told<'a> {
    rule: Rule,
    store: Option<StoreName>,
    phase: Option<&'a str>,
    reason: &'a str,
    help: &'a str,
    file: &'a str,
    nodes: Vec<&'a str>,
}

fn told<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Told<'a>> {
    let mut all: Vec<Told<'a>> = Vec::new();
    let mut places = BTreeMap::new();
    for finding in findings {
        let Finding { rule, store, phase, reason, help, file, node, severity: _ } = finding;
        let place = *places.entry((*rule, *store, phase, reason, help)).or_insert_with(|| {
            let phase = phase.as_deref();
            all.push(Told { rule: *rule, store: *store, phase, reason, help, file, nodes: Vec::new() });
            all.len() - 1
        });
        all[place].nodes.extend(node.as_deref());
    }
    all
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = match &self.nodes[..] {
            [] => String::new(),
            [first, second, third, rest @ ..] if !rest.is_empty() => {
                format!("`{first}`, `{second}`, `{third}` and {} more", rest.len())
            }
            few => few.iter().map(|node| format!("`{node}`")).collect::<Vec<_>>().join(", "),
        };
        match (self.store, self.nodes.len()) {
            (Some(store), 0 | 1) => write!(f, "{store} of {nodes}, {}: {}", self.file, self.reason),
            (Some(store), _) => write!(f, "{store} of {nodes}: {}", self.reason),
            (None, _) => write!(f, "{nodes}: {}", self.reason),
        }
    }
}
