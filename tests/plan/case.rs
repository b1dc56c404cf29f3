//! A case on disk, made whole: the operator's files as they are, the cluster from a few words on what is not usual.

use super::debian;
use ringwalk::facts::placement::{Member, Replication};
use ringwalk::facts::ring::{Keyspace, Partitioner, Ring, RingSource};
use ringwalk::facts::version::{Flavour, Version};
use ringwalk::facts::{Facts, FileFacts, NativeTransport, NodeFacts, PortShows, Process, Service, Yaml};
use ringwalk::input::inventory::Node;
use ringwalk::input::playbook::{Playbook, Setting};
use ringwalk::input::{self, Input, Source};
use ringwalk::plan::change::{CertificateSummary, sha256_hex};
use ringwalk::plan::material::{LocalStore, Material, StoreKey};
use ringwalk::plan::step::StoreName;
use ringwalk::secret::{Secret, SecretSource};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a plan is made from.
#[derive(Clone)]
pub struct Case {
    pub input: Input,
    pub material: Material,
    pub facts: Facts,
}

/// `facts.json`. What it does not say is as usual: every node of the inventory runs, is up and in the ring.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Cluster {
    name: String,
    /// Replicas per datacenter, by keyspace.
    keyspaces: BTreeMap<String, usize>,
    /// Says what stands in the operator's stores: `keystore 2026 of n1`, `truststore 2026`; those that a phase brings are
    /// called by where they come from: `truststore stores/both.p12`.
    edition: String,
    /// Of nodes whose own entry does not say it.
    every: Seen,
    nodes: BTreeMap<String, Seen>,
    /// Members that the inventory lacks, by address: datacenter and rack.
    others: BTreeMap<String, (String, String)>,
    /// Names of nodes that an observer calls down.
    down: BTreeSet<String>,
    schema_versions: BTreeMap<String, BTreeSet<String>>,
    without_cql: bool,
}

impl Default for Cluster {
    fn default() -> Cluster {
        Cluster {
            name: "orders".into(),
            keyspaces: BTreeMap::from([("app".into(), 3)]),
            edition: "2026".into(),
            every: Seen::default(),
            nodes: BTreeMap::new(),
            others: BTreeMap::new(),
            down: BTreeSet::new(),
            schema_versions: BTreeMap::new(),
            without_cql: false,
        }
    }
}

/// One node, where it differs from the usual.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Seen {
    version: Option<String>,
    dse: Option<bool>,
    /// Its `cassandra.yaml`, from the case's directory; `nodes/{node}.yaml` unless it is said.
    yaml: Option<String>,
    /// What stands at each store's path, in words.
    files: Option<BTreeMap<String, String>>,
    stopped: Option<bool>,
    owed: Option<String>,
    shows: Option<BTreeMap<u16, PortShows>>,
    /// Address, datacenter and rack under which the ring knows it.
    address: Option<String>,
    datacenter: Option<String>,
    rack: Option<String>,
    not_in_ring: Option<bool>,
}

impl Seen {
    fn over(&self, beneath: &Seen) -> Seen {
        let Seen { version, dse, yaml, files, stopped, owed, shows, address, datacenter, rack, not_in_ring } =
            self.clone();
        let below = beneath.clone();
        Seen {
            version: version.or(below.version),
            dse: dse.or(below.dse),
            yaml: yaml.or(below.yaml),
            files: files.or(below.files),
            stopped: stopped.or(below.stopped),
            owed: owed.or(below.owed),
            shows: shows.or(below.shows),
            address: address.or(below.address),
            datacenter: datacenter.or(below.datacenter),
            rack: rack.or(below.rack),
            not_in_ring: not_in_ring.or(below.not_in_ring),
        }
    }
}

pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans")
}

/// The names of all cases.
pub fn names() -> Vec<String> {
    let entries = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let cases = entries.filter(|path| path.join("facts.json").exists());
    let mut names: Vec<String> =
        cases.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

impl Case {
    pub fn read(name: &str) -> Case {
        let directory = directory().join(name);
        let text = |file: &str| {
            fs::read_to_string(directory.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"))
        };
        let input = input::read(
            Source { file: "inventory.yaml", text: &text("inventory.yaml") },
            Source { file: "playbook.yaml", text: &text("playbook.yaml") },
        );
        let input = input.unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        let cluster: Cluster =
            serde_json::from_str(&text("facts.json")).unwrap_or_else(|error| panic!("{name}: {error}"));
        Case::new(input, &cluster, &|file| text(file))
    }

    fn new(input: Input, cluster: &Cluster, text: &dyn Fn(&str) -> String) -> Case {
        let nodes: Vec<(&Node, Seen)> = input
            .inventory
            .nodes
            .iter()
            .map(|node| {
                (node, cluster.nodes.get(&node.name).cloned().unwrap_or_default().over(&cluster.every))
            })
            .collect();
        let facts = Facts {
            ring: ring(cluster, &nodes),
            nodes: nodes.iter().map(|(node, seen)| node_facts(node, seen, &input.playbook, text)).collect(),
            down: cluster.down.iter().map(|name| host_id(name)).collect(),
            looked_at_s: 0,
        };
        let material = material(&input, &cluster.edition);
        Case { input, material, facts }
    }

    /// A large cluster of the usual kind: `racks` racks, one yaml for all.
    pub fn large(nodes: usize, racks: usize, playbook: &str, yaml: &str) -> Case {
        let node = |number: usize| {
            let (high, low) = (number / 250, number % 250 + 1);
            format!(
                "  - {{ name: n{number}, address: 10.1.{high}.{low}, datacenter: dc1, rack: r{} }}\n",
                number % racks
            )
        };
        let inventory = format!("cluster: orders\nnodes:\n{}", (1..=nodes).map(node).collect::<String>());
        let input = input::read(
            Source { file: "inventory.yaml", text: &inventory },
            Source { file: "playbook.yaml", text: playbook },
        );
        let every = Seen { yaml: Some("all".into()), ..Seen::default() };
        Case::new(input.unwrap(), &Cluster { every, ..Cluster::default() }, &|_| yaml.to_owned())
    }

    /// The operator's stores as they are in another year.
    pub fn edition(&mut self, edition: &str) {
        self.material = material(&self.input, edition);
    }
}

pub fn host_id(name: &str) -> String {
    format!("host-id-of-{name}")
}

fn ring(cluster: &Cluster, nodes: &[(&Node, Seen)]) -> Ring {
    let mut members: Vec<Member> = nodes
        .iter()
        .filter(|(_, seen)| seen.not_in_ring != Some(true))
        .map(|(node, seen)| {
            let place = |said: &Option<String>, inventory: &Option<String>, usual: &str| {
                said.clone().or(inventory.clone()).unwrap_or_else(|| usual.into())
            };
            let address = seen.address.clone().unwrap_or_else(|| node.address.clone());
            let datacenter = place(&seen.datacenter, &node.datacenter, "dc1");
            member(&node.name, &address, &datacenter, &place(&seen.rack, &node.rack, "r1"))
        })
        .collect();
    members.extend(cluster.others.iter().map(|(address, (dc, rack))| member(address, address, dc, rack)));
    // The ring goes round in the order of the members, so that neighbours share ranges.
    for (index, member) in members.iter_mut().enumerate() {
        member.tokens = if cluster.without_cql { Vec::new() } else { vec![index as i128 * 100] };
    }
    let datacenters: BTreeSet<String> = members.iter().map(|member| member.datacenter.clone()).collect();
    let keyspace = |(name, factor): (&String, &usize)| Keyspace {
        name: name.clone(),
        replication: Replication::NetworkTopology(
            datacenters.iter().map(|dc| (dc.clone(), *factor)).collect(),
        ),
    };
    let all = members.iter().map(|member| member.address.clone()).collect();
    let schema_versions = match cluster.schema_versions.is_empty() {
        true => BTreeMap::from([("one".into(), all)]),
        false => cluster.schema_versions.clone(),
    };
    Ring {
        cluster_name: cluster.name.clone(),
        partitioner: Partitioner::Murmur3,
        keyspaces: cluster.keyspaces.iter().map(keyspace).collect(),
        schema_versions,
        source: if cluster.without_cql { RingSource::NodetoolOnly } else { RingSource::Cql },
        members,
    }
}

fn member(name: &str, address: &str, datacenter: &str, rack: &str) -> Member {
    Member {
        host_id: host_id(name),
        address: address.into(),
        rpc_address: address.into(),
        datacenter: datacenter.into(),
        rack: rack.into(),
        release_version: String::new(),
        tokens: Vec::new(),
    }
}

fn node_facts(node: &Node, seen: &Seen, playbook: &Playbook, text: &dyn Fn(&str) -> String) -> NodeFacts {
    let file = seen.yaml.clone().unwrap_or_else(|| "nodes/{node}.yaml".into());
    let text = text(&file.replace("{node}", &node.name));
    let running = seen.stopped != Some(true);
    let process = Process { pid: 4711, started_ticks: 1000, user: "cassandra".into(), cwd: "/".into() };
    let mut files: BTreeMap<String, Option<FileFacts>> =
        playbook.every_store().map(|(_, _, spec)| (in_words(&spec.to, node), None)).collect();
    for (path, words) in seen.files.iter().flatten() {
        let path = in_words(path, node);
        let mut specs = playbook.every_store().map(|(_, _, spec)| spec);
        let spec = specs.find(|spec| in_words(&spec.to, node) == path);
        let mut file = file_facts(in_words(words, node).as_bytes());
        file.mode = spec.and_then(|spec| spec.mode).unwrap_or(file.mode);
        files.insert(path, Some(file));
    }
    let port_ssl =
        text.lines().find_map(|line| line.strip_prefix("native_transport_port_ssl: ")?.parse().ok());
    let usual = debian::node(&node.name, &node.address, Secret::new(text));
    let started =
        |start: &String| Service::Command { start: start.clone(), stop: node.cassandra.stop.clone() };
    NodeFacts {
        service: node.cassandra.start.as_ref().map_or(usual.service.clone(), started),
        flavour: if seen.dse == Some(true) { Flavour::Dse } else { Flavour::Apache },
        version: seen.version.as_deref().unwrap_or("5.0.6").parse::<Version>().unwrap(),
        process: running.then_some(process),
        yaml: Yaml { file: file_facts(usual.yaml.text.expose().as_bytes()), ..usual.yaml.clone() },
        files,
        native: NativeTransport { listening: running, port_ssl, ..usual.native.clone() },
        shows: seen.shows.clone().unwrap_or_default(),
        known_as: BTreeSet::from([seen.address.clone().unwrap_or_else(|| node.address.clone())]),
        owed: seen.owed.clone(),
        ..usual
    }
}

fn in_words(template: &str, node: &Node) -> String {
    template.replace("{node}", &node.name).replace("{address}", &node.address)
}

pub fn file_facts(bytes: &[u8]) -> FileFacts {
    FileFacts {
        sha256: sha256_hex(bytes),
        size_bytes: bytes.len() as u64,
        owner: "cassandra".into(),
        group: "cassandra".into(),
        mode: 0o400,
    }
}

fn material(input: &Input, edition: &str) -> Material {
    let mut material = Material::default();
    for node in &input.inventory.nodes {
        for (phase, store, spec) in input.playbook.every_store() {
            let is_of_phase = input.playbook.phases[phase].stores.spec(store).is_some();
            let words = match (is_of_phase, store) {
                (true, _) => format!("{store} {}", in_words(&spec.from, node)),
                (false, StoreName::Keystore) => format!("keystore {edition} of {}", node.name),
                (false, StoreName::Truststore) => format!("truststore {edition}"),
                (false, StoreName::InternodeKeystore) => {
                    format!("internode keystore {edition} of {}", node.name)
                }
                (false, StoreName::InternodeTruststore) => format!("internode truststore {edition}"),
            };
            let key = StoreKey { node: node.name.clone(), store, phase };
            material.stores.insert(key, local_store(store, &node.name, &words));
        }
    }
    for source in sources(&input.playbook) {
        material.secrets.insert(source.to_string(), Secret::new(secret_of(&source)));
    }
    material
}

fn local_store(name: StoreName, node: &str, words: &str) -> LocalStore {
    let certificate = CertificateSummary {
        subject: format!("CN={node}"),
        sha256: sha256_hex(format!("certificate in {words}").as_bytes()),
        not_after: "2027-11-24T00:00:00Z".into(),
        issuers: Default::default(),
    };
    LocalStore {
        file: format!("stores/{words}"),
        bytes: words.as_bytes().to_vec().into(),
        sha256: sha256_hex(words.as_bytes()),
        certificate: name.is_keystore().then_some(certificate),
        content: None,
    }
}

/// Begins every secret of these tests, and nothing else.
pub const SECRET: &str = "hunter2";

fn secret_of(source: &SecretSource) -> String {
    format!("{SECRET}: '{source}' # \"")
}

/// Every secret that the playbook names.
fn sources(playbook: &Playbook) -> Vec<SecretSource> {
    let last = playbook.phases.len().saturating_sub(1);
    let mut open: Vec<Setting> =
        (0..=last).flat_map(|phase| playbook.wish(phase)).map(|(_, setting)| setting.value).collect();
    open.extend(playbook.internode(last).into_values().map(|setting| setting.value));
    let settings = playbook.phases.iter().flat_map(|phase| phase.settings.values());
    open.extend(settings.map(|setting| setting.value.clone()));
    let mut sources = Vec::new();
    while let Some(setting) = open.pop() {
        match setting {
            Setting::Secret(source) => sources.push(source),
            Setting::Map(entries) => open.extend(entries.into_iter().map(|(_, setting)| setting)),
            Setting::Bool(_)
            | Setting::Number(_)
            | Setting::Decimal(_)
            | Setting::Text(_)
            | Setting::List(_)
            | Setting::Absent => {}
        }
    }
    sources
}
