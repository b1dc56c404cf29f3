//! `ringwalk check`: looks at everything, changes nothing.

use super::arguments::{CheckArguments, Global, OutputForm};
use super::exit::Exit;
use super::load::load;
use super::plan::{Made, make};
use super::{Trouble, print};
use crate::facts::ring::RingSource;
use crate::facts::{Facts, NodeFacts, Service};
use crate::plan::judge;

pub async fn run(global: &Global, options: &CheckArguments) -> Result<Exit, Trouble> {
    let loaded = load(global.inventory.as_deref(), global.playbook.as_deref())?.accepting(&options.accept);
    let Made { plan, facts, .. } = make(&loaded).await?;
    let change = plan.nodes().len();
    print(&match global.output() {
        OutputForm::Json => {
            let found = serde_json::json!({
                "facts": facts, "nodes_to_change": change, "warnings": plan.warnings, "findings": plan.findings
            });
            format!("{found}\n")
        }
        OutputForm::Text => {
            let fit = match change {
                0 => "every node is as the playbook wishes\n".to_owned(),
                _ => format!("fit for `ringwalk plan`: {change} nodes would change\n"),
            };
            let findings = judge::warnings(&plan.findings);
            let warnings =
                plan.warnings.iter().chain(&findings).map(|warning| format!("warning: {warning}\n"));
            text(&facts) + &fit + &warnings.collect::<String>()
        }
    });
    Ok(Exit::Success)
}

/// A line a node, then what the ring is known by.
fn text(facts: &Facts) -> String {
    let width = facts.nodes.iter().map(|node| node.node.len()).max().unwrap_or(0);
    let mut text = String::new();
    for node in &facts.nodes {
        text += &format!("{:width$}  {}\n", node.node, line(node));
    }
    let source = match facts.ring.source {
        RingSource::Cql => "read by CQL",
        RingSource::NodetoolOnly => "read by nodetool, without replication: one node at a time",
    };
    let (name, members) = (&facts.ring.cluster_name, facts.ring.members.len());
    text + &format!("ring `{name}`: {members} nodes, {} down, {source}\n", facts.down.len())
}

fn line(node: &NodeFacts) -> String {
    let service = match &node.service {
        Service::Systemd { unit } => format!("systemd {unit}"),
        Service::Sysv { script } => format!("script {script}"),
        Service::Command { .. } => "start command".into(),
    };
    let port = node.native.port;
    let shows = node.shows.get(&port).map_or_else(|| "not listening".to_owned(), ToString::to_string);
    format!("Cassandra {}, {}, {service}; port {port}: {shows}", node.version, node.yaml.path)
}
