//! Which names each node's certificate gets, and who says so: the inventory, the ring, the command line, the
//! certificate before.

use crate::cli::load::{self, Loaded};
use crate::cli::{reach, secrets};
use crate::cluster::addresses::{Addresses, addresses};
use crate::diagnostic::Diagnostic;
use crate::input::inventory::{Inventory, Node};
use crate::input::{self, Input, Source};
use crate::node::wire::ClientIdentity;
use crate::pki::names::San;
use crate::plan::material::Material;
use crate::report::stores::{Name, Origin};
use crate::secret::SecretSource;
use std::collections::BTreeMap;
use std::path::Path;

/// The inventory alone, for commands without a playbook.
pub fn inventory(path: Option<&Path>) -> Result<Inventory, Vec<Diagnostic>> {
    let path = load::named(path, "inventory", "-i")?;
    let text = load::text_of(path).map_err(|problem| vec![problem])?;
    input::read_inventory(Source { file: &path.display().to_string(), text: &text })
}

/// The nodes that were asked for; all of them if none was.
pub fn chosen<'a>(inventory: &'a Inventory, wished: &[String]) -> Result<Vec<&'a Node>, Vec<Diagnostic>> {
    let unknown = wished.iter().filter(|name| !inventory.nodes.iter().any(|node| node.name == **name));
    let problems: Vec<Diagnostic> = unknown
        .map(|name| {
            Diagnostic::new(&inventory.source.file, format!("it has no node `{name}`"))
                .help("`--node` takes a name as the inventory has it, ranges expanded")
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let is_wished = |node: &&Node| wished.is_empty() || wished.contains(&node.name);
    Ok(inventory.nodes.iter().filter(is_wished).collect())
}

/// What the nodes and their ring say. `identities`: by node, what to show where a port demands a certificate. `beside`:
/// sources of secrets that the inventory does not name.
pub async fn of_ring(
    inventory: &Inventory,
    nodes: &[&Node],
    path: &Path,
    identities: BTreeMap<String, ClientIdentity>,
    beside: &[&SecretSource],
) -> Result<Addresses, Vec<Diagnostic>> {
    let only = Inventory { nodes: nodes.iter().map(|node| (*node).clone()).collect(), ..inventory.clone() };
    let directory = load::directory_of(path);
    let input = Input { inventory: only, ..Input::default() };
    let secrets = secrets::resolve(&input, &directory, beside)?;
    let material = Material { secrets, ..Material::default() };
    let identities = identities.into_iter().map(|(node, identity)| (node, vec![identity])).collect();
    let loaded = Loaded { input, material, identities, inventory_directory: directory };
    Ok(addresses(&reach::cluster(&loaded), &loaded.input.inventory).await)
}

/// Every name of a node, each once, with the best that is known of where it comes from.
pub fn of_node(
    node: &Node,
    ring: &Addresses,
    asked: &[San],
    before: &[San],
) -> Result<Vec<Name>, Diagnostic> {
    let of_ring: Vec<San> = ring
        .known
        .get(&node.name)
        .into_iter()
        .flatten()
        .filter_map(|text| San::parse(text))
        .filter(San::reaches_elsewhere)
        .collect();
    let written = [&node.name, &node.address].map(|text| San::parse(text));
    let of_inventory: Vec<San> = written.into_iter().flatten().collect();
    let all = of_inventory.iter().map(|san| (san, Origin::Inventory));
    let all = all.chain(of_ring.iter().map(|san| (san, Origin::Ring)));
    let all = all.chain(asked.iter().map(|san| (san, Origin::CommandLine)));
    let all = all.chain(before.iter().map(|san| (san, Origin::Certificate)));
    let mut names: Vec<Name> = Vec::new();
    for (san, origin) in all {
        match names.iter_mut().find(|name| name.san == *san) {
            Some(name) if origin == Origin::Ring => name.origin = origin,
            Some(_) => {}
            None => names.push(Name { san: san.clone(), origin }),
        }
    }
    if names.is_empty() {
        return Err(Diagnostic::new(
            &node.name,
            "neither its name nor its address can stand in a certificate",
        )
        .help("give the node an address in the inventory, or add `--san NAME`"));
    }
    Ok(names)
}
