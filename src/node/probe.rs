//! All about a node in one exec: where Cassandra is, how it runs, what stands in its files.

use super::answer;
use super::frame::FrameError;
use super::sudo;
use crate::facts::NodeFacts;
use crate::facts::version::Version;
use crate::input::inventory::{Cassandra, Install, Node};
use crate::transport::{Command, Host, HostError, Output};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is asked of a node.
#[derive(Clone, Debug, Default)]
pub struct ProbeRequest {
    /// What the inventory says about it.
    pub cassandra: Cassandra,
    /// Paths at which the playbook wants stores.
    pub store_paths: Vec<String>,
    /// What `nodetool version` said, for a node whose jars do not tell.
    pub version: Option<Version>,
}

impl ProbeRequest {
    pub fn new(node: &Node, store_paths: Vec<String>) -> ProbeRequest {
        ProbeRequest { cassandra: node.cassandra.clone(), store_paths, version: None }
    }
}

/// The script's name, as transcripts and simulated hosts see it.
pub const SCRIPT: &str = "probe";

const TEXT: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/probe.sh"));

/// The script needs milliseconds; a node with a disk that hangs or a kernel short of memory needs seconds.
const DEADLINE: Duration = Duration::from_secs(30);

/// Reads a node's facts.
pub async fn probe(host: &dyn Host, request: &ProbeRequest) -> Result<NodeFacts, ProbeError> {
    let (output, middle_s) = ask(host, SCRIPT, TEXT, request).await?;
    answer::facts(&output, host.name(), request, middle_s)
}

/// Runs a script that takes a probe's arguments; with its answer our clock in the middle of it, in seconds since 1970.
pub(super) async fn ask(
    host: &dyn Host,
    name: &'static str,
    text: &'static str,
    request: &ProbeRequest,
) -> Result<(Vec<u8>, i64), ProbeError> {
    let command = command_of(name, text, request);
    let before_s = now_s();
    let output = host.run(&command).await?;
    let middle_s = before_s + (now_s() - before_s) / 2;
    refused(&output)?;
    Ok((output.stdout, middle_s))
}

/// The one command of a probe.
pub fn command(request: &ProbeRequest) -> Command {
    command_of(SCRIPT, TEXT, request)
}

fn command_of(name: &'static str, script: &'static str, request: &ProbeRequest) -> Command {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let install = match request.cassandra.install {
        Install::Auto => "auto",
        Install::Package => "package",
        Install::Tarball => "tarball",
    };
    let fixed = [
        text(&request.cassandra.location),
        text(&request.cassandra.config),
        text(&request.cassandra.service),
        text(&request.cassandra.nodetool),
        install.to_owned(),
    ];
    let arguments = fixed.into_iter().chain(request.store_paths.iter().cloned());
    Command::script(name, script, arguments).deadline(DEADLINE).become_root()
}

/// Reads what the script printed. `now_s`: our clock when it ran, in seconds since 1970.
pub fn parse(output: &[u8], node: &str, request: &ProbeRequest, now_s: i64) -> Result<NodeFacts, ProbeError> {
    answer::facts(output, node, request, now_s)
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// Tells apart what went wrong before the script could say a word.
fn refused(output: &Output) -> Result<(), ProbeError> {
    if output.code == 0 {
        return Ok(());
    }
    if let Some(tool) = sudo::missing_program(output) {
        return Err(ProbeError::MissingTools { tools: vec![tool.into()] });
    }
    match sudo::refusal(output) {
        Some(words) if words.contains("password") => Err(ProbeError::SudoAsksForPassword { words }),
        Some(words) => Err(ProbeError::SudoRefused { words }),
        None => {
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(ProbeError::Failed { code: output.code, words })
        }
    }
}

/// Why a node's facts could not be read. The layer above adds the node's name.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("cannot look at it")]
    Host(#[from] HostError),
    #[error("cannot become root: sudo asks for a password: {words}")]
    SudoAsksForPassword { words: String },
    #[error("cannot become root: {words}")]
    SudoRefused { words: String },
    #[error("the node lacks {}", tools.join(", "))]
    MissingTools { tools: Vec<String> },
    #[error("the login user cannot see the processes of others (/proc is mounted with hidepid)")]
    ProcessesHidden,
    #[error("cannot read {}: permission denied", paths.join(", "))]
    Unreadable { paths: Vec<String> },
    #[error("found no cassandra.yaml in {}", looked_in.join(", "))]
    NotFound { looked_in: Vec<String> },
    #[error("found several cassandra.yaml and no running Cassandra that uses one of them: {}", candidates.join(", "))]
    Ambiguous { candidates: Vec<String> },
    #[error("several Cassandra processes run: {}", processes.join(", "))]
    SeveralProcesses { processes: Vec<String> },
    #[error("the running Cassandra (process {process}) is in a container: its files are not this machine's")]
    Contained { process: String },
    #[error("the running Cassandra has another file mounted at {yaml} than this machine")]
    OtherMount { yaml: String },
    #[error("the running Cassandra uses {running}, the inventory says {inventory}")]
    OtherYaml { running: String, inventory: String },
    #[error("the running Cassandra uses {path}, which is not there")]
    YamlGone { path: String },
    #[error("{path} is no YAML that can be read: {problem}")]
    BadYaml { path: String, problem: String },
    #[error("Cassandra is started with -D{property}, which overrules cassandra.yaml")]
    Overruled { property: String },
    #[error(
        "the running Cassandra is {running}, but {installed} is installed: its next start would be an upgrade"
    )]
    UpgradePending { running: String, installed: String },
    #[error(
        "cannot tell the version of Cassandra: no jar in the class path or below {home} has it in its name"
    )]
    NoVersion { home: String },
    #[error("cannot tell how Cassandra is started: {why}")]
    NoService { why: String },
    #[error("cannot find nodetool")]
    NoNodetool,
    #[error("cannot understand the probe's answer")]
    Answer(#[from] FrameError),
    #[error("the probe failed with code {code}: {words}")]
    Failed { code: i32, words: String },
}

impl ProbeError {
    /// A way out.
    pub fn help(&self) -> String {
        match self {
            ProbeError::SudoAsksForPassword { .. } => {
                "let the login user run sudo without a password: a line `USER ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d".into()
            }
            ProbeError::SudoRefused { .. } => "see /etc/sudoers on the node, or set `ssh: { become: none }`".into(),
            ProbeError::MissingTools { tools } => {
                let packages: Vec<_> = tools.iter().map(|tool| format!("{tool} is in {}", package_of(tool))).collect();
                format!("install it: {}", packages.join(", "))
            }
            ProbeError::ProcessesHidden | ProbeError::Unreadable { .. } => "set `ssh: { become: sudo }`".into(),
            ProbeError::NotFound { .. } => {
                "name the file with `cassandra: { config: PATH }`, or a tarball's directory with `location: PATH`".into()
            }
            ProbeError::Ambiguous { .. } => {
                "name the one that counts with `cassandra: { config: PATH }`, or say `install: package` or `install: tarball`".into()
            }
            ProbeError::SeveralProcesses { .. } => "stop all but one: one node is one Cassandra on one host".into(),
            ProbeError::Contained { .. } => {
                "ringwalk changes a machine's own files and restarts its services: reach into the container by an sshd of its \
                 own, or change what runs it"
                    .into()
            }
            ProbeError::OtherMount { .. } => {
                "see how Cassandra is started (`BindPaths=` of its unit?): what is written to this machine's file would not \
                 reach it"
                    .into()
            }
            ProbeError::OtherYaml { running, .. } => {
                format!("set `cassandra: {{ config: {running} }}`, or restart Cassandra with the file that you want")
            }
            ProbeError::YamlGone { .. } => "put it back, or restart Cassandra with the file that you want".into(),
            ProbeError::Overruled { .. } => "take it out of the start options: what is written to the yaml would not count".into(),
            ProbeError::UpgradePending { .. } => "finish the upgrade first: restart the node".into(),
            ProbeError::NoService { .. } => {
                "name the unit with `cassandra: { service: NAME }`, or the command with `start: COMMAND`".into()
            }
            ProbeError::NoNodetool => "name it with `cassandra: { nodetool: PATH }`".into(),
            ProbeError::Answer(_) => {
                "see that the login shell prints nothing of its own: `ssh NODE true` must be silent".into()
            }
            ProbeError::Host(error) => error.help(),
            ProbeError::Failed { .. } => "see that `ssh NODE true` works".into(),
            ProbeError::BadYaml { .. } => "Cassandra would not start with it: put it right first".into(),
            ProbeError::NoVersion { home } => {
                format!("set `cassandra: {{ location: DIRECTORY }}` if Cassandra's jars are not below {home}")
            }
        }
    }
}

/// The package that has a tool, on Debian and on Red Hat alike.
fn package_of(tool: &str) -> &'static str {
    match tool {
        "grep" => "grep",
        "sed" => "sed",
        "sudo" => "sudo",
        _ => "coreutils",
    }
}
