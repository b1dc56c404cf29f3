//! All that an audit reads on a node, in one exec: its facts, its stores as they are, and when its process began.

use super::frame::Sections;
use super::layout::CommandLine;
use super::probe::{self, ProbeError, ProbeRequest};
use super::stores::Stat;
use super::{answer, stores};
use crate::audit::{DirectoryLook, Seen};
use crate::facts::NodeFacts;
use crate::facts::version::Version;
use crate::transport::Host;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The script's name, as transcripts and simulated hosts see it.
pub const SCRIPT: &str = "audit";

const TEXT: &str =
    concat!(include_str!("scripts/common.sh"), "with_contents=yes\n", include_str!("scripts/probe.sh"));

/// `USER_HZ`, in which `/proc/PID/stat` counts: 100 on every architecture that Cassandra is released for (proc(5)).
const TICKS_A_SECOND: f64 = 100.0;

/// All but the ports, which are looked at from without.
pub async fn read(host: &dyn Host, request: &ProbeRequest) -> Result<Seen, ProbeError> {
    let (output, middle_s) = probe::ask(host, SCRIPT, TEXT, request).await?;
    let output = Zeroizing::new(output);
    let sections = Sections::parse(&output)?;
    let facts = answer::read(&sections, host.name(), request, middle_s)?;
    let stats = stores::stats(&sections)?;
    let contents = contents(&sections)?;
    let now_s = stats.get("/proc/self").map_or(middle_s, |made_now| made_now.modified_s);
    let modified_s = stats.iter().map(|(path, stat)| ((*path).to_owned(), stat.modified_s)).collect();
    Ok(Seen {
        started_s: started_s(&sections, &facts, now_s),
        modified_s,
        overruled: overruled(&answer::command_line(&sections), facts.flavour.apache_base(facts.version)),
        directories: directories(&contents, &stats),
        stores: contents,
        ports: BTreeMap::new(),
        facts,
    })
}

fn started_s(sections: &Sections, facts: &NodeFacts, now_s: i64) -> Option<i64> {
    let uptime_s: f64 = sections.text("uptime").ok()?.parse().ok()?;
    let age_s = uptime_s - facts.process.as_ref()?.started_ticks as f64 / TICKS_A_SECOND;
    Some(now_s - age_s as i64)
}

/// Settings, the port's own property, and what decides which TLS is used at all.
fn overruled(arguments: &CommandLine, base: Version) -> Vec<String> {
    const NAMES: [&str; 3] =
        ["cassandra.native_transport_port", "cassandra.ssl_storage_port", "cassandra.storage_port"];
    let is_one = |name: &&str| name.starts_with("cassandra.ssl") || NAMES.contains(name);
    let others = arguments.properties.iter().map(|(name, _)| name.as_str()).filter(is_one);
    let mut names: Vec<String> = arguments.settings(base).chain(others).map(Into::into).collect();
    names.sort();
    names.dedup();
    names
}

fn directories(
    stores: &BTreeMap<String, Zeroizing<Vec<u8>>>,
    stats: &BTreeMap<&str, Stat>,
) -> BTreeMap<String, DirectoryLook> {
    let above = stores.keys().filter_map(|path| Some(path.rsplit_once('/')?.0));
    let look = |path: &str| {
        let stat = stats.get(path)?;
        let (owner, group) = (stat.user.clone(), stat.group.clone());
        Some((path.to_owned(), DirectoryLook { owner, group, mode: stat.mode }))
    };
    above.filter_map(look).collect()
}

/// What cannot be read back is left out, as a file that is not there.
fn contents(sections: &Sections) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, ProbeError> {
    let paths = sections.lines("contents")?;
    let content = |(number, path): (usize, &str)| {
        let lines = sections.bytes(&format!("content_{number}"))?;
        let text: Zeroizing<Vec<u8>> =
            Zeroizing::new(lines.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
        Some((path.to_owned(), Zeroizing::new(STANDARD.decode(&*text).ok()?)))
    };
    Ok(paths.into_iter().enumerate().filter_map(content).collect())
}
