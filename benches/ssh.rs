//! What looking at many nodes over SSH costs beside the bare connections: each side a process of its own, by turns.
//!
//! `scripts/bench ssh` prepares the server, the files and the directory that `RINGWALK_BENCH_SSH` names.

use ringwalk::cluster::{Cluster, survey};
use ringwalk::facts::Facts;
use ringwalk::facts::placement::{Member, Replication};
use ringwalk::facts::ring::{Keyspace, Partitioner, Ring, RingSource};
use ringwalk::input::{self, Input, Source, inventory};
use ringwalk::plan::change::{CertificateSummary, sha256_hex};
use ringwalk::plan::material::{LocalStore, Material, StoreKey};
use ringwalk::plan::plan;
use ringwalk::plan::step::StoreName;
use ringwalk::secret::Secret;
use ringwalk::transport::Host;
use ringwalk::transport::ssh::{Pool, PoolOptions, SshHost, Target};
use russh::client::{self, AuthResult, Handler};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh::{ChannelMsg, keys::PrivateKey};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// As many connections in the making as ringwalk allows itself.
const AT_ONCE: usize = 64;
const ROUNDS: usize = 9;

/// The goals: what a plan may cost of what the connections cost, and what it may hold in memory.
const WALL_GOAL: f64 = 1.3;
const RSS_GOAL_MB: f64 = 66.0;

fn main() {
    let Some(directory) = std::env::var_os("RINGWALK_BENCH_SSH").map(PathBuf::from) else {
        println!("nothing is measured without a server: run `scripts/bench ssh`");
        return;
    };
    match std::env::args().nth(1).as_deref() {
        Some("floor") => measured(floor(directory)),
        Some("plan") => measured(survey_and_plan(directory)),
        Some(_) | None => compare(),
    }
}

/// Runs one side and prints what this process took for it.
fn measured(side: impl Future<Output = String>) {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let notes = runtime.block_on(side);
    let wall_ms = begun.elapsed().as_secs_f64() * 1000.0;
    let cpu_ms = cpu_ms();
    println!("{wall_ms:.1} {cpu_ms:.1} {} {notes}", peak_kb());
    // Open connections are not closed one by one: neither side is measured by its good manners.
    std::process::exit(0);
}

/// User and system time of this process so far, in hundredths of a second as the kernel counts them.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) * 10.0
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// One side's account of one round.
#[derive(Clone, Default)]
struct Taken {
    wall_ms: f64,
    cpu_ms: f64,
    peak_mb: f64,
    notes: String,
}

fn compare() {
    take("floor");
    take("plan");
    let rounds: Vec<(Taken, Taken)> = (0..ROUNDS).map(|_| (take("floor"), take("plan"))).collect();
    let ratio = |of: fn(&Taken) -> f64| rounds.iter().map(|(floor, plan)| of(plan) / of(floor)).collect();
    let side = |of: &dyn Fn(&(Taken, Taken)) -> f64| median(rounds.iter().map(of).collect());
    println!("                       median ms      cpu ms     peak MB");
    for (name, pick) in [("bare connections", 0), ("probe and plan", 1)] {
        let taken = |round: &(Taken, Taken)| if pick == 0 { round.0.clone() } else { round.1.clone() };
        println!(
            "{name:20}{:12.0}{:12.0}{:12.1}",
            side(&|round| taken(round).wall_ms),
            side(&|round| taken(round).cpu_ms),
            side(&|round| taken(round).peak_mb),
        );
    }
    let wall: Vec<f64> = ratio(|taken| taken.wall_ms);
    let cpu: Vec<f64> = ratio(|taken| taken.cpu_ms);
    println!("ratio                  median         min         max   ({ROUNDS} pairs)");
    for (name, ratios) in [("wall", &wall), ("cpu of the process", &cpu)] {
        println!("{name:20}{:12.2}{:12.2}{:12.2}", median(ratios.clone()), least(ratios), most(ratios));
    }
    let peak = rounds.iter().map(|(_, plan)| plan.peak_mb).fold(0.0, f64::max);
    println!("highest peak of probe and plan: {peak:.1} MB; {}", rounds[0].1.notes);
    let met = |met: bool| if met { "met" } else { "NOT met" };
    println!("goal, wall at most {WALL_GOAL}: {}", met(median(wall) <= WALL_GOAL));
    println!("goal, peak below {RSS_GOAL_MB} MB: {}", met(peak < RSS_GOAL_MB));
}

fn take(side: &str) -> Taken {
    let output = Command::new(std::env::current_exe().unwrap()).arg(side).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{side}: {text}{}", String::from_utf8_lossy(&output.stderr));
    let mut words = text.trim().splitn(4, ' ');
    let mut number = || words.next().unwrap().parse::<f64>().unwrap();
    let (wall_ms, cpu_ms, peak_mb) = (number(), number(), number() / 1024.0);
    Taken { wall_ms, cpu_ms, peak_mb, notes: words.next().unwrap_or_default().to_owned() }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn input(directory: &Path) -> Input {
    let text = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let (inventory, playbook) = (text("inventory.yaml"), text("playbook.yaml"));
    input::read(
        Source { file: "inventory.yaml", text: &inventory },
        Source { file: "playbook.yaml", text: &playbook },
    )
    .unwrap_or_else(|problems| panic!("{} problems, the first: {}", problems.len(), problems[0].message))
}

/// Connect, authenticate, run `true`: what nobody who uses SSH can go below.
async fn floor(directory: PathBuf) -> String {
    let inventory = input(&directory).inventory;
    let key = Arc::new(load_secret_key(directory.join("id"), None).unwrap());
    let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = tokio::task::JoinSet::new();
    for node in inventory.nodes {
        let (key, config, places) = (Arc::clone(&key), Arc::clone(&config), Arc::clone(&places));
        tasks.spawn(async move {
            let _place = places.acquire().await.unwrap();
            // In an array: a handle is a future too, and a task that yields one looks like a forgotten await.
            [run_true(&node, key, config).await]
        });
    }
    let open = tasks.join_all().await;
    format!("{} connections", open.len())
}

async fn run_true(
    node: &inventory::Node,
    key: Arc<PrivateKey>,
    config: Arc<client::Config>,
) -> client::Handle<TakesAnyKey> {
    let place = (node.address.as_str(), node.ssh.port.unwrap());
    let mut handle = client::connect(config, place, TakesAnyKey).await.unwrap();
    let user = node.ssh.user.clone().unwrap();
    let answer = handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, None)).await.unwrap();
    assert!(matches!(answer, AuthResult::Success));
    let mut channel = handle.channel_open_session().await.unwrap();
    channel.exec(true, "true").await.unwrap();
    let mut code = None;
    while let Some(message) = channel.wait().await {
        if let ChannelMsg::ExitStatus { exit_status } = message {
            code = Some(exit_status);
        }
    }
    assert_eq!(code, Some(0));
    handle
}

/// The floor looks nothing up in known_hosts.
struct TakesAnyKey;

impl Handler for TakesAnyKey {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

/// What `ringwalk plan` does with these nodes: reads both files, probes every node, plans TLS for all of them.
async fn survey_and_plan(directory: PathBuf) -> String {
    let input = input(&directory);
    let material = material(&input);
    let pool = Pool::new(PoolOptions { agent: None, ..PoolOptions::default() });
    let cluster = Cluster::new(&input.inventory, &material, &BTreeMap::new(), |node| {
        Arc::new(SshHost::new(target(node, &directory), Arc::clone(&pool))) as Arc<dyn Host>
    });
    let begun = Instant::now();
    let nodes =
        survey::nodes(&cluster, &input.inventory, |node| survey::named_stores(&input.playbook, node)).await;
    let nodes = nodes
        .unwrap_or_else(|problems| panic!("{} problems, the first: {}", problems.len(), problems[0].message));
    let probed_ms = begun.elapsed().as_millis();
    let bytes: usize = nodes.iter().map(|node| node.yaml.text.expose().len()).sum();
    let facts = Facts { ring: ring(&input), nodes, down: Default::default(), looked_at_s: 0 };
    let plan = plan(&input, &material, &facts)
        .unwrap_or_else(|problems| panic!("{} problems, the first: {}", problems.len(), problems[0].message));
    assert_eq!(plan.nodes().len(), input.inventory.nodes.len());
    let planned_ms = begun.elapsed().as_millis() - probed_ms;
    format!(
        "{} nodes, {} KB of cassandra.yaml each, probe {probed_ms} ms, plan {planned_ms} ms",
        plan.nodes().len(),
        bytes / plan.nodes().len() / 1000
    )
}

fn target(node: &inventory::Node, directory: &Path) -> Target {
    Target {
        name: node.name.clone(),
        address: node.address.clone(),
        user: node.ssh.user.clone(),
        port: node.ssh.port,
        identities: vec![directory.join("id")],
        passphrase: None,
        jump: None,
        become_root: false,
        accept_new: false,
        known_hosts: Some(directory.join("known_hosts")),
        config: Some(directory.join("ssh_config")),
        connect_timeout: node.ssh.connect_timeout,
    }
}

/// A ring of the inventory's nodes as CQL would tell it: 16 tokens a node, three replicas.
fn ring(input: &Input) -> Ring {
    let nodes = &input.inventory.nodes;
    let step = i128::from(u64::MAX) / (nodes.len() as i128 * 16);
    let member = |(index, node): (usize, &inventory::Node)| Member {
        host_id: format!("00000000-0000-0000-0000-{index:012}"),
        address: node.address.clone(),
        rpc_address: node.address.clone(),
        datacenter: node.datacenter.clone().unwrap(),
        rack: node.rack.clone().unwrap(),
        release_version: "5.0.6".into(),
        tokens: (0..16)
            .map(|token| i128::from(i64::MIN) + (token * nodes.len() + index) as i128 * step)
            .collect(),
    };
    let members: Vec<Member> = nodes.iter().enumerate().map(member).collect();
    let factors = BTreeMap::from([(members[0].datacenter.clone(), 3)]);
    let keyspace = Keyspace { name: "orders".into(), replication: Replication::NetworkTopology(factors) };
    Ring {
        cluster_name: input.inventory.cluster.clone(),
        partitioner: Partitioner::Murmur3,
        schema_versions: BTreeMap::from([(
            "one".into(),
            nodes.iter().map(|node| node.address.clone()).collect(),
        )]),
        members,
        keyspaces: vec![keyspace],
        source: RingSource::Cql,
    }
}

/// Stores of a usual size; a plan reads of them what they hash to and whom they name.
fn material(input: &Input) -> Material {
    let mut material = Material::default();
    let playbook = &input.playbook;
    let specs = [
        (StoreName::Keystore, &playbook.stores.keystore),
        (StoreName::Truststore, &playbook.stores.truststore),
    ];
    for (store, spec) in specs.into_iter().filter_map(|(store, spec)| Some((store, spec.as_ref()?))) {
        material.secrets.insert(spec.password.to_string(), Secret::new("not a secret"));
        for node in &input.inventory.nodes {
            let bytes = Zeroizing::new(format!("{store} of {}", node.name).repeat(100).into_bytes());
            let sha256 = sha256_hex(&bytes);
            let certificate = (store == StoreName::Keystore).then(|| CertificateSummary {
                subject: format!("CN={}", node.name),
                sha256: sha256.clone(),
                not_after: "2030-01-01T00:00:00Z".into(),
                issuers: Default::default(),
            });
            let local =
                LocalStore { file: format!("{}.p12", node.name), bytes, sha256, certificate, content: None };
            let key = StoreKey { node: node.name.clone(), store, phase: 0 };
            material.stores.insert(key, local);
        }
    }
    material
}
