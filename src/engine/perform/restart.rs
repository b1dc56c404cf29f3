//! The restart of one node: asked once more whether it may be, then one job on the node that is followed to its end.

use super::noted::Noted;
use super::{Failure, Place};
use crate::cluster::survey::chain;
use crate::engine::ProgressSender;
use crate::facts::{NodeFacts, Process};
use crate::journal::event::Progress;
use crate::node::job::{self, JobStatus};
use crate::node::probe::{ProbeRequest, probe};
use crate::plan::StepId;
use crate::plan::step::Restart;
use crate::transport::HostError;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long it counts that the node could be spared: as long as a gossip needs to find another one down. A connection
/// that was lost, or a controller that slept, makes the answer older than that.
const ANSWER_HOLDS: Duration = Duration::from_secs(30);
/// Between two attempts to reach a node whose connection was lost.
const RECONNECT: Duration = Duration::from_secs(1);
/// The job bounds each of its stages; what comes on top is starting it and fetching its last word.
const JOB_GRACE: Duration = Duration::from_secs(30);

impl Place<'_> {
    pub(super) async fn restart(
        &self,
        id: StepId,
        restart: &Restart,
        progress: &ProgressSender,
    ) -> Result<String, Failure> {
        let tries = self.run.tries.get(&id).copied().unwrap_or_default();
        for earlier in 0..tries {
            // Two jobs at once would stop what the other starts.
            let job = self.job(id, earlier, restart, None);
            if self.is_begun(&job).await? {
                let _ = self.watch(id, &job, progress).await;
            }
        }
        let job = self.job(id, tries, restart, None);
        if self.is_begun(&job).await? {
            return self.watch(id, &job, progress).await;
        }
        let before = self.process_of_unmoved_node().await?;
        self.run.note(&self.node.name, |noted| noted.before = before.clone());
        let job = job::Job { before, ..job };
        self.prepare_to_heal(id, restart, &job).await?;
        self.start(id, &job, restart, progress).await?;
        self.watch(id, &job, progress).await
    }

    /// A restart is one job on the node, and a restart that is tried again is another.
    fn job(&self, id: StepId, tries: u32, restart: &Restart, before: Option<Process>) -> job::Job {
        job::Job {
            state_dir: self.seen.state_dir.clone(),
            run: self.run.run.clone(),
            id: job::restart_id(id, tries),
            service: self.seen.service.clone(),
            nodetool: self.node.nodetool(self.seen),
            native_ports: [Some(self.seen.native.port), self.seen.native.port_ssl]
                .into_iter()
                .flatten()
                .collect(),
            before,
            limits: job::Limits {
                clients_s: restart.clients_s,
                drain_s: restart.drain_s,
                stop_s: restart.stop_s,
                start_s: restart.start_s,
            },
        }
    }

    /// Whether the node knows of this job: an earlier process of this run has started it.
    async fn is_begun(&self, job: &job::Job) -> Result<bool, Failure> {
        let stands = job::stands(self.node.host.as_ref(), &job.state_dir, &job.run, &job.id).await;
        stands.map(|stands| stands != job::Stands::Unknown).map_err(|error| {
            let help = format!(
                "{} goes on by itself with what was begun there; see that `ssh NODE true` works, then run `ringwalk resume`",
                self.node.name
            );
            Failure::new(format!("cannot tell whether the restart was begun: {}", chain(&error)), help)
        })
    }

    /// The process that the restart started, where an earlier process of this run saw it to its end. What the node does
    /// not tell any more is done without: the gate then takes any process that runs.
    pub(super) async fn look_up_what_was_started(&self) {
        let Noted { started: None, restarted: Some(id), .. } = self.run.noted(&self.node.name) else {
            return;
        };
        if let Some(JobStatus { finished: Some(Ok(started)), .. }) = self.ask_job(id).await {
            self.run.note(&self.node.name, |noted| noted.started = Some(started));
        }
    }

    /// What the job of a restart that is over has said by now, if the node tells.
    async fn ask_job(&self, id: StepId) -> Option<JobStatus> {
        let tries = self.run.tries.get(&id).copied().unwrap_or_default();
        let none = Restart { clients_s: 0, drain_s: 0, stop_s: 0, start_s: 0, heal_s: None };
        job::watch(self.node.host.as_ref(), &self.job(id, tries, &none, None), 0).await.ok()
    }

    /// Where a node is not healthy after its restart: that it has healed itself meanwhile, if so. This program may have
    /// slept, or been cut off.
    pub(super) async fn healed_meanwhile(&self) -> Option<Failure> {
        let id = self.run.noted(&self.node.name).restarted?;
        let JobStatus { stages, finished, healed } = self.ask_job(id).await?;
        if !stages.iter().any(|stage| stage == job::HEALS) {
            return None;
        }
        let finished =
            finished.unwrap_or_else(|| Err(format!("nobody was there for long, and {}", job::HEALS)));
        self.finished(id, finished, healed).await.err()
    }

    /// The process that is to end, if the node is still what the plan saw and this run made of it. Hours may lie between.
    async fn process_of_unmoved_node(&self) -> Result<Option<Process>, Failure> {
        let written = self.run.noted(&self.node.name).written;
        let request = ProbeRequest::new(&self.node.inventory, written.keys().cloned().collect());
        let now = probe(self.node.host.as_ref(), &request).await.map_err(|error| {
            let help = format!("{}; {} was not taken down", error.help(), self.node.name);
            Failure::new(format!("cannot look at the node before its restart: {}", chain(&error)), help)
                .unchanged()
        })?;
        match moved_on(self.seen, &written, &now) {
            Some(what) => Err(Failure::new(what, self.help_before_restart()).unchanged()),
            None => Ok(now.process),
        }
    }

    /// Starts the job; asked again after a lost answer, it finds itself started.
    async fn start(
        &self,
        id: StepId,
        job: &job::Job,
        restart: &Restart,
        progress: &ProgressSender,
    ) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_secs(restart.stop_s);
        loop {
            self.can_still_be_spared(id, progress).await?;
            self.may_act()?;
            match job::start(self.node.host.as_ref(), job).await {
                Ok(()) => return Ok(()),
                Err(job::JobError::Host(error)) if is_passing(&error) && Instant::now() < until => {
                    sleep(RECONNECT).await;
                }
                Err(error) => {
                    let help = format!(
                        "the restart may have begun there: look at {}/runs/{} on {}, then run `ringwalk plan` again",
                        job.state_dir, job.run, self.node.name
                    );
                    return Err(Failure::new(chain(&error), help));
                }
            }
        }
    }

    /// Asks again where the answer is old. A node whose restart has begun unheard is down, and so can be spared.
    async fn can_still_be_spared(&self, id: StepId, progress: &ProgressSender) -> Result<(), Failure> {
        let Some((at, hold)) = self.run.noted(&self.node.name).spared else { return Ok(()) };
        if at.is_some_and(|at| at.age() < ANSWER_HOLDS) {
            return Ok(());
        }
        self.hold(id, &hold, progress).await.map(drop)
    }

    /// Follows the job to its end, through lost connections: it does not need us.
    async fn watch(&self, id: StepId, job: &job::Job, progress: &ProgressSender) -> Result<String, Failure> {
        let budget_s = job.limits.all_s();
        let until = Instant::now() + Duration::from_secs(budget_s) + JOB_GRACE;
        let mut told = 0;
        let mut out_of_reach = None;
        while Instant::now() < until {
            match job::watch(self.node.host.as_ref(), job, told).await {
                Ok(status) => {
                    out_of_reach = None;
                    for stage in status.stages.iter().skip(told) {
                        let _ = progress.try_send(Progress::JobStage { step: id, stage: stage.clone() });
                    }
                    told = status.stages.len();
                    if let Some(finished) = status.finished {
                        return self.finished(id, finished, status.healed).await;
                    }
                }
                Err(error) => {
                    let why = chain(&error);
                    if !is_passing(&error) {
                        return Err(self.unseen(why));
                    }
                    let stage = format!("reconnecting: {why}");
                    let _ = progress.try_send(Progress::JobStage { step: id, stage });
                    out_of_reach = Some(why);
                    sleep(RECONNECT).await;
                }
            }
        }
        match out_of_reach {
            Some(why) => {
                Err(self.unseen(format!("the end of the restart was not seen within {budget_s} s: {why}")))
            }
            None => {
                let why = format!("the restart did not end within {budget_s} s");
                Err(self.with_log(Failure::new(why, self.help_after_restart())).await)
            }
        }
    }

    async fn finished(
        &self,
        id: StepId,
        finished: Result<Process, String>,
        healed: bool,
    ) -> Result<String, Failure> {
        match finished {
            Ok(started) => {
                self.run.note(&self.node.name, |noted| {
                    (noted.started, noted.restarted) = (Some(started.clone()), Some(id));
                });
                Ok(format!("a new process, pid {}", started.pid))
            }
            Err(why) if healed => {
                let help = format!(
                    "{} is as it was before; mend the cause, then run `ringwalk plan` again",
                    self.node.name
                );
                Err(Failure::new(why, help))
            }
            Err(why) => Err(self.with_log(Failure::new(why, self.help_after_restart())).await),
        }
    }

    /// The node was left running: its cause is elsewhere.
    pub(super) fn help_before_restart(&self) -> String {
        format!(
            "{} was not taken down: it runs on as before, and its new files wait for its next start; see to what stands \
             in the way, then run `ringwalk plan` again",
            self.node.name
        )
    }

    pub(super) fn help_after_restart(&self) -> String {
        format!(
            "mend the cause on {}, or put its old files back from {}/runs/{}/backup, then run `ringwalk plan` again",
            self.node.name, self.seen.state_dir, self.run.run
        )
    }

    fn unseen(&self, why: String) -> Failure {
        let help = "the restart goes on on the node by itself; look there, then run `ringwalk plan` again";
        Failure::new(why, help)
    }
}

/// What else has changed the node, if anything: a package that was updated would be started by our restart, and
/// configuration management puts files back. `written`: SHA-256 by path of what this run has put there.
fn moved_on(seen: &NodeFacts, written: &BTreeMap<String, String>, now: &NodeFacts) -> Option<String> {
    if (now.flavour, now.version) != (seen.flavour, seen.version) {
        return Some(format!("Cassandra is {} now; the plan was made for {}", now.version, seen.version));
    }
    let (was, is) = (&seen.yaml.real_path, &now.yaml.real_path);
    if was != is {
        return Some(format!("Cassandra's configuration is {is} now; the plan was made for {was}"));
    }
    let by_another = "something else has written it (Puppet, Chef, Ansible?)";
    if now.yaml.file.sha256 != *written.get(is).unwrap_or(&seen.yaml.file.sha256) {
        return Some(format!("{is} is not as this run left it: {by_another}"));
    }
    let is_as_written = |path: &String, sha256: &String| match now.files.get(path) {
        Some(Some(file)) => file.sha256 == *sha256,
        Some(None) => false,
        // The yaml, which was looked at above.
        None => true,
    };
    let changed = written.iter().find(|(path, sha256)| !is_as_written(path, sha256));
    changed.map(|(path, _)| format!("{path} is not as this run left it: {by_another}"))
}

/// Whether the network is to blame, which may come back, or something that will not.
fn is_passing(error: &HostError) -> bool {
    match error {
        HostError::Unreachable { .. } | HostError::Lost { .. } | HostError::Deadline { .. } => true,
        HostError::HostKey { .. }
        | HostError::AuthenticationRefused { .. }
        | HostError::Key { .. }
        | HostError::Refused { .. }
        | HostError::Unusable { .. }
        | HostError::Config(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(version: &str, yaml: &str, store: &str) -> NodeFacts {
        let file = |sha256: &str| serde_json::json!({ "sha256": sha256, "size_bytes": 1, "owner": "c", "group": "c", "mode": 0o400 });
        let facts = serde_json::json!({
            "node": "n1", "flavour": "apache", "version": version, "process": null, "known_as": [], "owed": null,
            "layout": {
                "kind": "debian_package", "conf_dir": "/c", "nodetool": "/nodetool", "log_dir": "/l", "user": "c",
                "group": "c",
            },
            "service": { "systemd": { "unit": "cassandra.service" } },
            "yaml": { "path": "/c/c.yaml", "real_path": "/c/c.yaml", "file": file(yaml) },
            "files": { "/c/k.p12": file(store) },
            "native": { "address": "10.0.0.1", "port": 9042, "port_ssl": null, "listening": true },
            "state_dir": "/s", "free_bytes": {}, "clock_offset_s": 0,
        });
        serde_json::from_value(facts).unwrap()
    }

    #[test]
    fn a_node_that_something_else_changed_is_not_restarted() {
        let seen = node("4.1.10", "old", "old");
        let written =
            BTreeMap::from([("/c/c.yaml".to_owned(), "new".to_owned()), ("/c/k.p12".into(), "new".into())]);
        for (version, yaml, store, expected) in [
            ("4.1.10", "new", "new", None),
            ("4.1.11", "new", "new", Some("Cassandra is 4.1.11 now; the plan was made for 4.1.10")),
            (
                "4.1.10",
                "old",
                "new",
                Some(
                    "/c/c.yaml is not as this run left it: something else has written it (Puppet, Chef, Ansible?)",
                ),
            ),
            (
                "4.1.10",
                "new",
                "old",
                Some(
                    "/c/k.p12 is not as this run left it: something else has written it (Puppet, Chef, Ansible?)",
                ),
            ),
        ] {
            assert_eq!(moved_on(&seen, &written, &node(version, yaml, store)).as_deref(), expected);
        }
        let untouched = BTreeMap::new();
        assert_eq!(moved_on(&seen, &untouched, &node("4.1.10", "old", "other")), None);
    }
}
