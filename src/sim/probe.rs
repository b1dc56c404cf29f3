//! What the probe's script and the look at the process print on a simulated node.

use super::install::Install;
use super::job::section;
use super::world::{Machine, State};
use crate::facts::Service;
use crate::plan::change::sha256_hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

pub fn look(state: &State, node: usize) -> Vec<u8> {
    let machine = &state.machines[node];
    let text = match &machine.process {
        Some(process) => {
            section("process", &format!("{} {} S", process.pid, process.started_ticks))
                + &section("user", &machine.install.user)
                + &section("cwd", &machine.install.cwd)
        }
        None => section("none", ""),
    };
    text.into_bytes()
}

/// `stores`: the paths that the caller asks for. An audit reads what is in them, too.
pub fn answer(state: &State, node: usize, stores: &[String], is_audit: bool, now: Instant) -> Vec<u8> {
    let machine = &state.machines[node];
    let Install { yaml, real, home, nodetool, state_dir, .. } = &machine.install;
    let jar = format!("{home}/apache-cassandra-{}.jar", machine.version);
    let owed = machine.files.by_path.get(&format!("{state_dir}/owed"));
    let owed = owed.map(|file| String::from_utf8_lossy(&file.bytes).trim().to_owned()).unwrap_or_default();
    let mut text = section("probe", "1");
    text += &[section("uid", "0"), section("state_dir", state_dir), section("owed", &owed)].concat();
    if let Some(file) = machine.files.by_path.get(&format!("{state_dir}/healed")) {
        text += &section("healed", &String::from_utf8_lossy(&file.bytes));
    }
    text += &section("missing", "");
    text += &process(machine, &jar);
    let paths = [
        ("candidates", yaml.as_str()),
        ("closed", ""),
        ("named", ""),
        ("yaml_path", yaml),
        ("yaml_real", real),
    ];
    text += &paths.map(|(name, value)| section(name, value)).concat();
    text += &[section("home", home), section("nodetool", nodetool), section("jars", &jar)].concat();
    text += &service(&machine.install.service);
    let asked = asked(machine, stores);
    if is_audit {
        text += &contents(machine, &asked);
    }
    text += &files(machine, &asked, is_audit);
    text += &section("sockets", &sockets(machine, now));
    let yaml = machine.files.by_path.get(real).map(|file| file.bytes.clone()).unwrap_or_default();
    [text.as_bytes(), b"yaml\n", &yaml].concat()
}

fn process(machine: &Machine, jar: &str) -> String {
    let Some(process) = &machine.process else { return section("processes", "") + &section("unit", "") };
    let (pid, install) = (process.pid, &machine.install);
    let directory = install.real.rsplit_once('/').map_or("/", |(directory, _)| directory);
    let arguments = format!(
        "java\n-Dcassandra.logdir={}\n-Dcassandra.native_transport_port={}\n-cp\n{directory}:{jar}\nx.CassandraDaemon",
        install.log_dir, machine.port
    );
    let unit = match &install.service {
        Service::Systemd { unit } => unit.as_str(),
        Service::Sysv { .. } | Service::Command { .. } => "",
    };
    section("processes", &pid.to_string())
        + &section("process", &format!("{pid} {} 100 100", process.started_ticks))
        + &section("arguments", &arguments)
        + &section("cwd", &install.cwd)
        + &section("java", &install.java)
        + &section("unit", unit)
}

/// What there is to start it by.
fn service(service: &Service) -> String {
    let (systemd, units, scripts) = match service {
        Service::Systemd { unit } => ("yes", unit.as_str(), ""),
        Service::Sysv { script } => ("", "", script.as_str()),
        Service::Command { .. } => ("", "", ""),
    };
    section("systemd", systemd) + &section("units", units) + &section("scripts", scripts)
}

/// The files that are looked at.
fn asked<'a>(machine: &'a Machine, stores: &'a [String]) -> BTreeSet<&'a str> {
    let install = &machine.install;
    let there = machine.files.by_path.keys().filter(|path| install.is_of_cassandra(path));
    let there = there.filter(|path| **path != install.real);
    stores.iter().chain(there).chain(&install.named).map(String::as_str).collect()
}

fn contents(machine: &Machine, asked: &BTreeSet<&str>) -> String {
    // Nothing was written since the process began.
    let ticks = machine.process.as_ref().map_or(0, |process| process.started_ticks);
    let there: Vec<_> =
        asked.iter().filter_map(|path| Some((*path, machine.files.by_path.get(*path)?))).collect();
    let content = |(number, (_, file)): (usize, &(&str, &super::files::File))| {
        section(&format!("content_{number}"), &STANDARD.encode(&file.bytes))
    };
    let paths: Vec<&str> = there.iter().map(|(path, _)| *path).collect();
    let contents: String = there.iter().enumerate().map(content).collect();
    section("uptime", &(ticks / 100).to_string()) + &contents + &section("contents", &paths.join("\n"))
}

fn above(path: &str) -> String {
    path.rsplit_once('/').map_or("/", |(above, _)| above).to_owned()
}

fn files(machine: &Machine, asked: &BTreeSet<&str>, is_audit: bool) -> String {
    let install = &machine.install;
    let mut directories: BTreeSet<String> = asked.iter().map(|path| above(path)).collect();
    directories.extend([above(&install.real), install.state_dir.clone()]);
    let is_writable = if machine.files.read_only { "no" } else { "yes" };
    let listed: Vec<String> = directories.iter().map(|it| format!("{is_writable}\n{it}\n{it}")).collect();
    let blocks = if machine.files.disk_full { 0 } else { 1_000_000 };
    let free: Vec<String> = directories.iter().map(|it| format!("{blocks}/4096/{it}")).collect();
    section("asked", &asked.iter().copied().collect::<Vec<_>>().join("\n"))
        + &section("unreadable", "")
        + &section("directories", &listed.join("\n"))
        + &listing(machine, asked, is_audit)
        + &section("free", &free.join("\n"))
}

/// Hashes and attributes of what is there.
fn listing(machine: &Machine, asked: &BTreeSet<&str>, is_audit: bool) -> String {
    let Install { user, group, home, real, .. } = &machine.install;
    let mut sums = String::new();
    let mut stats = String::new();
    for data in ["/var/lib/cassandra", &format!("{home}/data")] {
        stats.push_str(&format!("41ed/0/100/100/{user}/{group}/0/{data}\n"));
    }
    for (path, file) in
        machine.files.by_path.iter().filter(|(path, _)| asked.contains(path.as_str()) || *path == real)
    {
        sums.push_str(&format!("{}  {path}\n", sha256_hex(&file.bytes)));
        let (mode, size) = (0o100_000 | file.mode, file.bytes.len());
        stats.push_str(&format!("{mode:x}/{size}/0/0/{}/{}/0/{path}\n", file.owner, file.group));
    }
    for directory in asked.iter().filter(|_| is_audit).map(|path| above(path)).collect::<BTreeSet<_>>() {
        stats.push_str(&format!("41ed/0/0/0/root/root/0/{directory}\n"));
    }
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    stats.push_str(&format!("416d/0/0/0/root/root/{}//proc/self\n", now_s + machine.clock_skew_s));
    if let Some(process) = &machine.process {
        stats.push_str(&format!("416d/0/100/100/{user}/{group}/0//proc/{}\n", process.pid));
    }
    section("sums", &sums) + &section("stats", &stats)
}

/// As `/proc/net/tcp` and `tcp6` have listeners.
fn sockets(machine: &Machine, now: Instant) -> String {
    let Some(process) = &machine.process else { return String::new() };
    let storage = &machine.install.storage;
    let between = storage.listening.iter().map(|port| (storage.address.as_str(), *port));
    let second = process.speaks.second.map(|(port, _)| port);
    let native = [Some(machine.port), second].into_iter().flatten().filter(|_| process.serves(now));
    let native = native.map(|port| (machine.install.native_address.as_str(), port));
    let lines = between.chain(native).filter_map(|(address, port)| Some((hex(address)?, port)));
    let lines: Vec<String> = lines
        .map(|(address, port)| format!("   1: {address}:{port:04X} 00000000:0000 0A 00000000:00000000"))
        .collect();
    lines.join("\n")
}

/// An address as the kernel prints it: each 32 bits as a little-endian number.
fn hex(address: &str) -> Option<String> {
    let octets = match address.parse().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let word = |word: &[u8]| word.iter().rev().map(|octet| format!("{octet:02X}")).collect::<String>();
    Some(octets.chunks(4).map(word).collect())
}
