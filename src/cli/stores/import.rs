//! `ringwalk stores import`: the certificates that a CA sent back, each put together with its key.

use super::arguments::ImportArguments;
use super::issue::snippet;
use super::shelf::{self, Shelf};
use super::{authority, files, make, passwords, pki_problem, problem};
use crate::cli::arguments::{Global, OutputForm};
use crate::cli::exit::Exit;
use crate::cli::{Trouble, print};
use crate::diagnostic::Diagnostic;
use crate::formats::certificate::Certificate;
use crate::formats::store::StoreKind;
use crate::pki::key::Key;
use crate::pki::names::San;
use crate::pki::{chain, request, stores};
use crate::report::stores::{Issued, IssuedCertificate, IssuedNode, Name, Origin, text};
use crate::secret::Secret;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub fn run(global: &Global, options: &ImportArguments, now: Timestamp) -> Result<Exit, Trouble> {
    let one = |problem| vec![problem];
    let shelves = Shelves::of(options).map_err(one)?;
    let shelf = &shelves.new;
    let waiting = waiting(shelf, &options.node).map_err(one)?;
    let (here, missing): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .map(|node| (signed_file(&options.signed, &node), node))
        .partition(|(file, _)| file.is_some());
    let here: Vec<(PathBuf, String)> =
        here.into_iter().filter_map(|(file, node)| Some((file?, node))).collect();
    let missing: Vec<String> = missing.into_iter().map(|(_, node)| node).collect();
    if here.is_empty() {
        let first = missing.first().map_or("NODE", String::as_str);
        return Err(vec![
            Diagnostic::new(
                options.signed.display().to_string(),
                "no signed certificate of these nodes is in it",
            )
            .help(format!(
                "name each as its node: `{first}.pem`, `{first}.crt`, `{first}.cer` or `{first}.p7b`"
            )),
        ]
        .into());
    }
    let known = options
        .ca_chain
        .as_deref()
        .map(authority::certificates)
        .transpose()
        .map_err(one)?
        .unwrap_or_default();
    let password = passwords::kept_in(&shelves.home.keystore_password()).map_err(one)?;
    // Every chain is right before anything is written.
    let returned =
        make::on_every_core(&here, |(file, node)| returned(shelf, file, node, &known, &password, now))?;
    let issued = write(&shelves, returned, &password, &missing, now)?;
    print(&match global.output() {
        OutputForm::Json => format!("{}\n", serde_json::json!(issued)),
        OutputForm::Text => {
            format!("keystores of {} nodes in {}\n", issued.nodes.len(), shelf.directory.display())
                + &text(&issued, global.verbose > 0)
        }
    });
    Ok(Exit::Success)
}

/// Where stores are made, and where passwords and truststore are: the same, unless it is a renewal.
struct Shelves {
    home: Shelf,
    new: Shelf,
}

impl Shelves {
    fn of(options: &ImportArguments) -> Result<Shelves, Diagnostic> {
        let shelf = |directory: &Path| Shelf { directory: directory.to_owned(), kind: options.kind.into() };
        let shelves = Shelves { home: shelf(&shelf::home(&options.out)), new: shelf(&options.out) };
        let kind = shelves.new.kind;
        if let Some(there) = shelf::kind_in(&shelves.home.directory).filter(|there| *there != kind)
            && shelves.home.directory != shelves.new.directory
        {
            let (asked, there) = (shelf::extension(kind), shelf::extension(there));
            let message = format!("its stores are .{there}, and .{asked} is asked for");
            return Err(Diagnostic::new(shelves.home.directory.display().to_string(), message)
                .help("`--type` says the form: a renewal keeps it"));
        }
        let is_one = match (options.signed.canonicalize(), options.out.canonicalize()) {
            (Ok(signed), Ok(out)) => signed == out,
            (Ok(_) | Err(_), Ok(_) | Err(_)) => false,
        };
        if is_one && kind == StoreKind::Pem {
            let message = "the keystores would be NODE.pem too: `--signed` and `--out` are one directory";
            return Err(Diagnostic::new(options.signed.display().to_string(), message).help(
                "put the signed certificates into a directory of their own, and name it by `--signed`",
            ));
        }
        Ok(shelves)
    }
}

/// A node with its key and the chain that fits it.
struct Returned {
    node: String,
    key: Key,
    chain: Vec<Certificate>,
    /// Names that were asked for and are not in the certificate.
    left_out: Vec<San>,
}

fn write(
    Shelves { home, new: shelf }: &Shelves,
    returned: Vec<Returned>,
    password: &Secret,
    missing: &[String],
    now: Timestamp,
) -> Result<Issued, Vec<Diagnostic>> {
    let one = |problem| vec![problem];
    let roots: BTreeMap<String, Certificate> = returned
        .iter()
        .filter_map(|one| one.chain.last())
        .map(|root| (root.sha256.clone(), root.clone()))
        .collect();
    let roots: Vec<Certificate> = roots.into_values().collect();
    let truststore_password = passwords::kept_in(&home.truststore_password()).map_err(one)?;
    make::truststore(&home.truststore(), &roots, shelf.kind, &truststore_password, now).map_err(one)?;
    let nodes = make::on_every_core(&returned, |one| {
        let contents = stores::keystore(&one.node, &one.key, one.chain.clone());
        make::store(&shelf.keystore(&one.node), &contents, shelf.kind, password, now)?;
        Ok(one.issued(&shelf.keystore(&one.node)))
    })?;
    let mut notes: Vec<String> = returned
        .iter()
        .filter(|one| !one.left_out.is_empty())
        .map(|one| {
            let names: Vec<String> = one.left_out.iter().map(San::to_string).collect();
            format!("the certificate of {} lacks names that its request has: {}", one.node, names.join(", "))
        })
        .collect();
    if !missing.is_empty() {
        notes.push(format!("no certificate has come yet for {}", missing.join(", ")));
    }
    Ok(Issued { nodes, stores: Some(snippet(home, shelf)), notes })
}

/// Nodes with a key and without a keystore, or those of them that are wished.
fn waiting(shelf: &Shelf, wished: &[String]) -> Result<Vec<String>, Diagnostic> {
    let place = shelf.directory.display().to_string();
    let entries = std::fs::read_dir(&shelf.directory)
        .map_err(|error| Diagnostic::new(&place, format!("cannot list it: {error}")))?;
    let node = |name: &str| Some(name.strip_suffix(".key")?.to_owned());
    let mut nodes: Vec<String> =
        entries.flatten().filter_map(|entry| node(entry.file_name().to_str()?)).collect();
    nodes.sort();
    if let Some(unknown) = wished.iter().find(|wished| !nodes.contains(wished)) {
        return Err(Diagnostic::new(shelf.key(unknown).display().to_string(), "there is no such key")
            .help("`ringwalk stores issue --csr` makes a request and a key for each node"));
    }
    if !wished.is_empty() {
        let taken: Vec<PathBuf> = wished.iter().map(|node| shelf.keystore(node)).collect();
        files::none_exists(taken.iter().map(PathBuf::as_path), "the node is done: leave it out")?;
        return Ok(wished.to_vec());
    }
    let had_some = !nodes.is_empty();
    nodes.retain(|node| shelf.keystore(node).symlink_metadata().is_err());
    match (nodes.is_empty(), had_some) {
        (false, _) => Ok(nodes),
        (true, true) => Err(Diagnostic::new(place, "every node of it has its keystore already")),
        (true, false) => Err(Diagnostic::new(place, "no request waits here for its certificate").help(
            "`ringwalk stores issue --csr --out DIR` makes requests; `--out` names the same directory",
        )),
    }
}

fn signed_file(directory: &Path, node: &str) -> Option<PathBuf> {
    let candidates =
        ["pem", "crt", "cer", "p7b"].map(|extension| directory.join(format!("{node}.{extension}")));
    candidates.into_iter().find(|path| path.exists())
}

fn returned(
    shelf: &Shelf,
    file: &Path,
    node: &str,
    known: &[Certificate],
    password: &Secret,
    now: Timestamp,
) -> Result<Returned, Diagnostic> {
    let key_path = shelf.key(node);
    let store = make::open(&key_path, password)?;
    let entry = store
        .keys
        .first()
        .ok_or_else(|| Diagnostic::new(key_path.display().to_string(), "no private key is in it"))?;
    let key = Key::open(&entry.key).map_err(|error| pki_problem(key_path.display().to_string(), &error))?;
    let sent = authority::certificates(file)?;
    let chain = chain::arrange(&key, &sent, known, now)
        .map_err(|error| problem(file.display().to_string(), &error, Some(error.help())))?;
    let asked =
        files::read(&shelf.request(node)).ok().and_then(|bytes| request::names(&bytes)).unwrap_or_default();
    let has = |san: &San| chain[0].sans.iter().any(|text| San::parse(text).as_ref() == Some(san));
    let left_out = asked.into_iter().filter(|san| !has(san)).collect();
    Ok(Returned { node: node.to_owned(), key, chain, left_out })
}

impl Returned {
    fn issued(&self, file: &Path) -> IssuedNode {
        let leaf = &self.chain[0];
        let names = leaf.sans.iter().filter_map(|text| San::parse(text));
        IssuedNode {
            node: self.node.clone(),
            file: file.to_owned(),
            names: names.map(|san| Name { san, origin: Origin::Certificate }).collect(),
            ring_unknown: None,
            certificate: Some(IssuedCertificate {
                issuer: leaf.issuer.clone(),
                not_after: leaf.not_after,
                sha256: leaf.sha256.clone(),
            }),
        }
    }
}
