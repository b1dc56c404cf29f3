//! Hashes, times and reasons as a person says them.

use crate::plan::change::RestartReason;
use jiff::Timestamp;

/// Where the name of a node stands otherwise.
pub const CLUSTER: &str = "cluster";

/// The first bytes of a hash: enough to tell files apart by eye.
pub fn short_hash(sha256: &str) -> &str {
    sha256.get(..8).unwrap_or(sha256)
}

/// A certificate's SHA-256 as tools write it: `3f:9a:1c:2b:…`.
pub fn short_fingerprint(sha256: &str) -> String {
    format!("{}:…", fingerprint(short_hash(sha256)))
}

pub fn fingerprint(sha256: &str) -> String {
    let pairs: Vec<String> =
        sha256.chars().collect::<Vec<_>>().chunks(2).map(|pair| pair.iter().collect()).collect();
    pairs.join(":")
}

/// The day of an RFC 3339 time.
pub fn day(time: &str) -> &str {
    time.split_once('T').map_or(time, |(day, _)| day)
}

/// The time of day, UTC: controllers, nodes and CI agree on it.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `23 s`, `4 min 5 s`, `2 h 10 min`.
pub fn duration(from: Timestamp, to: Timestamp) -> String {
    seconds(to.duration_since(from).as_secs().max(0).unsigned_abs())
}

/// The same of a length of time.
pub fn seconds(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 node`, `3 nodes`.
pub fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// What a node said, on one line and without its control characters: a log line must not move our cursor.
pub fn printable(text: &str) -> String {
    text.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub fn restart_reason(reason: &RestartReason) -> String {
    match reason {
        RestartReason::SettingsChange => "cassandra.yaml changes, and it is read at start only".into(),
        RestartReason::StoreChanges { store } => format!("the running process keeps the old {store}"),
        RestartReason::Asked => "the playbook says `restart: always`".into(),
        RestartReason::NotRunning => "Cassandra does not run there".into(),
        RestartReason::Owed { run } => format!("run {run} changed the node and did not see it healthy"),
        RestartReason::WireDiffers { shows } => {
            format!("the files are as wished, but the port shows {}", printable(shows))
        }
    }
}
