//! A node that does not answer after its restart, with nobody there, goes back to its old files; watched, it waits.

use super::jobs::{a_job, end_of, machine};
use super::local_host::LocalHost;
use ringwalk::facts::Service;
use ringwalk::node::files;
use ringwalk::node::heal::{self, OldFile};
use ringwalk::node::job::{self, Job, JobStatus, Limits};
use ringwalk::node::lock::{self, Claim};
use ringwalk::transport::Host;
use sha2::{Digest, Sha256};
use std::time::Duration;

const BACKUP: &str = "/var/lib/ringwalk/runs/r1/backup";

fn sha256(text: &str) -> Option<String> {
    Some(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn claim(run: &str) -> Claim {
    Claim { run: run.into(), token: "t".into(), by: "ops@laptop".into(), from: None, over: Vec::new() }
}

/// A machine whose Cassandra does not start with the new yaml, and whose run holds its lock and its mark. The store is
/// new, a truststore was changed by a link.
async fn changed_machine() -> LocalHost {
    let host = machine();
    host.sh("mkdir -p /etc/c /etc/shared && printf new >/etc/c/yaml && printf store >/etc/c/keystore && \
             printf trust2 >/etc/shared/trust && ln -s /etc/shared/trust /etc/c/truststore && chmod 400 /etc/c/* && \
             sed -i 's|^umask|! grep -qx new /etc/c/yaml \\|\\| { echo \"keystore_password: hunter2\"; exit 3; }\\numask|' /opt/c/cassandra");
    host.sh(&format!(
        "mkdir -p {BACKUP} && cd {BACKUP} && printf old >yaml && printf trust1 >trust && chmod 600 * && \
         echo '1:2 640' >yaml.attributes && echo '0:0 444' >trust.attributes"
    ));
    lock::take(&host, &claim("r1")).await.unwrap();
    files::owe(&host, "/var/lib/ringwalk", "r1").await.unwrap();
    host
}

async fn prepare(host: &dyn Host, job: &Job, after_s: u64) {
    let old = |path: &str, backup: &str, was: Option<&str>, becomes: &str| OldFile {
        path: path.into(),
        backup: format!("{BACKUP}/{backup}"),
        was: was.and_then(sha256),
        becomes: sha256(becomes),
    };
    let files = [
        old("/etc/c/keystore", "none", None, "store"),
        old("/etc/c/truststore", "trust", Some("trust1"), "trust2"),
        old("/etc/c/yaml", "yaml", Some("old"), "new"),
    ];
    heal::prepare(host, job, Duration::from_secs(after_s), &files).await.unwrap();
}

/// All files that the run has written, and who they are of.
fn files_now(host: &LocalHost) -> String {
    host.sh("cd /etc/c && for f in *; do stat -L -c '%n %u:%g %a' $f; cat $f; echo; done; readlink truststore || :")
}

const AS_BEFORE: &str = "truststore 0:0 444\ntrust1\nyaml 1:2 640\nold\n/etc/shared/trust";

/// What the job says once it is sure to say no more by itself.
async fn last_word(host: &LocalHost, job: &Job) -> JobStatus {
    host.sh(&format!(
        "set -- $(cat /var/lib/ringwalk/runs/r1/{}.pid); while [ -e /proc/$1 ]; do sleep 0.1; done",
        job.id
    ));
    end_of(host, job).await
}

#[tokio::test]
async fn with_nobody_there_the_old_files_come_back_and_cassandra_runs() {
    let host = changed_machine().await;
    let job = a_job(&host).await;
    prepare(&host, &job, 1).await;
    job::start(&host, &job).await.unwrap();
    let status = last_word(&host, &job).await;
    let why = status.finished.unwrap().unwrap_err();
    let expected = "nobody was there and Cassandra did not answer, so the node put its old files back and runs with them \
                    (start: the start command ended with code 3: keystore_password: [secret])";
    assert_eq!((why.as_str(), status.healed), (expected, true));
    let stages = [
        "disablebinary",
        "clients",
        "drain",
        "stop",
        "start",
        "the node puts its old files back by itself",
        "start",
    ];
    assert_eq!(status.stages, stages);
    assert_eq!(files_now(&host), AS_BEFORE);
    assert_eq!(host.sh("grep -c up /var/lib/events"), "2");
    assert_eq!(
        host.sh("cd /var/lib/ringwalk; ls; cut -d' ' -f1,3- healed"),
        "healed\nlatest\nlock\nruns\nr1 its old files are back and it runs with them"
    );
    // Whoever sees the node healthy next takes the word away.
    files::confirm(&host, "/var/lib/ringwalk", "r1", None).await.unwrap();
    assert_eq!(host.sh("ls /var/lib/ringwalk"), "latest\nlock\nruns");
}

/// As under systemd, which goes on to stop what the job has given up on.
#[tokio::test]
async fn a_process_that_ends_only_after_the_job_gave_up_is_followed_by_another_with_the_old_files() {
    let host = changed_machine().await;
    host.sh("touch /etc/deaf");
    let mut job = a_job(&host).await;
    let pid = job.before.as_ref().unwrap().pid;
    let stop = format!("(sleep 4; kill -KILL {pid}) >/dev/null 2>&1 &");
    job.service = Service::Command { start: "/opt/c/cassandra".into(), stop: Some(stop) };
    prepare(&host, &job, 5).await;
    job::start(&host, &job).await.unwrap();
    let status = last_word(&host, &job).await;
    assert!(status.healed, "{status:?}");
    let why = status.finished.unwrap().unwrap_err();
    assert!(why.ends_with(&format!("(stop: process {pid} still runs after 2 s)")), "{why}");
    assert_eq!(status.stages[4..], ["the node puts its old files back by itself", "start"]);
    assert_eq!(files_now(&host), AS_BEFORE);
}

#[tokio::test]
async fn owner_and_mode_that_alone_were_set_come_back_too() {
    let host = changed_machine().await;
    let job = a_job(&host).await;
    host.sh(&format!(
        "printf same >/etc/c/other && chmod 400 /etc/c/other && cd {BACKUP} && printf same >other && echo '1:2 640' >other.attributes"
    ));
    let same = sha256("same");
    let old = OldFile {
        path: "/etc/c/other".into(),
        backup: format!("{BACKUP}/other"),
        was: same.clone(),
        becomes: same,
    };
    let yaml = OldFile {
        path: "/etc/c/yaml".into(),
        backup: format!("{BACKUP}/yaml"),
        was: sha256("old"),
        becomes: sha256("new"),
    };
    heal::prepare(&host, &job, Duration::from_secs(1), &[old, yaml]).await.unwrap();
    job::start(&host, &job).await.unwrap();
    assert!(last_word(&host, &job).await.healed);
    assert_eq!(host.sh("stat -c '%u:%g %a' /etc/c/other; cat /etc/c/other"), "1:2 640\nsame");
}

#[tokio::test]
async fn a_cassandra_that_runs_with_its_port_closed_is_stopped_first() {
    let host = changed_machine().await;
    host.sh("sed -i 's|^! grep.*||' /opt/c/cassandra && sed -i 's|^my .port.*|sleep 99 if `cat /etc/c/yaml` eq q(new); &|' /opt/c/daemon");
    let job = a_job(&host).await;
    prepare(&host, &job, 1).await;
    job::start(&host, &job).await.unwrap();
    let status = last_word(&host, &job).await;
    assert!(status.healed, "{status:?}");
    assert!(status.finished.unwrap().unwrap_err().ends_with("(its client port was closed)"));
    assert_eq!(status.stages[5..], ["the node puts its old files back by itself", "stop", "start"]);
    assert_eq!(files_now(&host), AS_BEFORE);
}

/// A changed machine whose restart is left alone after `prepared`: its files before the restart, and the job's last word.
async fn left_alone_after(prepared: &str) -> (LocalHost, String, JobStatus) {
    let host = changed_machine().await;
    let job = a_job(&host).await;
    prepare(&host, &job, 1).await;
    host.sh(prepared);
    let before = files_now(&host);
    job::start(&host, &job).await.unwrap();
    let status = last_word(&host, &job).await;
    (host, before, status)
}

#[tokio::test]
async fn a_node_that_answers_or_whose_run_has_decided_is_left_as_it_is() {
    // What happens before the restart; how the job ends.
    let cases = [
        ("sed -i 's|^! grep.*||' /opt/c/cassandra", Ok(())),
        ("rm /var/lib/ringwalk/owed", Err(())),
        ("rm /var/lib/ringwalk/lock", Err(())),
        ("rm /var/lib/ringwalk/runs/r1/restart-1.heal", Err(())),
    ];
    for (prepared, ends) in cases {
        let (host, before, status) = left_alone_after(prepared).await;
        assert_eq!(
            (status.healed, status.finished.unwrap().map(drop).map_err(drop)),
            (false, ends),
            "{prepared}"
        );
        assert_eq!(files_now(&host), before, "{prepared}");
        assert_eq!(host.sh("ls /var/lib/ringwalk/healed 2>/dev/null || :"), "", "{prepared}");
    }
}

#[tokio::test]
async fn a_node_that_another_run_has_not_come_to_or_whose_runs_lock_was_broken_heals_all_the_same() {
    for prepared in [
        "sed -i 's/run r1/run r2/' /var/lib/ringwalk/lock",
        "sed -i 's/run r1/run r2/' /var/lib/ringwalk/lock; echo r2 >/var/lib/ringwalk/owed",
        "mv /var/lib/ringwalk/lock /var/lib/ringwalk/broken",
    ] {
        let (host, _, status) = left_alone_after(prepared).await;
        assert!(status.healed, "{prepared}: {status:?}");
        assert_eq!(files_now(&host), AS_BEFORE, "{prepared}");
    }
}

#[tokio::test]
async fn a_watch_ends_once_another_restart_begins_on_the_node_be_it_of_another_run() {
    let host = changed_machine().await;
    let job = a_job(&host).await;
    prepare(&host, &job, 7).await;
    job::start(&host, &job).await.unwrap();
    assert!(end_of(&host, &job).await.finished.unwrap().is_err());
    let next = Job { run: "r2".into(), before: None, ..job.clone() };
    job::start(&host, &next).await.unwrap();
    assert!(!last_word(&host, &job).await.healed);
    assert_eq!(host.sh("cat /var/lib/ringwalk/latest"), "r2 restart-1");
}

#[tokio::test]
async fn a_lock_that_is_gone_for_a_moment_ends_no_watch_and_one_that_is_given_back_does() {
    for (meanwhile, heals) in [("mv lock lock.1.out; sleep 7; mv lock.1.out lock", true), ("rm lock", false)]
    {
        let host = changed_machine().await;
        let job = a_job(&host).await;
        prepare(&host, &job, 12).await;
        job::start(&host, &job).await.unwrap();
        assert!(end_of(&host, &job).await.finished.unwrap().is_err());
        host.sh(&format!("cd /var/lib/ringwalk; {meanwhile}"));
        assert_eq!(last_word(&host, &job).await.healed, heals, "{meanwhile}");
    }
}

#[tokio::test]
async fn somebody_who_comes_while_the_old_process_is_stopped_finds_no_file_put_back() {
    let host = changed_machine().await;
    // It runs, with its port closed, and takes its time to end.
    host.sh("sed -i 's|^! grep.*||' /opt/c/cassandra && sed -i 's|^my .port.*|if (`cat /etc/c/yaml` eq q(new)) { $SIG{TERM} = sub { sleep 4; exit }; sleep 1 while 1 } &|' /opt/c/daemon");
    let job = a_job(&host).await;
    let job = Job { limits: Limits { stop_s: 20, ..job.limits }, ..job };
    prepare(&host, &job, 1).await;
    let before = files_now(&host);
    job::start(&host, &job).await.unwrap();
    until_it_says(&host, &job, "unhealed").await;
    let why = job::watch(&host, &job, 0).await.unwrap().finished.unwrap().unwrap_err();
    assert!(why.contains("somebody came when Cassandra was stopped for it: no file was put back"), "{why}");
    assert_eq!(files_now(&host), before);
    // … and goes again.
    assert!(last_word(&host, &job).await.healed);
    assert_eq!(files_now(&host), AS_BEFORE);
}

/// Waits for a stage of the job; once it is stopped, somebody gives a sign of life.
async fn until_it_says(host: &LocalHost, job: &Job, stage: &str) {
    let status = format!("/var/lib/ringwalk/runs/r1/{}.status", job.id);
    host.sh(&format!(
        "until [ `grep -c ' stop$' {status}` = 2 ]; do sleep 0.1; done; sleep 1.1; touch /var/lib/ringwalk/lock; \
         until grep -q ' {stage} ' {status}; do sleep 0.1; done"
    ));
}

#[tokio::test]
async fn signs_of_life_hold_it_off_until_they_end() {
    let host = changed_machine().await;
    let job = a_job(&host).await;
    prepare(&host, &job, 12).await;
    job::start(&host, &job).await.unwrap();
    assert!(end_of(&host, &job).await.finished.unwrap().is_err());
    // Three signs, each within what it waits for; together longer than that.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        host.sh("touch /var/lib/ringwalk/lock");
        assert!(!job::watch(&host, &job, 0).await.unwrap().healed);
    }
    assert!(last_word(&host, &job).await.healed);
    assert_eq!(files_now(&host), AS_BEFORE);
}

#[tokio::test]
async fn what_was_changed_since_or_has_no_good_copy_is_left_alone_as_a_whole() {
    let cases = [
        (
            "chmod 600 /etc/c/yaml; printf third >/etc/c/yaml; touch /etc/broken",
            "/etc/c/yaml is not as run r1 left it: no file was put back",
        ),
        (
            "printf bad >/var/lib/ringwalk/runs/r1/backup/yaml",
            "the copy of /etc/c/yaml is gone or damaged: no file was put back",
        ),
        (
            "rm /var/lib/ringwalk/runs/r1/backup/trust",
            "the copy of /etc/c/truststore is gone or damaged: no file was put back",
        ),
        (
            "rm /var/lib/ringwalk/runs/r1/backup/yaml.attributes",
            "the copy of /etc/c/yaml is gone or damaged: no file was put back",
        ),
    ];
    for (prepared, expected) in cases {
        let (host, before, status) = left_alone_after(prepared).await;
        let why = status.finished.unwrap().unwrap_err();
        assert!(
            why.contains(&format!("tried to put its old files back and failed: heal: {expected}")),
            "{why}"
        );
        assert_eq!((files_now(&host), status.healed), (before, false), "{prepared}");
        // The node owes a look still, and says what it tried.
        let said = host.sh("cat /var/lib/ringwalk/owed; cut -d' ' -f1,3- /var/lib/ringwalk/healed");
        assert_eq!(said, format!("r1\nr1 it could not heal itself: heal: {expected}"), "{prepared}");
    }
}
