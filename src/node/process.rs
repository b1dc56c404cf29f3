//! Which Cassandra runs on a node right now.

use super::frame::Sections;
use super::sudo;
use crate::facts::Process;
use crate::transport::{Command, Host, HostError};
use std::time::Duration;

const TEXT: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/look.sh"));

/// The script needs milliseconds; a node whose processors are all at work on a JVM's start needs seconds.
const DEADLINE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessLook {
    /// Of several the youngest.
    pub process: Option<Process>,
    /// It is stopped by a signal (SIGSTOP) or by a debugger.
    pub frozen: bool,
}

/// Looks once.
pub async fn look(host: &dyn Host) -> Result<ProcessLook, HostError> {
    let nothing: [String; 0] = [];
    let command = Command::script("look", TEXT, nothing).deadline(DEADLINE).become_root();
    let output = host.run(&command).await?;
    let refused = sudo::refusal(&output).unwrap_or_else(|| {
        let words = String::from_utf8_lossy(&output.stderr);
        format!("exit code {}: {}", output.code, words.trim())
    });
    let doing = "looking for Cassandra's process".to_owned();
    parse(&output.stdout).ok_or(HostError::Unusable { doing, problem: refused })
}

/// Reads what the script printed.
fn parse(output: &[u8]) -> Option<ProcessLook> {
    let sections = Sections::parse(output).ok()?;
    if sections.bytes("none").is_some() {
        return Some(ProcessLook { process: None, frozen: false });
    }
    let mut words = sections.text("process").ok()?.split(' ');
    let process = Process {
        pid: words.next()?.parse().ok()?,
        started_ticks: words.next()?.parse().ok()?,
        user: sections.text("user").ok()?.into(),
        cwd: sections.text("cwd").ok()?.into(),
    };
    let frozen = matches!(words.next(), Some("T" | "t"));
    Some(ProcessLook { process: Some(process), frozen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_cut_is_not_a_dead_cassandra() {
        let whole = b"process 10\n4711 123 T\nuser 9\ncassandra\ncwd 1\n/\n";
        let look = parse(whole).unwrap();
        assert!(look.frozen);
        assert_eq!(look.process.unwrap().started_ticks, 123);
        assert_eq!(parse(b"none 0\n\n"), Some(ProcessLook { process: None, frozen: false }));
        assert_eq!(parse(&whole[..whole.len() - 1]), None);
        assert_eq!(parse(b""), None);
    }
}
