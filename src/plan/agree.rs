//! Inventory and ring must agree: a node that is missing on either side is refused before anything is touched.

use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, NodeFacts, schema};
use crate::input::inventory::{Inventory, Node};
use std::collections::BTreeMap;

/// Everything in which the operator's inventory and the cluster differ.
pub fn problems(inventory: &Inventory, facts: &Facts) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    problems.extend(other_cluster(inventory, facts));
    problems.extend(schemas_differ(inventory, facts));
    let unseen = inventory.nodes.iter().filter(|node| facts.node(&node.name).is_none());
    problems.extend(unseen.map(|node| {
        inventory.diagnostic(&node.name, format!("`{}` was not looked at", node.name), "run `ringwalk check`")
    }));
    let mut claimed: BTreeMap<&str, &str> = BTreeMap::new();
    for (node, seen) in inventory.nodes.iter().filter_map(|node| Some((node, facts.node(&node.name)?))) {
        let Some(member) = facts.member_of(seen, &node.address) else {
            problems.push(not_in_ring(inventory, facts, node, seen));
            continue;
        };
        if let Some(first) = claimed.insert(&member.host_id, &node.name) {
            let message =
                format!("`{}` and `{first}` are the same Cassandra node ({})", node.name, member.address);
            problems.push(inventory.diagnostic(
                &node.name,
                message,
                "leave one of them out of the inventory",
            ));
        }
        problems.extend(elsewhere(
            inventory,
            node,
            "datacenter",
            node.datacenter.as_deref(),
            &member.datacenter,
        ));
        problems.extend(elsewhere(inventory, node, "rack", node.rack.as_deref(), &member.rack));
    }
    for member in facts.ring.members.iter().filter(|member| !claimed.contains_key(member.host_id.as_str())) {
        let message = format!(
            "the ring has a node that the inventory lacks: {} ({}, {}, host id {})",
            member.address, member.datacenter, member.rack, member.host_id
        );
        let help =
            "add it to `nodes:`; a node that is left out would keep refusing or offering TLS unlike the rest";
        problems.push(Diagnostic::new(&inventory.source.file, message).help(help));
    }
    problems
}

fn other_cluster(inventory: &Inventory, facts: &Facts) -> Option<Diagnostic> {
    let found = &facts.ring.cluster_name;
    (*found != inventory.cluster).then(|| {
        let message =
            format!("the nodes belong to cluster `{found}`, the inventory says `{}`", inventory.cluster);
        inventory.source.diagnostic_of(
            "cluster",
            message,
            format!("if these are the right nodes, write `cluster: {found}`; otherwise mend their addresses"),
        )
    })
}

/// Every node's last gate asks for one schema version on each release line; without it the first node would be the last.
fn schemas_differ(inventory: &Inventory, facts: &Facts) -> Option<Diagnostic> {
    let ring = &facts.ring;
    let is_up =
        |address: &str| ring.member(address).is_none_or(|member| !facts.down.contains(&member.host_id));
    let held = schema::held(&ring.schema_versions, is_up);
    let held = schema::apart(&held, |address| facts.line_of(address));
    (!held.is_empty()).then(|| {
        let message = format!("the nodes hold {} schema versions: {}", held.len(), held.join("; "));
        let help =
            "wait until `nodetool describecluster` shows one for all nodes of a release, then plan again";
        Diagnostic::new(&inventory.source.file, message).help(help)
    })
}

fn not_in_ring(inventory: &Inventory, facts: &Facts, node: &Node, seen: &NodeFacts) -> Diagnostic {
    let known_as: Vec<&str> = seen.known_as.iter().map(String::as_str).collect();
    let members: Vec<&str> =
        facts.ring.members.iter().map(|member| member.address.as_str()).take(10).collect();
    let message = format!(
        "`{}` ({}) is not in the ring: it calls itself {}",
        node.name,
        node.address,
        if known_as.is_empty() { "nothing that was found".into() } else { known_as.join(", ") }
    );
    let help = format!(
        "the ring has {}; check the node's address, or take it out of the inventory (where nodes know each other by public \
         addresses that no file of theirs has, give those as `address`, and the way there as `HostName` in ~/.ssh/config)",
        members.join(", ")
    );
    inventory.diagnostic(&node.name, message, help)
}

fn elsewhere(
    inventory: &Inventory,
    node: &Node,
    what: &str,
    said: Option<&str>,
    found: &str,
) -> Option<Diagnostic> {
    let said = said.filter(|said| *said != found)?;
    let message = format!("`{}` is in {what} `{found}`, the inventory says `{said}`", node.name);
    Some(inventory.diagnostic(&node.name, message, format!("write `{what}: {found}`, or leave it out")))
}
