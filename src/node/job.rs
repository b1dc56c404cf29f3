//! The restart of Cassandra as one job on the node, which goes on when the connection is lost.

use super::frame::Sections;
use super::log::masked;
use super::nodetool::Nodetool;
use super::{service, sudo};
use crate::facts::{Process, Service};
use crate::transport::{Command, Host, HostError, Output};
use std::time::Duration;

const START: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/start_job.sh"));
const WATCH: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/watch_job.sh"));
const RESTART: &str = concat!(
    include_str!("scripts/common.sh"),
    include_str!("scripts/heal.sh"),
    include_str!("scripts/restart.sh")
);

/// The script waits up to ten seconds for the job's first sign of life.
const START_DEADLINE: Duration = Duration::from_secs(30);
/// How long one call of `watch` waits on the node. Longer would save round trips that cost nothing against a restart's
/// minutes; an operator who interrupts waits this long at most.
const WATCH_S: u64 = 20;
const WATCH_DEADLINE: Duration = Duration::from_secs(WATCH_S + 20);

/// One restart.
#[derive(Clone, Debug)]
pub struct Job {
    pub state_dir: String,
    pub run: String,
    /// Unique within the run; letters, digits, `-` and `_`.
    pub id: String,
    pub service: Service,
    pub nodetool: Nodetool,
    /// The ports whose clients are waited for; that Cassandra answers shows on the first.
    pub native_ports: Vec<u16>,
    /// The process that is to end. `None`, or one that is gone: whichever runs, if any.
    pub before: Option<Process>,
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub clients_s: u64,
    pub drain_s: u64,
    pub stop_s: u64,
    pub start_s: u64,
}

/// A nodetool call takes a second, three under load (measured); what takes ten times that hangs.
const DISABLEBINARY_S: u64 = 30;
/// What does not end when it is told to, ends so long after.
const KILL_S: u64 = 5;

impl Limits {
    /// How long a job takes at most: `disablebinary`, drain and stop are commands that are killed.
    pub fn all_s(&self) -> u64 {
        let commands_s = DISABLEBINARY_S + self.drain_s + self.stop_s + 3 * KILL_S;
        self.clients_s + commands_s + self.start_s
    }
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// Every stage that was begun, and what was noted on the way, in order.
    pub stages: Vec<String>,
    /// The new process, or what went wrong.
    pub finished: Option<Result<Process, String>>,
    /// Nobody was there, and the node has put its old files back by itself.
    pub healed: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("cannot start the restart job")]
    Host(#[from] HostError),
    #[error("cannot become root: {words}")]
    NoPrivilege { words: String },
    #[error("cannot start the restart job: {words}")]
    NotStarted { words: String },
}

/// Starts the job. If it is started already, be it over, that is all right.
pub async fn start(host: &dyn Host, job: &Job) -> Result<(), JobError> {
    let output = host.run(&start_command(job)).await?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    match stdout.trim() {
        "started" | "already" => Ok(()),
        _ => Err(match sudo::refusal(&output) {
            Some(words) => JobError::NoPrivilege { words },
            None => JobError::NotStarted { words: words(&output) },
        }),
    }
}

/// Waits up to 20 s until the job has begun more than `seen` stages or is over.
pub async fn watch(host: &dyn Host, job: &Job, seen: usize) -> Result<JobStatus, HostError> {
    let arguments = [directory(job), job.id.clone(), seen.to_string(), WATCH_S.to_string()];
    let command = Command::script("watch-job", WATCH, arguments).deadline(WATCH_DEADLINE).become_root();
    let output = host.run(&command).await?;
    let doing = "watching the restart job".to_owned();
    status(&output.stdout).ok_or_else(|| HostError::Unusable { doing, problem: words(&output) })
}

/// How a job stands on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// The node knows nothing of it.
    Unknown,
    AtWork,
    /// With nobody there, the node puts its old files back.
    Heals,
    Over,
}

/// The stage of a job in which the node heals itself, in the operator's words.
pub const HEALS: &str = "the node puts its old files back by itself";

/// Looks at once how a job of a run stands. `id`: the job's, such as `restart-4`.
pub async fn stands(host: &dyn Host, state_dir: &str, run: &str, id: &str) -> Result<Stands, HostError> {
    let arguments = [format!("{state_dir}/runs/{run}"), id.to_owned(), "0".into(), "0".into()];
    let command = Command::script("watch-job", WATCH, arguments).deadline(WATCH_DEADLINE).become_root();
    let output = host.run(&command).await?;
    let sections = Sections::parse(&output.stdout).ok();
    let heals = || status(&output.stdout).is_some_and(|status| status.stages.iter().any(|it| it == HEALS));
    match sections.as_ref().and_then(|sections| sections.text("state").ok()) {
        Some("absent") => Ok(Stands::Unknown),
        Some("alive") if heals() => Ok(Stands::Heals),
        Some("alive") => Ok(Stands::AtWork),
        Some(_) => Ok(Stands::Over),
        None => {
            let doing = "looking for the restart job".to_owned();
            Err(HostError::Unusable { doing, problem: words(&output) })
        }
    }
}

/// What the job of a restart is called; one that is tried again is another.
pub fn restart_id(step: usize, tries: u32) -> String {
    if tries == 0 { format!("restart-{step}") } else { format!("restart-{step}-{tries}") }
}

fn directory(job: &Job) -> String {
    format!("{}/runs/{}", job.state_dir, job.run)
}

fn start_command(job: &Job) -> Command {
    let Job { nodetool, limits, .. } = job;
    let [kind, start, stop] = service::arguments(&job.service);
    let has_password = if nodetool.password.is_some() { "yes" } else { "no" };
    let before = job.before.as_ref();
    let text = format!("disablebinary_s={DISABLEBINARY_S} kill_s={KILL_S}\n{RESTART}");
    let mut arguments = vec![directory(job), job.id.clone(), text, has_password.into(), kind, start, stop];
    arguments.extend(
        [limits.clients_s, limits.drain_s, limits.stop_s, limits.start_s].map(|limit| limit.to_string()),
    );
    arguments.push(before.map_or_else(String::new, |process| process.pid.to_string()));
    arguments.push(before.map_or_else(String::new, |process| process.started_ticks.to_string()));
    let ports: Vec<String> = job.native_ports.iter().map(u16::to_string).collect();
    arguments.extend([ports.join(" "), nodetool.path.clone()]);
    if let Some(port) = nodetool.port {
        arguments.extend(["-p".into(), port.to_string()]);
    }
    if let Some(username) = &nodetool.username {
        arguments.extend(["-u".into(), username.clone()]);
    }
    let command = Command::script("start-job", START, arguments).deadline(START_DEADLINE).become_root();
    match nodetool.login() {
        Some((username, password)) => command.stdin(format!("{username} {}\n", password.expose())),
        None => command,
    }
}

fn words(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    if stderr.is_empty() { format!("exit code {}", output.code) } else { stderr }
}

/// Reads what the watching script printed.
fn status(output: &[u8]) -> Option<JobStatus> {
    let sections = Sections::parse(output).ok()?;
    let state = sections.text("state").ok()?;
    let text = String::from_utf8_lossy(sections.bytes("status")?).into_owned();
    let mut stages = Vec::new();
    let mut finished: Option<Result<Process, String>> = None;
    let (mut cause, mut healed) = (None, false);
    for line in text.lines().filter_map(|line| Some(line.split_once(' ')?.1)) {
        let (stage, detail) = line.split_once(' ').unwrap_or((line, ""));
        match stage {
            "done" => finished = Some(Ok(process(detail)?)),
            "failed" => finished = Some(Err(failure(detail))),
            "healing" => {
                cause = finished.take().and_then(Result::err);
                stages.push(HEALS.into());
            }
            "healed" => {
                healed = true;
                finished = Some(Err(alone("put its old files back and runs with them", &cause)));
            }
            "unhealed" => {
                let what = format!("tried to put its old files back and failed: {}", failure(detail));
                finished = Some(Err(alone(&what, &cause)));
            }
            "noted" => stages.push(masked(detail)),
            stage => stages.push(stage.to_owned()),
        }
    }
    let finished = finished.or_else(|| match state {
        "dead" => Some(Err(format!(
            "the restart job ended without a word after `{}`: it was killed, or the machine was restarted",
            stages.last().map_or("begin", String::as_str)
        ))),
        "absent" => Some(Err("the node knows nothing of this restart job".into())),
        _ => None,
    });
    Some(JobStatus { stages, finished, healed })
}

/// What the node did with nobody there. `cause`: why its restart had failed, if it had.
fn alone(what: &str, cause: &Option<String>) -> String {
    let cause = cause.as_ref().map_or("its client port was closed", String::as_str);
    format!("nobody was there and Cassandra did not answer, so the node {what} ({cause})")
}

/// `PID TICKS` of the new process; whose it is and where it runs, the job does not look at.
fn process(detail: &str) -> Option<Process> {
    let (pid, ticks) = detail.split_once(' ')?;
    let (pid, started_ticks) = (pid.parse().ok()?, ticks.parse().ok()?);
    Some(Process { pid, started_ticks, user: String::new(), cwd: String::new() })
}

/// `STAGE CODE WORDS`.
fn failure(detail: &str) -> String {
    let mut parts = detail.splitn(3, ' ');
    let stage = parts.next().unwrap_or_default();
    let words = parts.nth(1).unwrap_or_default();
    format!("{stage}: {}", masked(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn answer(state: &str, status: &str) -> JobStatus {
        let text = format!("state {}\n{state}\nstatus {}\n{status}\n", state.len(), status.len());
        super::status(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_status_is_read_with_its_end() {
        let begun = "1795504529.123 disablebinary\n1795504531.000 noted disablebinary ended with code 1: no";
        let stages = vec!["disablebinary".to_owned(), "disablebinary ended with code 1: no".to_owned()];
        let process = Process { pid: 77, started_ticks: 1234, user: String::new(), cwd: String::new() };
        let killed = "the restart job ended without a word after `disablebinary ended with code 1: no`: \
                      it was killed, or the machine was restarted";
        for (state, last, finished) in [
            ("alive", "", None),
            ("over", "\n9.0 done 77 1234", Some(Ok(process))),
            (
                "over",
                "\n9.0 failed stop 1 process 5 still runs",
                Some(Err("stop: process 5 still runs".to_owned())),
            ),
            ("dead", "", Some(Err(killed.to_owned()))),
        ] {
            let expected = JobStatus { stages: stages.clone(), finished, healed: false };
            assert_eq!(answer(state, &format!("{begun}{last}")), expected);
        }
        assert!(answer("absent", "").finished.unwrap().is_err());
        assert_eq!(super::status(b"state 5\nalive\nstatus 9\ncut"), None);
    }

    #[test]
    fn the_password_goes_in_by_stdin_only() {
        let job = Job {
            state_dir: "/s".into(),
            run: "r".into(),
            id: "1".into(),
            service: Service::Systemd { unit: "cassandra.service".into() },
            nodetool: Nodetool {
                path: "/usr/bin/nodetool".into(),
                port: Some(7199),
                username: Some("monitor".into()),
                password: Some(Secret::new("hunter2")),
            },
            native_ports: vec![9042, 9142],
            before: None,
            limits: Limits { clients_s: 5, drain_s: 60, stop_s: 60, start_s: 600 },
        };
        let command = start_command(&job);
        assert!(!command.argv.iter().any(|word| word.contains("hunter2")));
        assert_eq!(command.stdin.as_ref().unwrap().0.as_slice(), b"monitor hunter2\n");
        assert!(!format!("{job:?}{command:?}").contains("hunter2"));
    }
}
