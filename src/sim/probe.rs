//! What the probe's script and the look at the process print on a simulated node.

use super::cassandra::YAML;
use super::job::section;
use super::world::{Machine, State};
use crate::plan::change::sha256_hex;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

const HOME: &str = "/usr/share/cassandra";
const STATE_DIR: &str = "/var/lib/ringwalk";

pub fn look(state: &State, node: usize) -> Vec<u8> {
    let text = match &state.machines[node].process {
        Some(process) => {
            section("process", &format!("{} {} S", process.pid, process.started_ticks))
                + &section("user", "cassandra")
                + &section("cwd", "/")
        }
        None => section("none", ""),
    };
    text.into_bytes()
}

/// `stores`: the paths that the caller asks for.
pub fn answer(state: &State, node: usize, stores: &[String], now: Instant) -> Vec<u8> {
    let machine = &state.machines[node];
    let jar = format!("{HOME}/apache-cassandra-{}.jar", machine.version);
    let owed = machine.files.by_path.get(&format!("{STATE_DIR}/owed"));
    let owed = owed.map(|file| String::from_utf8_lossy(&file.bytes).trim().to_owned()).unwrap_or_default();
    let mut text = section("probe", "1");
    text += &[section("uid", "0"), section("state_dir", STATE_DIR), section("owed", &owed)].concat();
    text += &section("missing", "");
    text += &process(machine, &jar);
    let paths =
        [("candidates", YAML), ("closed", ""), ("named", ""), ("yaml_path", YAML), ("yaml_real", YAML)];
    text += &paths.map(|(name, value)| section(name, value)).concat();
    text +=
        &[section("home", HOME), section("nodetool", "/usr/bin/nodetool"), section("jars", &jar)].concat();
    text += &[section("systemd", "yes"), section("units", "cassandra.service ")].concat();
    text += &section("scripts", "");
    text += &files(machine, stores);
    text += &section("sockets", &sockets(machine, now));
    let yaml = machine.files.by_path.get(YAML).map(|file| file.bytes.clone()).unwrap_or_default();
    [text.as_bytes(), b"yaml\n", &yaml].concat()
}

fn process(machine: &Machine, jar: &str) -> String {
    let Some(process) = &machine.process else { return section("processes", "") + &section("unit", "") };
    let pid = process.pid;
    section("processes", &pid.to_string())
        + &section("process", &format!("{pid} {} 100 100", process.started_ticks))
        + &section("arguments", &format!("java\n-cp\n/etc/cassandra:{jar}\nx.CassandraDaemon"))
        + &section("cwd", "/")
        + &section("unit", "cassandra.service")
}

fn files(machine: &Machine, stores: &[String]) -> String {
    let named = machine.files.by_path.keys().filter(|path| path.starts_with("/etc/cassandra/tls/"));
    let asked: BTreeSet<&str> = stores.iter().chain(named).map(String::as_str).collect();
    let above = |path: &str| path.rsplit_once('/').map_or("/", |(above, _)| above).to_owned();
    let mut directories: BTreeSet<String> = asked.iter().map(|path| above(path)).collect();
    directories.extend([above(YAML), STATE_DIR.into()]);
    let is_writable = if machine.files.read_only { "no" } else { "yes" };
    let listed: Vec<String> = directories.iter().map(|it| format!("{is_writable}\n{it}\n{it}")).collect();
    let blocks = if machine.files.disk_full { 0 } else { 1_000_000 };
    let free: Vec<String> = directories.iter().map(|it| format!("{blocks}/4096/{it}")).collect();
    let mut sums = String::new();
    let mut stats = String::from("41ed/0/100/100/cassandra/cassandra/0//var/lib/cassandra\n");
    for (path, file) in
        machine.files.by_path.iter().filter(|(path, _)| asked.contains(path.as_str()) || *path == YAML)
    {
        sums.push_str(&format!("{}  {path}\n", sha256_hex(&file.bytes)));
        let (mode, size) = (0o100_000 | file.mode, file.bytes.len());
        stats.push_str(&format!("{mode:x}/{size}/0/0/{}/{}/0/{path}\n", file.owner, file.group));
    }
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    stats.push_str(&format!("416d/0/0/0/root/root/{}//proc/self\n", now_s + machine.clock_skew_s));
    if let Some(process) = &machine.process {
        stats.push_str(&format!("416d/0/100/100/cassandra/cassandra/0//proc/{}\n", process.pid));
    }
    section("asked", &asked.into_iter().collect::<Vec<_>>().join("\n"))
        + &section("unreadable", "")
        + &section("directories", &listed.join("\n"))
        + &section("sums", &sums)
        + &section("stats", &stats)
        + &section("free", &free.join("\n"))
}

/// As `/proc/net/tcp` has a listener: the address as a little-endian number.
fn sockets(machine: &Machine, now: Instant) -> String {
    if !machine.process.as_ref().is_some_and(|process| process.serves(now)) {
        return String::new();
    }
    let octets: Vec<String> = machine
        .member
        .address
        .rsplit('.')
        .map(|octet| format!("{:02X}", octet.parse::<u8>().unwrap_or(0)))
        .collect();
    format!("   1: {}:{:04X} 00000000:0000 0A 00000000:00000000", octets.concat(), machine.port)
}
