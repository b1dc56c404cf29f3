//! What the probe's script printed, read as facts.

use super::frame::Sections;
use super::layout::{self, CommandLine};
use super::log::masked;
use super::probe::{ProbeError, ProbeRequest};
use super::service::{self, Found};
use super::sockets::{self, Listener};
use super::stores::{self, Stat};
use crate::facts::version::{Flavour, Version};
use crate::facts::{
    Layout, LayoutKind, NativeTransport, NodeFacts, Process, SelfHealed, StorageTransport, Yaml, canonical,
};
use crate::formats::yaml::tree::{self, Node};
use crate::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// `DatabaseDescriptor`, `Config.native_transport_port`: the same in every release.
const NATIVE_TRANSPORT_PORT: u16 = 9042;
/// `Config.storage_port`.
const STORAGE_PORT: u16 = 7000;
/// `Config.ssl_storage_port`.
const SSL_STORAGE_PORT: u16 = 7001;

pub(super) fn facts(
    output: &[u8],
    node: &str,
    request: &ProbeRequest,
    now_s: i64,
) -> Result<NodeFacts, ProbeError> {
    let sections = Sections::parse(output)?;
    let facts = read(&sections, node, request, now_s)?;
    not_overruled(&command_line(&sections), facts.flavour.apache_base(facts.version))?;
    Ok(facts)
}

/// The arguments of the running process; none if none runs.
pub(super) fn command_line(sections: &Sections) -> CommandLine {
    CommandLine::parse(&sections.lines("arguments").unwrap_or_default())
}

/// The same, whatever the command line takes from the yaml's hands.
pub(super) fn read(
    sections: &Sections,
    node: &str,
    request: &ProbeRequest,
    now_s: i64,
) -> Result<NodeFacts, ProbeError> {
    the_node_can_be_read(sections)?;
    let path = yaml_path(sections, request)?;
    let stats = stores::stats(sections)?;
    let (yaml, tree) = yaml(sections, path, &stats)?;
    let arguments = command_line(sections);
    let process = process(sections, &stats)?;
    let layout = layout(sections, request, &arguments, &process, &yaml.real_path, &stats)?;
    let (flavour, version) = release(sections, request, &arguments)?;
    let listeners = sockets::parse(&sections.lines("sockets")?);
    let settings = Settings { tree: tree.as_ref(), arguments: &arguments };
    Ok(NodeFacts {
        node: node.into(),
        service: service(sections, request, layout.kind, process.is_some())?,
        native: settings.native(&listeners),
        storage: settings.storage(&listeners),
        known_as: settings.known_as(&listeners),
        shows: BTreeMap::new(),
        files: stores::files(sections, request, tree.as_ref(), &stats)?,
        state_dir: sections.text("state_dir")?.into(),
        owed: Some(sections.text("owed")?).filter(|run| !run.is_empty()).map(Into::into),
        healed: sections.text("healed").ok().and_then(healed),
        free_bytes: stores::free_bytes(sections)?,
        unwritable: stores::unwritable(sections)?,
        clock_offset_s: stats.get("/proc/self").map_or(0, |made_now| made_now.modified_s - now_s),
        trusts: None,
        internode_trusts: None,
        tls_clients: None,
        layout,
        flavour,
        version,
        process: process.map(|(process, _)| process),
        java: sections.text("java").ok().filter(|java| !java.is_empty()).map(Into::into),
        yaml,
    })
}

/// `RUN SECONDS WORDS`; the words may be a start command's last.
fn healed(line: &str) -> Option<SelfHealed> {
    let mut words = line.trim().splitn(3, ' ');
    let (run, at_s, what) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    Some(SelfHealed { run: run.into(), at_s, what: masked(what) })
}

fn owned(lines: Vec<&str>) -> Vec<String> {
    lines.into_iter().map(Into::into).collect()
}

fn the_node_can_be_read(sections: &Sections) -> Result<(), ProbeError> {
    let words = |section| -> Result<Vec<String>, ProbeError> {
        Ok(sections.text(section)?.split_whitespace().map(Into::into).collect())
    };
    let tools = words("missing")?;
    if !tools.is_empty() {
        return Err(ProbeError::MissingTools { tools });
    }
    if sections.bytes("hidden").is_some() {
        return Err(ProbeError::ProcessesHidden);
    }
    let processes = words("processes")?;
    if processes.len() > 1 {
        return Err(ProbeError::SeveralProcesses { processes });
    }
    match (sections.text("apart").unwrap_or_default(), processes.first()) {
        ("", _) | (_, None) => Ok(()),
        ("root", Some(process)) => Err(ProbeError::Contained { process: process.clone() }),
        (yaml, Some(_)) => Err(ProbeError::OtherMount { yaml: yaml.into() }),
    }
}

/// The `cassandra.yaml` that counts.
fn yaml_path(sections: &Sections, request: &ProbeRequest) -> Result<String, ProbeError> {
    let path = sections.text("yaml_path")?;
    let (named, real) = (sections.text("named")?, sections.text("yaml_real")?);
    if !named.is_empty() && named != real {
        return Err(ProbeError::OtherYaml { running: path.into(), inventory: named.into() });
    }
    let unreadable = owned(sections.lines("unreadable")?);
    if !unreadable.is_empty() {
        return Err(ProbeError::Unreadable { paths: unreadable });
    }
    if path.is_empty() {
        let candidates = owned(sections.lines("candidates")?);
        let closed = owned(sections.lines("closed")?);
        return Err(match (candidates.is_empty(), closed.is_empty()) {
            (false, _) => ProbeError::Ambiguous { candidates },
            (true, false) => ProbeError::Unreadable { paths: closed },
            (true, true) => ProbeError::NotFound { looked_in: looked_in(request) },
        });
    }
    Ok(path.into())
}

fn looked_in(request: &ProbeRequest) -> Vec<String> {
    match &request.cassandra.location {
        Some(location) => vec![format!("{location}/conf"), format!("{location}/resources/cassandra/conf")],
        None => ["/etc/cassandra", "/etc/cassandra/conf", "/etc/dse/cassandra"].map(Into::into).into(),
    }
}

fn yaml(
    sections: &Sections,
    path: String,
    stats: &BTreeMap<&str, Stat>,
) -> Result<(Yaml, Option<Node>), ProbeError> {
    let real_path = sections.text("yaml_real")?.to_owned();
    let (Some(bytes), Some(stat)) = (sections.bytes("yaml"), stats.get(real_path.as_str())) else {
        return Err(match sections.text("processes")?.is_empty() {
            true => ProbeError::NotFound { looked_in: vec![path] },
            false => ProbeError::YamlGone { path },
        });
    };
    let bad = |problem: String| ProbeError::BadYaml { path: path.clone(), problem };
    let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8".into()))?;
    let tree = tree::parse(text).map_err(|error| bad(error.to_string()))?;
    let mut file = stat.with_sha256(stores::sha256(bytes));
    file.size_bytes = bytes.len() as u64;
    Ok((Yaml { path, real_path, file, text: Secret::new(text) }, tree))
}

/// Their values may be passwords and are not shown.
fn not_overruled(arguments: &CommandLine, base: Version) -> Result<(), ProbeError> {
    let decides = |name: &&str| {
        name.strip_prefix(layout::SETTINGS).is_some_and(|setting| {
            setting.starts_with("client_encryption_options") || setting.starts_with("native_transport_port")
        })
    };
    match arguments.settings(base).find(decides) {
        Some(property) => Err(ProbeError::Overruled { property: property.into() }),
        None => Ok(()),
    }
}

/// The running process and its group.
fn process(
    sections: &Sections,
    stats: &BTreeMap<&str, Stat>,
) -> Result<Option<(Process, String)>, ProbeError> {
    let Ok(text) = sections.text("process") else { return Ok(None) };
    let numbers: Vec<u64> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [pid, started_ticks, uid, gid] = numbers[..] else { return Ok(None) };
    let stat = stats.get(format!("/proc/{pid}").as_str());
    // A process that may not be dumped has root as the owner of its files in /proc (proc(5)).
    let user = stat.filter(|stat| u64::from(stat.uid) == uid).map(|stat| stat.user.clone());
    let group = stat.filter(|stat| u64::from(stat.gid) == gid).map(|stat| stat.group.clone());
    let process = Process {
        pid: pid as u32,
        started_ticks,
        user: user.unwrap_or_else(|| uid.to_string()),
        cwd: sections.text("cwd")?.into(),
    };
    Ok(Some((process, group.unwrap_or_else(|| gid.to_string()))))
}

fn layout(
    sections: &Sections,
    request: &ProbeRequest,
    arguments: &CommandLine,
    process: &Option<(Process, String)>,
    real_path: &str,
    stats: &BTreeMap<&str, Stat>,
) -> Result<Layout, ProbeError> {
    let home = sections.text("home")?;
    let kind = layout::kind(real_path, home);
    let data_dir = match kind {
        LayoutKind::ApacheTarball | LayoutKind::Explicit => format!("{home}/data"),
        LayoutKind::DebianPackage
        | LayoutKind::RpmPackage
        | LayoutKind::DsePackage
        | LayoutKind::DseTarball => "/var/lib/cassandra".into(),
    };
    let owner = stats.get(data_dir.as_str()).or_else(|| stats.get(home));
    let (user, group) = match (process, &request.cassandra.user, owner) {
        (Some((process, group)), _, _) => (process.user.clone(), group.clone()),
        (None, Some(user), Some(stat)) if stat.user == *user => (user.clone(), stat.group.clone()),
        (None, Some(user), _) => (user.clone(), user.clone()),
        (None, None, Some(stat)) => (stat.user.clone(), stat.group.clone()),
        (None, None, None) => ("cassandra".into(), "cassandra".into()),
    };
    let nodetool = sections.text("nodetool")?;
    if nodetool.is_empty() {
        return Err(ProbeError::NoNodetool);
    }
    Ok(Layout {
        kind,
        conf_dir: real_path.rsplit_once('/').map_or("/", |(directory, _)| directory).into(),
        nodetool: nodetool.into(),
        log_dir: arguments
            .property("cassandra.logdir")
            .map_or_else(|| layout::log_dir(kind, home), Into::into),
        user,
        group,
    })
}

fn release(
    sections: &Sections,
    request: &ProbeRequest,
    arguments: &CommandLine,
) -> Result<(Flavour, Version), ProbeError> {
    let running = layout::release(arguments.class_path.iter().map(String::as_str));
    let jars = sections.lines("jars")?;
    let installed: Vec<_> = jars.iter().filter_map(|jar| layout::release([*jar])).collect();
    match (running, installed.first()) {
        (Some(running), Some(other)) if !installed.contains(&running) => {
            Err(ProbeError::UpgradePending { running: running.1.to_string(), installed: other.1.to_string() })
        }
        (Some(running), _) => Ok(running),
        (None, Some(_)) => Ok(layout::release(jars).unwrap_or(installed[0])),
        (None, None) => match request.version {
            Some(version) => Ok((Flavour::Apache, version)),
            None => Err(ProbeError::NoVersion { home: sections.text("home")?.into() }),
        },
    }
}

fn service(
    sections: &Sections,
    request: &ProbeRequest,
    kind: LayoutKind,
    is_running: bool,
) -> Result<crate::facts::Service, ProbeError> {
    let words = |section| -> Result<Vec<&str>, ProbeError> {
        Ok(sections.text(section)?.split(' ').filter(|word| !word.is_empty()).collect())
    };
    let found = Found {
        systemd: !sections.text("systemd")?.is_empty(),
        unit_of_process: Some(sections.text("unit")?).filter(|unit| !unit.is_empty()),
        units: words("units")?,
        scripts: words("scripts")?,
        is_running,
    };
    service::choose(&found, &request.cassandra, kind).map_err(|why| ProbeError::NoService { why })
}

/// The yaml and what the command line puts above it.
struct Settings<'a> {
    tree: Option<&'a Node>,
    arguments: &'a CommandLine,
}

impl Settings<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.tree?.get(key)?.as_str().filter(|text| !text.is_empty() && !matches!(*text, "null" | "~"))
    }

    /// A port: a property of the same name goes before the yaml (`DatabaseDescriptor.getNativeTransportPort`).
    fn port(&self, key: &str) -> Option<u16> {
        self.arguments
            .property(&format!("cassandra.{key}"))
            .and_then(|port| port.parse().ok())
            .or_else(|| self.text(key)?.parse().ok())
    }

    fn native(&self, listeners: &[Listener]) -> NativeTransport {
        let port = self.port("native_transport_port").unwrap_or(NATIVE_TRANSPORT_PORT);
        // DSE 6 calls them native_transport_address.
        let configured = ["native_transport_address", "rpc_address", "listen_address"]
            .iter()
            .find_map(|key| self.text(key))
            .filter(|address| !address.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified()));
        let here: Vec<_> = listeners.iter().filter(|listener| listener.port == port).collect();
        let listener = here
            .iter()
            .find(|listener| configured.is_some_and(|address| address == listener.address.to_string()))
            .or(here.first());
        NativeTransport {
            address: match listener {
                Some(listener) => sockets::reachable(listener).to_string(),
                None => configured.unwrap_or("127.0.0.1").into(),
            },
            port,
            port_ssl: self.port("native_transport_port_ssl").filter(|ssl| *ssl != port),
            listening: listener.is_some(),
        }
    }

    /// Where other nodes reach it.
    fn storage(&self, listeners: &[Listener]) -> StorageTransport {
        let port = self.port("storage_port").unwrap_or(STORAGE_PORT);
        let port_ssl = self.port("ssl_storage_port").unwrap_or(SSL_STORAGE_PORT);
        let on = |port| listeners.iter().find(|listener| listener.port == port);
        let written = self.text("listen_address").unwrap_or("127.0.0.1");
        let listener = on(port).or(on(port_ssl));
        StorageTransport {
            address: listener.map_or_else(|| written.into(), |it| sockets::reachable(it).to_string()),
            port,
            port_ssl,
            listening: [port, port_ssl].into_iter().filter(|port| on(*port).is_some()).collect(),
        }
    }

    fn known_as(&self, listeners: &[Listener]) -> BTreeSet<String> {
        const KEYS: [&str; 6] = [
            "listen_address",
            "broadcast_address",
            "rpc_address",
            "broadcast_rpc_address",
            "native_transport_address",
            "native_transport_broadcast_address",
        ];
        let storage_port = self.port("storage_port").unwrap_or(STORAGE_PORT);
        let written = KEYS.iter().filter_map(|key| self.text(key)).map(canonical);
        let listening = listeners.iter().filter(|listener| listener.port == storage_port);
        written
            .chain(listening.map(|listener| listener.address.to_string()))
            .filter(|address| !address.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified()))
            .collect()
    }
}
