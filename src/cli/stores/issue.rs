//! `ringwalk stores issue`: a keystore for each node, signed by a CA, by itself, or as a request for another CA.

use super::arguments::IssueArguments;
use super::files::{self, Access};
use super::shelf::{self, Shelf};
use super::{authority, make, names, passwords, pki_problem, problem};
use crate::cli::arguments::{Global, OutputForm};
use crate::cli::exit::Exit;
use crate::cli::{Trouble, print};
use crate::cluster::addresses::Addresses;
use crate::diagnostic::Diagnostic;
use crate::formats::certificate::Certificate;
use crate::formats::pem;
use crate::formats::store::StoreKind;
use crate::input::inventory::{Inventory, Node};
use crate::node::wire::ClientIdentity;
use crate::pki::authority::Authority;
use crate::pki::key::Key;
use crate::pki::names::San;
use crate::pki::subject::{Purpose, Subject};
use crate::pki::{Validity, request, stores};
use crate::report::stores::{Issued, IssuedCertificate, IssuedNode, Name, Snippet, StoreLine, text};
use crate::secret::Secret;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

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
    print(&match global.output {
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

/// A node's newest keystore: whom it speaks for, and what to show to a port that asks.
struct Before {
    sans: Vec<San>,
    identity: ClientIdentity,
}

impl<'a> Order<'a> {
    async fn signed(&self) -> Result<Issued, Vec<Diagnostic>> {
        let one = |problem| vec![problem];
        let shelf = Shelf { directory: self.options.out.clone(), kind: self.kind };
        let directory = self.options.ca.as_deref().unwrap_or(Path::new("."));
        let authority = authority::open(directory, &self.options.ca_password, self.now).map_err(one)?;
        let target = Shelf {
            directory: match self.options.renew {
                true => shelf.renewed(&self.now.strftime("%Y-%m-%d").to_string()),
                false => shelf.directory.clone(),
            },
            kind: self.kind,
        };
        self.nothing_in_the_way(&|node| vec![target.keystore(node)])?;
        let before = if self.options.renew { self.before(&shelf)? } else { BTreeMap::new() };
        let wishes = self.wishes(&before).await?;
        files::directory(&target.directory).map_err(one)?;
        let keystore_password = passwords::kept_in(&shelf.keystore_password()).map_err(one)?;
        let truststore_password = passwords::kept_in(&shelf.truststore_password()).map_err(one)?;
        let root = [authority.root().clone()];
        make::truststore(&shelf.truststore(), &root, self.kind, &truststore_password, self.now)
            .map_err(one)?;
        let nodes = make::on_every_core(&wishes, |wish| {
            self.node_signed(wish, &authority, &target, &keystore_password)
        })?;
        Ok(Issued { nodes, stores: Some(snippet(&shelf, &target)), notes: self.notes() })
    }

    fn node_signed(
        &self,
        wish: &Wish,
        authority: &Authority,
        target: &Shelf,
        password: &Secret,
    ) -> Result<IssuedNode, Diagnostic> {
        let key = self.key(wish)?;
        let chain = authority
            .issue(&wish.subject(), &key, self.validity)
            .map_err(|error| pki_problem(&wish.node.name, &error))?;
        self.keystore(wish, &key, chain, &target.keystore(&wish.node.name), password)
    }

    async fn self_signed(&self) -> Result<Issued, Vec<Diagnostic>> {
        let out = &self.options.out;
        let keystore = |node: &str| out.join(format!("keystore.{node}"));
        let truststore = |node: &str| out.join(format!("truststore.{node}"));
        let certificate = |node: &str| out.join(format!("{node}.pem"));
        self.nothing_in_the_way(&|node| vec![keystore(node), truststore(node), certificate(node)])?;
        let wishes = self.wishes(&BTreeMap::new()).await?;
        files::directory(out).map_err(|problem| vec![problem])?;
        let password_path = out.join("password");
        let password = passwords::kept_in(&password_path).map_err(|problem| vec![problem])?;
        let nodes = make::on_every_core(&wishes, |wish| {
            let name = &wish.node.name;
            let key = self.key(wish)?;
            let own =
                wish.subject().self_signed(&key, self.validity).map_err(|error| pki_problem(name, &error))?;
            let trusted = stores::truststore(std::slice::from_ref(&own));
            make::store(&truststore(name), &trusted, self.kind, &password, self.now)?;
            files::create(&certificate(name), pem::write::certificate(&own).as_bytes(), Access::Everyone)?;
            self.keystore(wish, &key, vec![own], &keystore(name), &password)
        })?;
        let line = |from: &Path, to: &str| StoreLine::new(from, to, &password_path);
        let stores = Snippet {
            keystore: line(&keystore("{node}"), "\"/etc/cassandra/tls/keystore.{node}\""),
            truststore: line(&truststore("{node}"), "\"/etc/cassandra/tls/truststore.{node}\""),
        };
        Ok(Issued { nodes, stores: Some(stores), notes: self.notes() })
    }

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

    async fn requested(&self) -> Result<Issued, Vec<Diagnostic>> {
        let shelf = Shelf { directory: self.options.out.clone(), kind: self.kind };
        let in_the_way =
            |node: &str| [vec![shelf.request(node), shelf.key(node)], keystores(&shelf, node)].concat();
        self.nothing_in_the_way(&in_the_way)?;
        let wishes = self.wishes(&BTreeMap::new()).await?;
        files::directory(&shelf.directory).map_err(|problem| vec![problem])?;
        let password = passwords::kept_in(&shelf.keystore_password()).map_err(|problem| vec![problem])?;
        let nodes = make::on_every_core(&wishes, |wish| {
            let name = &wish.node.name;
            let key = self.key(wish)?;
            let request = wish.subject().request(&key).map_err(|error| pki_problem(name, &error))?;
            let sealed = pem::write::key(&key.private(), Some(&password))
                .map_err(|error| problem(name, &error, error.help()))?;
            files::create(&shelf.key(name), sealed.as_bytes(), Access::Owner)?;
            let path = shelf.request(name);
            files::create(&path, request::to_pem(&request).as_bytes(), Access::Everyone)?;
            Ok(wish.issued(&path, None))
        })?;
        Ok(Issued { nodes, stores: None, notes: self.notes() })
    }

    fn key(&self, wish: &Wish) -> Result<Key, Diagnostic> {
        Key::generate(self.options.key.into()).map_err(|error| pki_problem(&wish.node.name, &error))
    }

    fn nothing_in_the_way(
        &self,
        files_of: &dyn Fn(&str) -> Vec<std::path::PathBuf>,
    ) -> Result<(), Vec<Diagnostic>> {
        let paths: Vec<_> = self.nodes.iter().flat_map(|node| files_of(&node.name)).collect();
        let help = match self.options.development || self.options.csr {
            false => "`--renew` makes new ones beside them; `--node` names those that have none yet",
            true => "`--node` names the nodes that have none yet; `--out` names another directory",
        };
        let taken = files::none_exists(paths.iter().map(|path| path.as_path()), help);
        taken.map_err(|problem| vec![problem])
    }

    /// What each node has, which a renewal goes on with.
    fn before(&self, shelf: &Shelf) -> Result<BTreeMap<String, Before>, Vec<Diagnostic>> {
        let missing = |place: &Path, what: &str| {
            Diagnostic::new(place.display().to_string(), format!("there is no {what} to renew"))
                .help("`--renew` goes on with what `ringwalk stores issue` put into `--out`; leave it out for new nodes")
        };
        let password_path = shelf.keystore_password();
        if !password_path.exists() {
            return Err(vec![missing(&password_path, "password of stores")]);
        }
        let password = passwords::kept_in(&password_path).map_err(|problem| vec![problem])?;
        let found = make::on_every_core(&self.nodes, |node| {
            let path = shelf
                .newest_keystore(&node.name)
                .ok_or_else(|| missing(&shelf.keystore(&node.name), "keystore"))?;
            let store = make::open(&path, &password)?;
            let (Some(entry), Some(leaf)) = (store.keys.first(), store.leaf()) else {
                return Err(missing(&path, "certificate"));
            };
            let sans = leaf.sans.iter().filter_map(|text| San::parse(text)).collect();
            let identity = ClientIdentity {
                chain: entry.chain.iter().map(|certificate| certificate.der.clone()).collect(),
                key: Zeroizing::new(entry.key.as_pkcs8().to_vec()),
            };
            Ok((node.name.clone(), Before { sans, identity }))
        })?;
        Ok(found.into_iter().collect())
    }

    /// Each node's names, from everyone who knows some.
    async fn wishes(&self, before: &BTreeMap<String, Before>) -> Result<Vec<Wish<'a>>, Vec<Diagnostic>> {
        let identities =
            before.iter().map(|(node, before)| (node.clone(), before.identity.clone())).collect();
        let ring = match (&self.global.inventory, self.options.offline) {
            (Some(path), false) => names::of_ring(self.inventory, &self.nodes, path, identities).await?,
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
        let out = self.options.out.display();
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
            None => format!(
                "requests of {count} in {out}: let your CA sign each NODE.csr, then\n  ringwalk stores import --out {out} \
                 --signed DIR --ca-chain FILE\n"
            ),
        }
    }
}

/// A node's keystore in any form.
fn keystores(shelf: &Shelf, node: &str) -> Vec<std::path::PathBuf> {
    let of = |kind| Shelf { directory: shelf.directory.clone(), kind }.keystore(node);
    shelf::KINDS.map(of).to_vec()
}

/// How a playbook names what lies on these shelves; `/etc/cassandra/tls` is not touched by any package.
pub(super) fn snippet(shelf: &Shelf, target: &Shelf) -> Snippet {
    let to = |name: &str| format!("/etc/cassandra/tls/{name}.{}", shelf::extension(shelf.kind));
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
