//! Wish against fact: the differences on one node, each with its reason.

use super::diff;
use super::material::Material;
use super::step::{EditYaml, PushStore, StoreName, Wire, YamlPath};
use crate::diagnostic::Diagnostic;
use crate::facts::NodeFacts;
use crate::facts::policy::Policy;
use crate::formats::yaml;
use crate::input::Input;
use crate::input::inventory::Node;
use crate::input::options::{OptionKey, Setting};
use crate::input::playbook::{Playbook, Restart, StoreSpec, expand};
use crate::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What one phase does to one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    pub change: NodeChange,
    pub pushes: Vec<PushStore>,
    pub edit: Option<EditYaml>,
    /// What each client port must show afterwards.
    pub wires: Vec<Wire>,
}

/// The work of every phase on one node, in order; `None` where a phase finds the node as it should be.
///
/// A phase that the node has passed is left alone: a cluster that requires TLS is not taken back to accepting plaintext
/// because a playbook begins with that. What a node has passed is read from its file, so it needs no saved progress.
pub fn of_node(
    input: &Input,
    material: &Material,
    node: &Node,
    facts: &NodeFacts,
) -> Result<Vec<Option<Work>>, Vec<Diagnostic>> {
    let mut projected = Projected::of(facts);
    let settled = settled_phase(&input.playbook, node, facts);
    let mut works = Vec::new();
    for phase in 0..input.playbook.phases.len() {
        if settled.is_some_and(|settled| phase < settled) {
            works.push(None);
            continue;
        }
        let subject = Subject { input, material, node, facts, phase };
        works.push(subject.work(&mut projected)?);
    }
    Ok(works)
}

/// All that differs on one node in one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeChange {
    pub node: String,
    pub changes: Vec<Change>,
    /// Why Cassandra must be restarted; empty if it need not be.
    pub restart: Vec<RestartReason>,
    /// Unified diff of `cassandra.yaml`, secrets masked; empty if the file stays as it is.
    pub diff: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Store {
        store: StoreName,
        path: String,
        was: Option<String>,
        becomes: String,
        certificate: Option<CertificateSummary>,
    },
    /// `was` and `becomes` as they are written in the file; a secret shows as where it comes from.
    Setting { path: YamlPath, was: Option<String>, becomes: String },
}

/// What identifies the certificate that a store serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateSummary {
    pub subject: String,
    /// SHA-256 of the certificate, lowercase hex.
    pub sha256: String,
    /// RFC 3339.
    pub not_after: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartReason {
    /// cassandra.yaml is read once, at start.
    SettingsChange,
    /// The process keeps the old contents of this store.
    StoreChanges { store: StoreName },
    /// The playbook says `restart: always`.
    Asked,
    /// Cassandra does not run there.
    NotRunning,
    /// An earlier run changed the node and did not see it healthy.
    Owed { run: String },
    /// The files are as wished, the port is not: the process runs with older ones.
    WireDiffers { shows: String },
}

/// The node as it is expected to be when a phase begins.
struct Projected {
    text: Secret,
    files: BTreeMap<String, Option<String>>,
    /// Why the running process is not yet what its files say; the first restart settles it.
    stale: Vec<RestartReason>,
}

impl Projected {
    fn of(facts: &NodeFacts) -> Projected {
        let sha256 = |file: &Option<crate::facts::FileFacts>| file.as_ref().map(|file| file.sha256.clone());
        let mut stale = Vec::new();
        stale.extend(facts.owed.clone().map(|run| RestartReason::Owed { run }));
        stale.extend(facts.process.is_none().then_some(RestartReason::NotRunning));
        Projected {
            text: facts.yaml.text.clone(),
            files: facts.files.iter().map(|(path, file)| (path.clone(), sha256(file))).collect(),
            stale,
        }
    }
}

/// One node in one phase.
struct Subject<'a> {
    input: &'a Input,
    material: &'a Material,
    node: &'a Node,
    facts: &'a NodeFacts,
    phase: usize,
}

impl Subject<'_> {
    fn work(&self, projected: &mut Projected) -> Result<Option<Work>, Vec<Diagnostic>> {
        let pushes = self.pushes(projected);
        let set = self.wish();
        let (text, changed) = self.edited(&projected.text, &set)?;
        let diff = diff::masked(&self.facts.yaml.path, projected.text.expose(), text.expose());
        let edit = (text != projected.text).then(|| EditYaml {
            path: self.facts.yaml.real_path.clone(),
            was: sha256_hex(projected.text.expose().as_bytes()),
            becomes: sha256_hex(text.expose().as_bytes()),
            set,
        });
        let wires = self.wires(text.expose());
        let restart = self.restart(&pushes, edit.is_some(), projected, &wires);
        let mut changes: Vec<Change> = pushes.iter().map(|push| self.store_change(push)).collect();
        changes.extend(changed);
        projected.text = text;
        pushes.iter().for_each(|push| {
            projected.files.insert(push.path.clone(), Some(push.becomes.clone()));
        });
        if changes.is_empty() && restart.is_empty() {
            return Ok(None);
        }
        projected.stale.clear();
        let change = NodeChange { node: self.node.name.clone(), changes, restart, diff };
        Ok(Some(Work { change, pushes, edit, wires }))
    }

    /// What is set in the file: the wish, with this node's name and address in its paths.
    fn wish(&self) -> Vec<(YamlPath, Setting)> {
        let wish = self.input.playbook.wish(self.phase).into_iter();
        let mut set: Vec<_> = wish
            .map(|(key, setting)| (YamlPath::ClientEncryption(key), self.expanded(setting.value)))
            .collect();
        let phases = &self.input.playbook.phases[..=self.phase];
        let port_ssl = phases.iter().rev().find_map(|phase| phase.native_transport_port_ssl);
        set.extend(port_ssl.map(|port| (YamlPath::NativeTransportPortSsl, Setting::Number(port.into()))));
        set
    }

    fn expanded(&self, setting: Setting) -> Setting {
        match setting {
            Setting::Text(text) => Setting::Text(expand(&text, self.node)),
            Setting::Map(entries) => {
                Setting::Map(entries.into_iter().map(|(key, value)| (key, self.expanded(value))).collect())
            }
            Setting::Bool(_) | Setting::Number(_) | Setting::List(_) | Setting::Secret(_) => setting,
        }
    }

    fn edited(
        &self,
        text: &Secret,
        set: &[(YamlPath, Setting)],
    ) -> Result<(Secret, Vec<Change>), Vec<Diagnostic>> {
        let edits = edits(set, self.material).map_err(|problem| vec![self.problem(problem)])?;
        let edited = yaml::edit(text.expose().as_bytes(), &edits)
            .map_err(|problems| problems.into_iter().map(|p| self.yaml_problem(p)).collect::<Vec<_>>())?;
        let edited = String::from_utf8(edited).map_err(|_| vec![self.problem("it is not UTF-8".into())])?;
        let root = yaml::parse(text.expose()).ok().flatten();
        let differs = set.iter().zip(&edits).filter_map(|((path, setting), edit)| {
            let node = at(root.as_ref(), &edit.path);
            let was = node.map(|node| shown(node, setting));
            (!yaml::says(node, &edit.value)).then(|| Change::Setting {
                path: *path,
                was,
                becomes: setting.to_string(),
            })
        });
        Ok((Secret::new(edited), differs.collect()))
    }

    fn problem(&self, message: String) -> Diagnostic {
        Diagnostic::new(self.yaml_name(), message)
    }

    fn yaml_problem(&self, problem: yaml::EditProblem) -> Diagnostic {
        let place = problem.line.map_or(self.yaml_name(), |line| format!("{}:{line}", self.yaml_name()));
        let diagnostic = Diagnostic::new(place, problem.message);
        match problem.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    /// As `scp` names it: `orders-4:/etc/cassandra/cassandra.yaml`.
    fn yaml_name(&self) -> String {
        format!("{}:{}", self.node.name, self.facts.yaml.path)
    }

    fn pushes(&self, projected: &Projected) -> Vec<PushStore> {
        let stores = &self.input.playbook.stores;
        let wished = [(StoreName::Keystore, &stores.keystore), (StoreName::Truststore, &stores.truststore)];
        let push =
            |(store, spec): (StoreName, &Option<StoreSpec>)| self.push(projected, store, spec.as_ref()?);
        wished.into_iter().filter_map(push).collect()
    }

    fn push(&self, projected: &Projected, store: StoreName, spec: &StoreSpec) -> Option<PushStore> {
        let local = self.material.store(&self.node.name, store)?;
        let path = expand(&spec.to, self.node);
        let was = projected.files.get(&path).cloned().flatten();
        let layout = &self.facts.layout;
        let owner = spec.owner.clone().unwrap_or_else(|| format!("{}:{}", layout.user, layout.group));
        // Readable by the account that runs Cassandra and by nobody else: a keystore holds a private key.
        let mode = spec.mode.unwrap_or(0o400);
        (was.as_ref() != Some(&local.sha256)).then(|| PushStore {
            store,
            path,
            was,
            becomes: local.sha256.clone(),
            owner,
            mode,
        })
    }

    fn store_change(&self, push: &PushStore) -> Change {
        let local = self.material.store(&self.node.name, push.store);
        Change::Store {
            store: push.store,
            path: push.path.clone(),
            was: push.was.clone(),
            becomes: push.becomes.clone(),
            certificate: local.and_then(|local| local.certificate.clone()),
        }
    }

    fn restart(
        &self,
        pushes: &[PushStore],
        edited: bool,
        projected: &Projected,
        wires: &[Wire],
    ) -> Vec<RestartReason> {
        let mut reasons = projected.stale.clone();
        reasons.extend(edited.then_some(RestartReason::SettingsChange));
        let replaced = pushes.iter().filter(|push| push.was.is_some());
        reasons.extend(replaced.map(|push| RestartReason::StoreChanges { store: push.store }));
        if self.input.playbook.phases[self.phase].restart == Restart::Always {
            reasons.push(RestartReason::Asked);
        }
        if reasons.is_empty() && pushes.is_empty() {
            reasons.extend(self.wire_differs(wires));
        }
        reasons
    }

    /// The files are as wished; does the port show it? Asked only where the port was looked at.
    fn wire_differs(&self, wires: &[Wire]) -> Option<RestartReason> {
        wires.iter().find_map(|wire| {
            let shows = self.facts.shows.get(&wire.port)?;
            let certificate = wire.certificate.is_none() || shows.certificate == wire.certificate;
            let right =
                shows.plaintext == wire.plaintext && shows.tls == wire.tls && (certificate || !wire.tls);
            (!right).then(|| RestartReason::WireDiffers { shows: shows.to_string() })
        })
    }

    /// What each client port shows once the node runs with this text.
    fn wires(&self, text: &str) -> Vec<Wire> {
        let options = ClientOptions::of(text);
        let base = self.facts.flavour.apache_base(self.facts.version);
        let policy = Policy::of(base, options.enabled, options.optional);
        let keystore = self.material.store(&self.node.name, StoreName::Keystore);
        let served = keystore.and_then(|store| Some(store.certificate.as_ref()?.sha256.clone()));
        let wire = |port, policy: Policy| Wire {
            port,
            plaintext: policy.accepts_plaintext(),
            tls: policy.accepts_tls(),
            certificate: served.clone().filter(|_| policy.accepts_tls()),
            client_certificate: policy.accepts_tls() && options.require_client_auth,
        };
        let port = self.facts.native.port;
        match options.port_ssl.filter(|ssl| *ssl != port) {
            Some(port_ssl) => vec![wire(port, Policy::Plaintext), wire(port_ssl, policy)],
            None => vec![wire(port, policy)],
        }
    }
}

/// What of a `cassandra.yaml` decides what its client ports show.
struct ClientOptions {
    enabled: bool,
    optional: Option<bool>,
    require_client_auth: bool,
    port_ssl: Option<u16>,
}

impl ClientOptions {
    fn of(text: &str) -> ClientOptions {
        let root = yaml::parse(text).ok().flatten();
        let section = root.as_ref().and_then(|root| root.get("client_encryption_options"));
        let flag = |key: OptionKey| section.and_then(|node| node.get(key.key())).and_then(yaml::as_bool_1_1);
        let port = root.as_ref().and_then(|root| root.get("native_transport_port_ssl"));
        ClientOptions {
            enabled: flag(OptionKey::Enabled).unwrap_or(false),
            optional: flag(OptionKey::Optional),
            require_client_auth: flag(OptionKey::RequireClientAuth).unwrap_or(false),
            port_ssl: port.and_then(yaml::as_integer_1_1).and_then(|port| u16::try_from(port).ok()),
        }
    }
}

/// The last phase whose own words the node's file already follows; what `stores` adds is not asked.
fn settled_phase(playbook: &Playbook, node: &Node, facts: &NodeFacts) -> Option<usize> {
    let root = yaml::parse(facts.yaml.text.expose()).ok().flatten();
    let mut said: BTreeMap<OptionKey, &Setting> = BTreeMap::new();
    let mut settled = None;
    for (index, phase) in playbook.phases.iter().enumerate() {
        said.extend(phase.client_encryption_options.iter().map(|(key, setting)| (*key, &setting.value)));
        if said.iter().all(|(key, setting)| follows(root.as_ref(), *key, setting, node)) {
            settled = Some(index);
        }
    }
    settled
}

fn follows(root: Option<&yaml::Node>, key: OptionKey, setting: &Setting, node: &Node) -> bool {
    let setting = match setting {
        // Where a secret comes from does not say which phase this is.
        Setting::Secret(_) => return true,
        Setting::Text(text) => Setting::Text(expand(text, node)),
        other => other.clone(),
    };
    let wished = value(&setting, &Material::default());
    let path = YamlPath::ClientEncryption(key).keys();
    wished.is_ok_and(|wished| yaml::says(at(root, &path), &wished))
}

/// The node that a path of keys leads to.
fn at<'a>(root: Option<&'a yaml::Node>, path: &[String]) -> Option<&'a yaml::Node> {
    path.iter().try_fold(root?, |node, key| node.get(key))
}

/// A value of the file as the operator may see it.
fn shown(node: &yaml::Node, becomes: &Setting) -> String {
    match (becomes, node.as_str()) {
        (Setting::Secret(_), _) => "[secret]".into(),
        (_, Some(text)) => text.into(),
        (_, None) => "something else".into(),
    }
}

/// Settings as edits, secrets resolved.
pub fn edits(set: &[(YamlPath, Setting)], material: &Material) -> Result<Vec<yaml::Edit>, String> {
    let edit = |(path, setting): &(YamlPath, Setting)| {
        Ok(yaml::Edit { path: path.keys(), value: value(setting, material)? })
    };
    set.iter().map(edit).collect()
}

fn value(setting: &Setting, material: &Material) -> Result<yaml::EditValue, String> {
    Ok(match setting {
        Setting::Bool(value) => yaml::EditValue::Bool(*value),
        Setting::Number(value) => yaml::EditValue::Number(*value),
        Setting::Text(value) => yaml::EditValue::Text(value.clone()),
        Setting::List(items) => yaml::EditValue::List(items.clone()),
        Setting::Map(entries) => {
            let entry = |(key, setting): &(String, Setting)| Ok((key.clone(), value(setting, material)?));
            yaml::EditValue::Map(entries.iter().map(entry).collect::<Result<_, String>>()?)
        }
        Setting::Secret(source) => {
            let secret =
                material.secret(source).ok_or_else(|| format!("the secret `{source}` was not read"))?;
            yaml::EditValue::Secret(secret.clone())
        }
    })
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
