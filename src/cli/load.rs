//! What a command works on: both files read, secrets resolved, stores opened; or every problem of them at once.

use super::arguments::AcceptArguments;
use super::secrets;
use crate::diagnostic::Diagnostic;
use crate::formats::store::{Store, StoreError};
use crate::input::inventory::Node;
use crate::input::playbook::{Playbook, expand};
use crate::input::{self, Input, Source};
use crate::node::wire::ClientIdentity;
use crate::plan::change::{CertificateSummary, sha256_hex};
use crate::plan::judge::{self, Finding};
use crate::plan::material::{ClientTruststore, LocalStore, Material, StoreKey};
use crate::plan::step::StoreName;
use crate::secret::{Secret, SecretSource};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

pub struct Loaded {
    pub input: Input,
    pub material: Material,
    /// By node: certificate and key of its keystore, in each phase that brings one.
    pub identities: BTreeMap<String, Vec<ClientIdentity>>,
    /// What relative paths of the inventory are relative to.
    pub inventory_directory: PathBuf,
}

impl Loaded {
    /// With what was said on the command line to be known.
    pub fn accepting(mut self, accept: &AcceptArguments) -> Loaded {
        self.input.playbook.stores.accept_expired_ca = accept.accept_expired_ca;
        self
    }
}

/// Reads everything that is on this side; nothing is reached yet.
pub fn load(inventory: Option<&Path>, playbook: Option<&Path>) -> Result<Loaded, Vec<Diagnostic>> {
    let (inventory, playbook) = (named(inventory, "inventory", "-i")?, named(playbook, "playbook", "-p")?);
    let (inventory_text, playbook_text) = (text_of(inventory), text_of(playbook));
    let mut problems = Vec::new();
    for text in [&inventory_text, &playbook_text] {
        problems.extend(text.as_ref().err().cloned());
    }
    let (Ok(inventory_text), Ok(playbook_text)) = (inventory_text, playbook_text) else {
        return Err(problems);
    };
    let (inventory_name, playbook_name) = (inventory.display().to_string(), playbook.display().to_string());
    let input = input::read(
        Source { file: &inventory_name, text: &inventory_text },
        Source { file: &playbook_name, text: &playbook_text },
    )?;
    let directory = directory_of(playbook);
    let secrets = secrets::resolve(&input, &directory, &[])?;
    let mut stores = Stores { input: &input, directory, opened: BTreeMap::new() };
    let mut loaded = Loaded {
        material: Material { secrets, ..Material::default() },
        identities: BTreeMap::new(),
        inventory_directory: directory_of(inventory),
        input: input.clone(),
    };
    for node in &input.inventory.nodes {
        problems.extend(stores.of_node(node, &mut loaded));
    }
    problems.extend(stores.of_clients(&mut loaded.material));
    problems.dedup();
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

/// Reads what it takes to reach the nodes and no more. `playbook`: only for what a relative `file:` is relative to.
pub fn load_inventory(inventory: Option<&Path>, playbook: Option<&Path>) -> Result<Loaded, Vec<Diagnostic>> {
    let inventory = named(inventory, "inventory", "-i")?;
    let text = text_of(inventory).map_err(|problem| vec![problem])?;
    let name = inventory.display().to_string();
    let read = input::read_inventory(Source { file: &name, text: &text })?;
    let input = Input { inventory: read, playbook: Playbook::default() };
    let secrets = secrets::resolve(&input, &directory_of(playbook.unwrap_or(inventory)), &[])?;
    Ok(Loaded {
        material: Material { secrets, ..Material::default() },
        identities: BTreeMap::new(),
        inventory_directory: directory_of(inventory),
        input,
    })
}

pub(super) fn named<'a>(path: Option<&'a Path>, what: &str, flag: &str) -> Result<&'a Path, Vec<Diagnostic>> {
    path.ok_or_else(|| {
        let message = format!("no {what} is named");
        vec![
            Diagnostic::new("command line", message)
                .help(format!("add `{flag} FILE`; `ringwalk --help` has an example")),
        ]
    })
}

pub(super) fn text_of(path: &Path) -> Result<String, Diagnostic> {
    std::fs::read_to_string(path)
        .map_err(|error| Diagnostic::new(path.display().to_string(), format!("cannot read it: {error}")))
}

/// The directory that a file is in.
pub(super) fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// Store files, each opened once with each password, whichever nodes it is for.
struct Stores<'a> {
    input: &'a Input,
    directory: PathBuf,
    opened: BTreeMap<(PathBuf, SecretSource), Result<Opened, Unfit>>,
}

/// Why a store cannot be used, and a way out.
#[derive(Clone)]
struct Unfit {
    problem: String,
    help: String,
    /// Another password would open it.
    is_password: bool,
}

#[derive(Clone)]
struct Opened {
    local: LocalStore,
    identity: Option<ClientIdentity>,
}

impl Stores<'_> {
    fn of_node(&mut self, node: &Node, loaded: &mut Loaded) -> Vec<Diagnostic> {
        let playbook = &self.input.playbook;
        let mut problems = Vec::new();
        let phases = |store| (0..playbook.phases.len()).map(move |phase| (phase, store));
        for (phase, store) in StoreName::ALL.into_iter().flat_map(phases) {
            match self.open(phase, store, node, &loaded.material) {
                None => {}
                Some(Ok(opened)) => {
                    // A phase that brings no store may write out another password for the one that is there.
                    if !playbook.brings(store).any(|(brings, _)| brings == phase) {
                        continue;
                    }
                    let key = StoreKey { node: node.name.clone(), store, phase };
                    loaded.material.stores.insert(key, opened.local);
                    if let Some(identity) = opened.identity.filter(|_| store == StoreName::Keystore) {
                        loaded.identities.entry(node.name.clone()).or_default().push(identity);
                    }
                }
                Some(Err(unfit)) => {
                    let problem = self.problem(phase, store, unfit);
                    problems.extend((!problems.contains(&problem)).then_some(problem));
                }
            }
        }
        problems
    }

    fn of_clients(&self, material: &mut Material) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for (index, truststore) in self.input.playbook.stores.client_truststores.iter().enumerate() {
            let path = self.directory.join(&truststore.from);
            let password = truststore.password.as_ref().and_then(|source| material.secret(source));
            match read_store(&path, password, StoreName::Truststore) {
                Ok(Opened { local: LocalStore { file, content, .. }, .. }) => {
                    let opened = content.map(|content| ClientTruststore { file, content });
                    material.client_truststores.extend(opened);
                }
                Err(Unfit { problem, help, .. }) => {
                    let place = format!("stores.client_truststores[{index}].from");
                    problems.push(self.input.playbook.source.diagnostic_of(&place, problem, help));
                }
            }
        }
        problems
    }

    /// None where the phase has no such store.
    fn open(
        &mut self,
        phase: usize,
        name: StoreName,
        node: &Node,
        material: &Material,
    ) -> Option<Result<Opened, Unfit>> {
        let spec = self.input.playbook.store(phase, name)?;
        let key = (self.directory.join(expand(&spec.from, node)), self.input.playbook.password(phase, name)?);
        if let Some(opened) = self.opened.get(&key) {
            return Some(opened.clone());
        }
        let opened = read_store(&key.0, material.secret(&key.1), name);
        self.opened.insert(key, opened.clone());
        Some(opened)
    }

    /// At the words of the playbook that bring the store, or that write out the password that does not open it.
    fn problem(
        &self,
        phase: usize,
        store: StoreName,
        Unfit { problem, help, is_password }: Unfit,
    ) -> Diagnostic {
        let playbook = &self.input.playbook;
        let written = playbook.place_of_password(phase, store).filter(|_| is_password);
        let place = written.unwrap_or_else(|| format!("{}.from", playbook.place_of_store(phase, store)));
        playbook.source.diagnostic_of(&place, problem, help)
    }
}

fn read_store(path: &Path, password: Option<&Secret>, name: StoreName) -> Result<Opened, Unfit> {
    let bytes = std::fs::read(path).map_err(|error| Unfit {
        problem: format!("cannot read {}: {error}", path.display()),
        help: "`from` is relative to the playbook; `{node}` in it stands for the node's name".into(),
        is_password: false,
    })?;
    let bytes = Zeroizing::new(bytes);
    let password = password.cloned().unwrap_or_else(|| Secret::new(""));
    let store = Store::open(&bytes, &password).map_err(|error| {
        let Finding { rule, reason, help, .. } = judge::unopened(name, &error);
        let is_password = matches!(error, StoreError::WrongPassword | StoreError::KeyPasswordDiffers { .. });
        Unfit { problem: format!("cannot open {}: {reason} ({rule})", path.display()), help, is_password }
    })?;
    let certificate = store.leaf().map(|leaf| CertificateSummary {
        subject: leaf.subject.clone(),
        sha256: leaf.sha256.clone(),
        not_after: leaf.not_after.to_string(),
        issuers: store.issuers(),
    });
    let identity = store.keys.first().map(|entry| ClientIdentity {
        chain: entry.chain.iter().map(|certificate| certificate.der.clone()).collect(),
        key: Zeroizing::new(entry.key.as_pkcs8().to_vec()),
    });
    let sha256 = sha256_hex(&bytes);
    let file = path.display().to_string();
    let local = LocalStore { file, bytes, sha256, certificate, content: Some(Arc::new(store)) };
    Ok(Opened { local, identity })
}
