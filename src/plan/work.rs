//! What every phase does to one node, decided from what the node is expected to be when the phase begins.

use super::backwards;
use super::change::{CertificateSummary, Change, NodeChange, RestartReason, edits, sha256_hex};
use super::diff;
use super::fits::fits;
use super::generation::Generation;
use super::internode;
use super::material::{LocalStore, Material};
use super::ports::{ClientOptions, Served, wires};
use super::projected::Projected;
use super::reload::{self, Running};
use super::settled::first_phase;
use super::starts;
use super::step::{EditYaml, InternodeWish, PushStore, StoreName, Wire, YamlPath};
use crate::diagnostic::Diagnostic;
use crate::facts::NodeFacts;
use crate::formats::yaml;
use crate::input::inventory::Node;
use crate::input::options::{OptionKey, Setting};
use crate::input::playbook::{Phase, Restart, StoreSpec, expand};
use crate::input::{Input, names_a_secret};
use crate::secret::Secret;

/// What one phase does to one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    pub change: NodeChange,
    pub pushes: Vec<PushStore>,
    pub edit: Option<EditYaml>,
    /// What each client port must show afterwards.
    pub wires: Vec<Wire>,
    /// What must be taken from other nodes, if the playbook has a say in it.
    pub internode: Option<InternodeWish>,
}

/// The work of every phase on one node, in order; `None` where a phase finds the node as it should be.
pub fn of_node(
    input: &Input,
    material: &Material,
    node: &Node,
    facts: &NodeFacts,
) -> Result<Vec<Option<Work>>, Vec<Diagnostic>> {
    let root = yaml::document(facts.yaml.text.expose())
        .map_err(|problem| vec![yaml_problem(&yaml_name(node, facts), problem)])?;
    let generation = Generation::of(input, material, node, facts, &ClientOptions::of(root.as_ref()));
    let subject = |phase| Subject { input, material, node, facts, generation: &generation, phase };
    let first = first_phase(&input.playbook, node, facts, root.as_ref());
    let mut projected = Projected::of(facts, root);
    let works = (0..input.playbook.phases.len()).map(|phase| match phase < first {
        true => Ok(None),
        false => subject(phase).work(&mut projected),
    });
    works.collect()
}

/// One node in one phase.
struct Subject<'a> {
    input: &'a Input,
    material: &'a Material,
    node: &'a Node,
    facts: &'a NodeFacts,
    generation: &'a Generation,
    phase: usize,
}

impl Subject<'_> {
    fn work(&self, projected: &mut Projected) -> Result<Option<Work>, Vec<Diagnostic>> {
        let set = self.wish();
        let Edited { text, root, was, becomes, internode_stores, changes: settings } =
            self.edited(&projected.text, projected.root.take(), &set)?;
        let pushes = self.pushes(projected, &was);
        projected.root = root;
        if let Some(problem) = backwards::problem(self.input, self.phase, self.facts, &was, &becomes) {
            return Err(vec![problem]);
        }
        let edit = (text != projected.text).then(|| EditYaml {
            path: self.facts.yaml.real_path.clone(),
            was: sha256_hex(projected.text.expose().as_bytes()),
            becomes: sha256_hex(text.expose().as_bytes()),
            set,
        });
        let named = [&[was.keystore.clone(), was.truststore.clone()][..], &internode_stores].concat();
        let wires = wires(&becomes, self.facts, self.served(&becomes));
        let restart = self.restart(&pushes, edit.is_some(), &named, projected, &wires);
        let (restart, reload) = match reload::instead_of(&restart, &pushes, &self.running(&was, projected)) {
            Some(stores) => (Vec::new(), stores),
            None => (restart, Vec::new()),
        };
        let changes: Vec<Change> =
            pushes.iter().map(|push| self.store_change(push)).chain(settings).collect();
        if changes.is_empty() && restart.is_empty() {
            return Ok(None);
        }
        if let Some(problem) = starts::problem(self.input, self.phase, self.facts, &becomes) {
            return Err(vec![problem]);
        }
        let diff = diff::masked(&self.facts.yaml.path, projected.text.expose(), text.expose());
        projected.becomes(text, &pushes, !restart.is_empty(), &wires);
        let (before, after) = (was.told(self.facts), becomes.told(self.facts));
        let ports = (edit.is_some() && before != after).then_some((before, after));
        let change = NodeChange { node: self.node.name.clone(), changes, restart, reload, ports, diff };
        let internode = internode::wish(self.input, self.material, self.node, self.facts, self.phase);
        Ok(Some(Work { change, pushes, edit, wires, internode }))
    }

    /// What is set in the file: the wish, with this node's name and address in its paths.
    fn wish(&self) -> Vec<(YamlPath, Setting)> {
        let wish = self.input.playbook.wish_with(self.phase, |store| self.spec(store)).into_iter();
        let mut set: Vec<_> = wish
            .map(|(key, setting)| (YamlPath::ClientEncryption(key), self.expanded(setting.value)))
            .collect();
        let playbook = &self.input.playbook;
        let port_ssl = playbook.port_ssl(self.phase).cloned();
        set.extend(port_ssl.map(|setting| (YamlPath::NativeTransportPortSsl, setting)));
        let settings = playbook.settings(self.phase).into_iter().chain(playbook.internode(self.phase));
        set.extend(settings.map(|(path, said)| (YamlPath::Setting(path), self.expanded(said.value))));
        set
    }

    fn expanded(&self, setting: Setting) -> Setting {
        match setting {
            Setting::Text(text) => Setting::Text(expand(&text, self.node)),
            Setting::Map(entries) => {
                Setting::Map(entries.into_iter().map(|(key, value)| (key, self.expanded(value))).collect())
            }
            Setting::Bool(_)
            | Setting::Number(_)
            | Setting::Decimal(_)
            | Setting::List(_)
            | Setting::Secret(_)
            | Setting::Absent => setting,
        }
    }

    fn edited(
        &self,
        text: &Secret,
        root: Option<yaml::Node>,
        set: &[(YamlPath, Setting)],
    ) -> Result<Edited, Vec<Diagnostic>> {
        let edits = edits(set, self.material).map_err(|problem| vec![self.problem(problem)])?;
        let edited = yaml::edited(text.expose(), root, &edits).map_err(|problems| {
            problems.into_iter().map(|p| yaml_problem(&self.yaml_name(), p)).collect::<Vec<_>>()
        })?;
        let root = edited.before.as_ref();
        let differs = set.iter().zip(&edits).filter_map(|((path, setting), edit)| {
            let node = edit.path.iter().try_fold(root?, |node, key| node.get(key));
            let was = node.map(|node| shown(&edit.path, node));
            (!yaml::says(node, &edit.value)).then(|| Change::Setting {
                path: path.clone(),
                was,
                becomes: setting.to_string(),
            })
        });
        Ok(Edited {
            changes: differs.collect(),
            was: ClientOptions::of(root),
            internode_stores: internode::stores(root),
            becomes: ClientOptions::of(edited.after.as_ref()),
            text: Secret::new(edited.text),
            root: edited.after,
        })
    }

    fn problem(&self, message: String) -> Diagnostic {
        Diagnostic::new(self.yaml_name(), message)
    }

    fn yaml_name(&self) -> String {
        yaml_name(self.node, self.facts)
    }

    /// The store that the node has once the phase is done.
    fn spec(&self, store: StoreName) -> Option<&StoreSpec> {
        self.input.playbook.store(self.generation.at(self.phase, store), store)
    }

    fn local(&self, store: StoreName) -> Option<&LocalStore> {
        self.material.store(self.generation.at(self.phase, store), &self.node.name, store)
    }

    fn pushes(&self, projected: &Projected, was: &ClientOptions) -> Vec<PushStore> {
        let push = |store| self.push(projected, store, self.spec(store)?);
        let pushes = StoreName::ALL.into_iter().filter_map(push);
        pushes.filter(|push| !self.comes_early() || self.is_right_today(push, projected, was)).collect()
    }

    /// Whether the phase comes before the first that says anything of TLS or of stores.
    fn comes_early(&self) -> bool {
        let phases = &self.input.playbook.phases;
        let speaks_of_it = |phase: &Phase| {
            let is_silent = phase.client_encryption_options.is_empty() && phase.internode.is_empty();
            !is_silent || !phase.stores.is_empty() || phase.native_transport_port_ssl.is_some()
        };
        !phases[..=self.phase].iter().any(speaks_of_it) && phases.iter().any(speaks_of_it)
    }

    /// Whether the options of today, which an early phase leaves as they are, go with the store: if they name it, it stands
    /// there already (one that is there turns TLS on for some releases) and has the same password.
    fn is_right_today(&self, push: &PushStore, projected: &Projected, was: &ClientOptions) -> bool {
        let (named, password) = match push.store {
            StoreName::Keystore => (&was.keystore, OptionKey::KeystorePassword),
            StoreName::Truststore => (&was.truststore, OptionKey::TruststorePassword),
            StoreName::InternodeKeystore | StoreName::InternodeTruststore => return true,
        };
        let written = || {
            let keys = ["client_encryption_options", password.key()];
            yaml::get(projected.text.expose(), &keys).ok().flatten()?.as_str().map(Secret::new)
        };
        let own = || {
            let source =
                self.input.playbook.password(self.generation.at(self.phase, push.store), push.store)?;
            self.material.secret(&source).cloned()
        };
        *named != push.path || push.was.is_some() && written() == own()
    }

    fn push(&self, projected: &Projected, store: StoreName, spec: &StoreSpec) -> Option<PushStore> {
        let local = self.local(store)?;
        let path = expand(&spec.to, self.node);
        let was = projected.files.get(&path).cloned().flatten();
        let layout = &self.facts.layout;
        let owner = spec.owner.clone().unwrap_or_else(|| format!("{}:{}", layout.user, layout.group));
        // Readable by the account that runs Cassandra and by nobody else: a keystore holds a private key.
        let mode = spec.mode.unwrap_or(0o400);
        let stands = self.facts.files.get(&path).and_then(Option::as_ref);
        let fits = projected.pushed.contains(&path) || stands.is_none_or(|file| fits(file, spec, layout));
        (was.as_ref() != Some(&local.sha256) || !fits).then(|| PushStore {
            store,
            path,
            was,
            becomes: local.sha256.clone(),
            owner,
            mode,
        })
    }

    fn store_change(&self, push: &PushStore) -> Change {
        let local = self.local(push.store);
        Change::Store {
            store: push.store,
            path: push.path.clone(),
            was: push.was.clone(),
            becomes: push.becomes.clone(),
            certificate: local.and_then(|local| local.certificate.clone()),
        }
    }

    /// What the node serves with these options, where they name the keystore that the playbook brings.
    fn served(&self, options: &ClientOptions) -> Option<Served> {
        let (spec, local) = (self.spec(StoreName::Keystore)?, self.local(StoreName::Keystore)?);
        let is_named = expand(&spec.to, self.node) == options.keystore;
        let CertificateSummary { sha256, issuers, .. } =
            local.certificate.as_ref().filter(|_| is_named)?.clone();
        Some(Served { leaf: sha256, issuers })
    }

    /// The process as it is when the phase begins.
    fn running<'b>(&'b self, options: &'b ClientOptions, projected: &Projected) -> Running<'b> {
        let tls_ports = wires(options, self.facts, None).into_iter().filter(|wire| wire.tls);
        let speaks_tls = |port| projected.shows.get(&port).is_some_and(|shows| shows.tls);
        let mut tls_ports = tls_ports.map(|wire| wire.port).peekable();
        let is_known =
            tls_ports.peek().is_some() && tls_ports.all(|port| projected.restarted || speaks_tls(port));
        Running { facts: self.facts, options, serves_tls: is_known }
    }

    fn restart(
        &self,
        pushes: &[PushStore],
        edited: bool,
        named: &[String],
        projected: &Projected,
        wires: &[Wire],
    ) -> Vec<RestartReason> {
        let mut reasons = projected.stale.clone();
        reasons.extend(edited.then_some(RestartReason::SettingsChange));
        // A store that is missing where the file names it: the process runs with what stood there before.
        let renewed = || pushes.iter().filter(|push| push.was.as_ref() != Some(&push.becomes));
        let replaced = renewed().filter(|push| push.was.is_some() || named.contains(&push.path));
        reasons.extend(replaced.map(|push| RestartReason::StoreChanges { store: push.store }));
        if self.input.playbook.phases[self.phase].restart == Restart::Always {
            reasons.push(RestartReason::Asked);
        }
        if reasons.is_empty() && renewed().next().is_none() {
            reasons.extend(wire_differs(projected, wires));
        }
        reasons
    }
}

fn yaml_problem(yaml_name: &str, problem: yaml::EditProblem) -> Diagnostic {
    let place = problem.line.map_or(yaml_name.to_owned(), |line| format!("{yaml_name}:{line}"));
    let diagnostic = Diagnostic::new(place, problem.message);
    match problem.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// As `scp` names it: `orders-4:/etc/cassandra/cassandra.yaml`.
fn yaml_name(node: &Node, facts: &NodeFacts) -> String {
    format!("{}:{}", node.name, facts.yaml.path)
}

/// A text with the wish in it, and what that changed.
struct Edited {
    text: Secret,
    root: Option<yaml::Node>,
    was: ClientOptions,
    becomes: ClientOptions,
    /// That the text names before.
    internode_stores: [String; 2],
    changes: Vec<Change>,
}

/// The files are as wished; does the port show it? Asked only where the port was looked at.
fn wire_differs(projected: &Projected, wires: &[Wire]) -> Option<RestartReason> {
    wires.iter().find_map(|wire| {
        let shows = projected.shows.get(&wire.port)?;
        let certificate = wire.certificate.is_none() || shows.certificate == wire.certificate;
        let issuers = wire.issuers.is_subset(&shows.issuers);
        let right = shows.plaintext == wire.plaintext && shows.tls == wire.tls && certificate && issuers;
        (!right).then(|| RestartReason::WireDiffers { shows: shows.to_string() })
    })
}

/// A value of the file as the operator may see it.
fn shown(path: &[String], node: &yaml::Node) -> String {
    match (&node.value, node.as_str()) {
        _ if path.last().is_some_and(|key| names_a_secret(key)) => "[secret]".into(),
        (_, Some(text)) => text.into(),
        (yaml::Value::Sequence(items), None) => {
            let items: Vec<&str> = items.iter().filter_map(yaml::Node::as_str).collect();
            format!("[{}]", items.join(", "))
        }
        // A mapping may hold secrets; the diff shows it masked.
        (yaml::Value::Mapping(_) | yaml::Value::Alias(_) | yaml::Value::Scalar { .. }, None) => {
            "something else".into()
        }
    }
}
