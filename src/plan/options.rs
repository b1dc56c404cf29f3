//! What a node's version does not know is refused here, with the playbook's line; it would not start with it.

use crate::diagnostic::{Diagnostic, Span};
use crate::facts::version::{Flavour, Knows, Version};
use crate::facts::{Facts, NodeFacts};
use crate::input::Input;
use crate::input::options::{OptionKey, Setting};
use std::collections::{BTreeMap, BTreeSet};

/// Options that some node's version refuses, and warnings about those that it ignores.
pub fn judge(input: &Input, facts: &Facts) -> (Vec<Diagnostic>, Vec<String>) {
    let builds = builds(facts);
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    for (key, span) in said(input).into_iter().filter(|(key, _)| !is_default(input, *key)) {
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
    let (refused, deprecated) = port_ssl(input, &builds);
    problems.extend(refused);
    warnings.extend(deprecated);
    warnings.extend(port_ssl_of_files(input, facts));
    (problems, warnings)
}

/// `native_transport_port_ssl`: a second port, which Cassandra takes leave of.
fn port_ssl(input: &Input, builds: &Builds<'_>) -> (Vec<Diagnostic>, BTreeSet<String>) {
    let key = "native_transport_port_ssl";
    let mut problems = Vec::new();
    let mut warnings = BTreeSet::new();
    for (index, phase) in input.playbook.phases.iter().enumerate() {
        if phase.native_transport_port_ssl.as_ref().is_none_or(|said| *said == Setting::Absent) {
            continue;
        }
        warnings.insert(format!("`{key}`: {PLAIN_PORT_ONLY}"));
        for ((flavour, version), nodes) in builds {
            if !flavour.knows_port_ssl(*version) {
                let message =
                    format!("{} would not start with `{key}`: {version} has one client port", some(nodes));
                let help =
                    "leave it out; `enabled: true, optional: true` serves TLS and plaintext on one port";
                let place = format!("phases[{index}].{key}");
                problems.push(input.playbook.source.diagnostic_of(&place, message, help));
            } else if flavour.apache_base(*version) >= Version::new(5, 0, 0) {
                warnings.insert(format!("`{key}` is deprecated in {version} ({})", some(nodes)));
            }
        }
    }
    (problems, warnings)
}

const PLAIN_PORT_ONLY: &str = "drivers learn only the plain port of the other nodes (CASSANDRA-16999)";

/// A second port that the nodes' files have, of which the playbook says nothing.
fn port_ssl_of_files(input: &Input, facts: &Facts) -> Option<String> {
    let is_said = input.playbook.phases.iter().any(|phase| phase.native_transport_port_ssl.is_some());
    let has_one = |node: &&NodeFacts| node.native.port_ssl.is_some() && !is_said;
    let nodes: Vec<&NodeFacts> = facts.nodes.iter().filter(has_one).collect();
    let remove = "`native_transport_port_ssl: null` in a phase takes it out";
    let of = |nodes| {
        format!("`native_transport_port_ssl` in the file of {}: {PLAIN_PORT_ONLY}; {remove}", some(nodes))
    };
    (!nodes.is_empty()).then(|| of(&nodes))
}

/// Every option that any phase wishes for, once.
fn said(input: &Input) -> BTreeMap<OptionKey, Span> {
    let last = input.playbook.phases.len().saturating_sub(1);
    input.playbook.wish(last).into_iter().map(|(key, setting)| (key, setting.span)).collect()
}

/// `protocol: TLS` is what 3.x takes where it is not written.
fn is_default(input: &Input, key: OptionKey) -> bool {
    let is_tls =
        |setting: &Setting| matches!(setting, Setting::Text(name) if name.eq_ignore_ascii_case("TLS"));
    let mut phases = input.playbook.phases.iter();
    key == OptionKey::Protocol
        && phases
            .all(|phase| phase.client_encryption_options.get(&key).is_none_or(|said| is_tls(&said.value)))
}

/// The nodes that run each build.
pub(super) type Builds<'a> = BTreeMap<(Flavour, Version), Vec<&'a NodeFacts>>;

pub(super) fn builds(facts: &Facts) -> Builds<'_> {
    let mut builds = Builds::new();
    for node in &facts.nodes {
        builds.entry((node.flavour, node.version)).or_default().push(node);
    }
    builds
}

/// `n1, n2 and 40 more`.
pub(super) fn some(nodes: &[&NodeFacts]) -> String {
    let named: Vec<&str> = nodes.iter().take(3).map(|node| node.node.as_str()).collect();
    match nodes.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
