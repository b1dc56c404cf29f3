//! `ringwalk stores issue`: a keystore for each node, signed by a CA, by itself, or as a request for another CA.

mod development;
mod renewal;
mod requested;
mod signed;

use super::arguments::IssueArguments;
use super::files;
use super::shelf::{self, Shelf};
use super::{make, names, pki_problem};
use crate::cli::arguments::{Global, OutputForm};
use crate::cli::exit::Exit;
use crate::cli::{Trouble, print};
use crate::cluster::addresses::Addresses;
use crate::diagnostic::Diagnostic;
use crate::formats::certificate::Certificate;
use crate::formats::store::StoreKind;
use crate::input::inventory::{Inventory, Node};
use crate::pki::key::Key;
use crate::pki::subject::{Purpose, Subject};
use crate::pki::{Validity, stores};
use crate::report::stores::{Issued, IssuedCertificate, IssuedNode, Name, Snippet, StoreLine, text};
use crate::secret::Secret;
use jiff::Timestamp;
use renewal::Before;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub async fn run(global: &Global, options: &IssueArguments, now: Timestamp) -> Result<Exit, Trouble> {
    let inventory = names::inventory(global.inventory.as_deref())?;
    let nodes = names::chosen(&inventory, &options.node)?;
    let validity = Validity::days(now, options.days)
        .ok_or_else(|| vec![Diagnostic::new("command line", "--days leads out of the calendar")])?;
    let kind = kind(options).map_err(|problem| vec![problem])?;
    let order = Order { global, options, inventory: &inventory, nodes, validity, now, kind };
    let issued = if options.csr {
        order.requested().await?
    } else if options.development {
        order.self_signed().await?
    } else {
        order.signed().await?
    };
    print(&match global.output() {
        OutputForm::Json => format!("{}\n", serde_json::json!(issued)),
        OutputForm::Text => order.headline(&issued) + &text(&issued, global.verbose > 0),
    });
    Ok(Exit::Success)
}

/// The form of the stores: what was asked for, or what lies in the directory already.
fn kind(options: &IssueArguments) -> Result<StoreKind, Diagnostic> {
    let there = shelf::kind_in(&options.out).filter(|_| !options.development);
    match (options.kind.map(StoreKind::from), there) {
        (Some(asked), Some(there)) if asked != there => {
            let (asked, there) = (shelf::extension(asked), shelf::extension(there));
            let message = format!("its stores are .{there}, and .{asked} is asked for");
            Err(Diagnostic::new(options.out.display().to_string(), message)
                .help("leave `--type` out, or name another directory with `--out`"))
        }
        (Some(kind), _) | (None, Some(kind)) => Ok(kind),
        (None, None) => Ok(StoreKind::Pkcs12),
    }
}

/// What was asked for.
struct Order<'a> {
    global: &'a Global,
    options: &'a IssueArguments,
    inventory: &'a Inventory,
    nodes: Vec<&'a Node>,
    validity: Validity,
    now: Timestamp,
    kind: StoreKind,
}

/// A node and the names that its certificate gets.
struct Wish<'a> {
    node: &'a Node,
    names: Vec<Name>,
    ring_unknown: Option<String>,
}

impl<'a> Order<'a> {
    /// Writes a node's keystore.
    fn keystore(
        &self,
        wish: &Wish,
        key: &Key,
        chain: Vec<Certificate>,
        path: &Path,
        password: &Secret,
    ) -> Result<IssuedNode, Diagnostic> {
        let certificate = chain.first().map(|leaf| IssuedCertificate {
            issuer: leaf.issuer.clone(),
            not_after: leaf.not_after,
            sha256: leaf.sha256.clone(),
        });
        let contents = stores::keystore(&wish.node.name, key, chain);
        make::store(path, &contents, self.kind, password, self.now)?;
        Ok(wish.issued(path, certificate))
    }

    fn key(&self, wish: &Wish) -> Result<Key, Diagnostic> {
        Key::generate(self.options.key.into()).map_err(|error| pki_problem(&wish.node.name, &error))
    }

    fn nothing_in_the_way(&self, files_of: &dyn Fn(&str) -> Vec<PathBuf>) -> Result<(), Vec<Diagnostic>> {
        let paths: Vec<_> = self.nodes.iter().flat_map(|node| files_of(&node.name)).collect();
        let help = match self.options.development || self.options.csr {
            false => "`--renew` makes new ones beside them; `--node` names those that have none yet",
            true => "`--node` names the nodes that have none yet; `--out` names another directory",
        };
        let taken = files::none_exists(paths.iter().map(|path| path.as_path()), help);
        taken.map_err(|problem| vec![problem])
    }

    /// Each node's names, from everyone who knows some.
    async fn wishes(&self, before: &BTreeMap<String, Before>) -> Result<Vec<Wish<'a>>, Vec<Diagnostic>> {
        let identities =
            before.iter().map(|(node, before)| (node.clone(), before.identity.clone())).collect();
        let ring = match (&self.global.inventory, self.options.offline) {
            (Some(path), false) => {
                let beside = [&self.options.ca_password];
                names::of_ring(self.inventory, &self.nodes, path, identities, &beside).await?
            }
            (_, true) | (None, _) => {
                let offline = |node: &&Node| (node.name.clone(), "`--offline` was asked for".to_owned());
                Addresses { known: BTreeMap::new(), unknown: self.nodes.iter().map(offline).collect() }
            }
        };
        let wish = |node: &&'a Node| {
            let before = before.get(&node.name).map(|before| before.sans.as_slice()).unwrap_or_default();
            let names = names::of_node(node, &ring, &self.options.san, before)?;
            Ok(Wish { node, names, ring_unknown: ring.unknown.get(&node.name).cloned() })
        };
        self.nodes.iter().map(wish).collect::<Result<_, _>>().map_err(|problem| vec![problem])
    }

    fn notes(&self) -> Vec<String> {
        let is_part = self.nodes.len() < self.inventory.nodes.len();
        let mut notes = Vec::new();
        if self.options.renew && is_part {
            notes.push(format!(
                "{} of {} nodes are renewed, and `from` names a store for every node: renew the others too, or let each \
                 node's own `from` stand",
                self.nodes.len(),
                self.inventory.nodes.len()
            ));
        }
        notes
    }

    fn headline(&self, issued: &Issued) -> String {
        let count = match issued.nodes.len() {
            1 => "1 node".to_owned(),
            more => format!("{more} nodes"),
        };
        match issued.nodes.first().and_then(|node| Some((node, node.certificate.as_ref()?))) {
            Some((first, certificate)) => {
                let place = first.file.parent().unwrap_or(Path::new(".")).display();
                let until = certificate.not_after.strftime("%Y-%m-%d");
                let signer = match self.options.development {
                    true => "each by itself".to_owned(),
                    false => format!("by {}", certificate.issuer),
                };
                format!("keystores of {count} in {place}, signed {signer}, until {until}\n")
            }
            None => {
                let first = issued.nodes.first().and_then(|node| node.file.parent());
                let (out, kind) = (first.unwrap_or(&self.options.out).display(), self.type_option());
                format!(
                    "requests of {count} in {out}: let your CA sign each NODE.csr, then\n  ringwalk stores import --out {out} \
                     --signed DIR --ca-chain FILE{kind}\n"
                )
            }
        }
    }

    /// How the form of the stores is said to `stores import`, where it is not its own.
    fn type_option(&self) -> &'static str {
        match self.kind {
            StoreKind::Pkcs12 => "",
            StoreKind::Jks => " --type jks",
            StoreKind::Pem => " --type pem",
        }
    }
}

/// How a playbook names what lies on these shelves; `/etc/cassandra/tls` is not touched by any package.
pub(in crate::cli::stores) fn snippet(shelf: &Shelf, target: &Shelf) -> Snippet {
    let to = |name: &str| shelf::place(name, shelf.kind);
    Snippet {
        keystore: StoreLine::new(&target.keystore("{node}"), &to("keystore"), &shelf.keystore_password()),
        truststore: StoreLine::new(&shelf.truststore(), &to("truststore"), &shelf.truststore_password()),
    }
}

impl Wish<'_> {
    fn subject(&self) -> Subject {
        let sans = self.names.iter().map(|name| name.san.clone()).collect();
        Subject { name: self.node.name.clone(), sans, purpose: Purpose::Node }
    }

    fn issued(&self, file: &Path, certificate: Option<IssuedCertificate>) -> IssuedNode {
        IssuedNode {
            node: self.node.name.clone(),
            file: file.to_owned(),
            names: self.names.clone(),
            ring_unknown: self.ring_unknown.clone(),
            certificate,
        }
    }
}
