//! What a node's version does not know is refused here, with the playbook's line; it would not start with it.

use crate::diagnostic::{Diagnostic, Span};
use crate::facts::version::{Flavour, Knows, Version};
use crate::facts::{Facts, NodeFacts};
use crate::input::Input;
use crate::input::options::OptionKey;
use std::collections::BTreeMap;

/// Options that some node's version refuses, and warnings about those that it ignores.
pub fn judge(input: &Input, facts: &Facts) -> (Vec<Diagnostic>, Vec<String>) {
    let builds = builds(facts);
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    for (key, span) in said(input) {
        for ((flavour, version), nodes) in &builds {
            match flavour.knows(*version, key) {
                Knows::Yes => {}
                Knows::WithoutEffect { effective_since } => warnings.push(format!(
                    "`{key}` has no effect on the client port before {effective_since}: {version} on {}",
                    some(nodes)
                )),
                Knows::No { since, instead } => problems.push(input.playbook.diagnostic(
                    span,
                    format!(
                        "{} would not start with `{key}`: {version} does not know it (since {since})",
                        some(nodes)
                    ),
                    instead,
                )),
            }
        }
    }
    for phase in input.playbook.phases.iter().filter(|phase| phase.native_transport_port_ssl.is_some()) {
        let place = format!("phase {}: native_transport_port_ssl", phase.name);
        for ((flavour, version), nodes) in &builds {
            if !flavour.knows_port_ssl(*version) {
                let message =
                    format!("{} would not start with it: {version} has only one client port", some(nodes));
                problems.push(
                    Diagnostic::new(&input.playbook.source.file, format!("{place}: {message}")).help(
                        "leave it out; `enabled: true, optional: true` serves TLS and plaintext on one port",
                    ),
                );
            } else if *version >= Version::new(5, 0, 0) {
                warnings.push(format!("{place} is deprecated in {version} ({})", some(nodes)));
            }
        }
        warnings
            .push(format!("{place}: drivers learn only the plain port of the other nodes (CASSANDRA-16999)"));
    }
    warnings.dedup();
    (problems, warnings)
}

/// Every option that any phase wishes for, once.
fn said(input: &Input) -> BTreeMap<OptionKey, Span> {
    let last = input.playbook.phases.len().saturating_sub(1);
    input.playbook.wish(last).into_iter().map(|(key, setting)| (key, setting.span)).collect()
}

fn builds(facts: &Facts) -> BTreeMap<(Flavour, Version), Vec<&NodeFacts>> {
    let mut builds: BTreeMap<_, Vec<&NodeFacts>> = BTreeMap::new();
    for node in &facts.nodes {
        builds.entry((node.flavour, node.version)).or_default().push(node);
    }
    builds
}

/// `n1, n2 and 40 more`.
fn some(nodes: &[&NodeFacts]) -> String {
    let named: Vec<&str> = nodes.iter().take(3).map(|node| node.node.as_str()).collect();
    match nodes.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
