//! A restart is one job on the node: its stages in order, once, and to its end even with no one connected.

use super::local_host::LocalHost;
use ringwalk::facts::{Process, Service};
use ringwalk::node::job::{self, Job, JobStatus, Limits};
use ringwalk::node::nodetool::Nodetool;
use ringwalk::node::{log, process};
use ringwalk::secret::Secret;
use ringwalk::transport::Host;

/// A Cassandra in so far as the process list knows: `java … CassandraDaemon`. It ends when told, unless `/etc/deaf` is
/// there, and notes whence it was started.
const DAEMON: &str = r#"
use IO::Handle; use IO::Socket::INET;
open(my $log, '>>', '/var/lib/events'); $log->autoflush;
my $port = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1:9042', ReuseAddr => 1) or die $!;
print $log "up in " . `pwd`; $SIG{TERM} = sub { exit 143 unless -e '/etc/deaf' }; sleep 1 while 1;
"#;
const CASSANDRA: &str = r#"#!/bin/sh
[ ! -e /etc/broken ] || { echo 'Unrecognized VM option'; echo 'Exception encountered: keystore_password: hunter2'; exit 3; }
umask >/var/lib/umask
echo "locale ${LC_ALL-none}" >>/var/lib/umask
/opt/c/java /opt/c/daemon org.apache.cassandra.service.CassandraDaemon &
"#;
const NODETOOL: &str = r#"#!/bin/sh
printf '%s\n' "nodetool $*" >>/var/lib/events
while [ $# -gt 1 ]; do [ "$1" != -pwf ] || { cat "$2"; stat -c %a "$2"; } >>/var/lib/events; shift; done
[ ! -e "/etc/refuse-$1" ] || { echo 'nodetool: Failed to connect'; exit 1; }
"#;

/// A machine with such a Cassandra, running.
pub fn machine() -> LocalHost {
    let host = LocalHost::boot();
    host.sh("mkdir /opt/c /opt/cwd && cp $(command -v perl) /opt/c/java");
    for (path, text) in [("daemon", DAEMON), ("cassandra", CASSANDRA), ("nodetool", NODETOOL)] {
        host.sh(&format!("cat >/opt/c/{path} <<'END'\n{}\nEND\nchmod 755 /opt/c/{path}", text.trim_start()));
    }
    host.sh(
        "cd /opt/cwd && /opt/c/cassandra >/dev/null 2>&1; until [ -s /var/lib/events ]; do sleep 0.01; done",
    );
    host
}

pub async fn a_job(host: &dyn Host) -> Job {
    Job {
        state_dir: "/var/lib/ringwalk".into(),
        run: "r1".into(),
        id: "restart-1".into(),
        service: Service::Command { start: "/opt/c/cassandra".into(), stop: None },
        nodetool: Nodetool {
            path: "/opt/c/nodetool".into(),
            port: Some(7199),
            username: None,
            password: None,
        },
        native_ports: vec![9042, 9142],
        before: process::look(host).await.unwrap().process,
        limits: Limits { clients_s: 1, drain_s: 5, stop_s: 2, start_s: 5 },
    }
}

/// Follows a job to its end.
pub async fn end_of(host: &dyn Host, job: &Job) -> JobStatus {
    let mut seen = 0;
    loop {
        let status = job::watch(host, job, seen).await.unwrap();
        seen = status.stages.len();
        if status.finished.is_some() {
            return status;
        }
    }
}

async fn run(host: &dyn Host, job: &Job) -> (Vec<String>, Result<Process, String>) {
    job::start(host, job).await.unwrap();
    let status = end_of(host, job).await;
    (status.stages, status.finished.unwrap())
}

const STAGES: [&str; 5] = ["disablebinary", "clients", "drain", "stop", "start"];

#[tokio::test]
async fn the_stages_come_in_order_and_a_new_process_runs_as_the_old_one_did() {
    let host = machine();
    let job = a_job(&host).await;
    let before = job.before.clone().unwrap();
    assert_eq!((before.user.as_str(), before.cwd.as_str()), ("root", "/opt/cwd"));
    let (stages, finished) = run(&host, &job).await;
    assert_eq!(stages, STAGES);
    let now = process::look(&host).await.unwrap();
    let started = finished.unwrap();
    assert_eq!(
        (started.pid, started.started_ticks),
        now.process.map(|it| (it.pid, it.started_ticks)).unwrap()
    );
    assert_ne!((started.pid, started.started_ticks), (before.pid, before.started_ticks));
    let events = "up in /opt/cwd\nnodetool -p 7199 disablebinary\nnodetool -p 7199 drain\nup in /opt/cwd";
    assert_eq!(host.sh("cat /var/lib/events"), events);
    assert_eq!(host.sh("cat /var/lib/umask"), "0022\nlocale none");
    assert_eq!(host.sh("stat -c %a /var/lib/ringwalk/runs/r1/restart-1.status"), "600");
}

#[tokio::test]
async fn started_twice_it_runs_once() {
    let host = machine();
    let job = a_job(&host).await;
    let (first, second, third) =
        tokio::join!(job::start(&host, &job), job::start(&host, &job), job::start(&host, &job));
    first.and(second).and(third).unwrap();
    assert_eq!(end_of(&host, &job).await.stages, STAGES);
    job::start(&host, &job).await.unwrap();
    assert_eq!(end_of(&host, &job).await.stages, STAGES);
    assert_eq!(host.sh("grep -c drain /var/lib/events"), "1");
}

#[tokio::test]
async fn with_the_connection_cut_it_goes_on() {
    let host = machine();
    let job = a_job(&host).await;
    job::start(&host, &job).await.unwrap();
    let watching =
        tokio::time::timeout(std::time::Duration::from_millis(1), job::watch(&host, &job, 99)).await;
    assert!(watching.is_err());
    assert!(end_of(&host, &job).await.finished.unwrap().is_ok());
}

#[tokio::test]
async fn a_password_is_in_a_closed_file_while_nodetool_runs_and_then_gone() {
    let host = machine();
    let mut job = a_job(&host).await;
    job.nodetool.username = Some("monitor".into());
    job.nodetool.password = Some(Secret::new("hunter2"));
    run(&host, &job).await.1.unwrap();
    let file = "/var/lib/ringwalk/runs/r1/restart-1.password";
    let call = format!("nodetool -p 7199 -u monitor -pwf {file} drain\nmonitor hunter2\n600");
    assert!(host.sh("cat /var/lib/events").contains(&call));
    assert_eq!(host.sh("grep -rl hunter2 /var/lib/ringwalk || :"), "");
}

#[tokio::test]
async fn what_goes_wrong_is_noted_or_ends_the_job_in_words() {
    let refused = |verb: &str| format!("{verb} ended with code 1: nodetool: Failed to connect");
    let (noted_first, noted_second) = (refused("disablebinary"), refused("drain"));
    let clients_stay = || {
        let noted = "clients are still connected after 1 s";
        vec!["disablebinary", "clients", noted, "drain", "stop", "start"]
    };
    let cases: [(&str, Vec<&str>, &str); 8] = [
        (
            "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(q(127.0.0.1:9042)); sleep 99' >/dev/null 2>&1 & \
             until grep -q ':2352 .* 01 ' /proc/net/tcp; do sleep 0.01; done",
            clients_stay(),
            "a new process",
        ),
        (
            "perl -MIO::Socket::INET -e '$l = IO::Socket::INET->new(Listen => 1, LocalAddr => q(127.0.0.1:9142)); \
             $s = IO::Socket::INET->new(q(127.0.0.1:9142)); sleep 99' >/dev/null 2>&1 & \
             until grep -q ':23B6 .* 01 ' /proc/net/tcp; do sleep 0.01; done",
            clients_stay(),
            "a new process",
        ),
        (
            "touch /etc/refuse-disablebinary /etc/refuse-drain",
            vec!["disablebinary", &noted_first, "clients", "drain", &noted_second, "stop", "start"],
            "a new process",
        ),
        (
            "touch /etc/deaf",
            vec!["disablebinary", "clients", "drain", "stop"],
            "stop: process PID still runs after 2 s",
        ),
        (
            "kill -STOP PID",
            vec!["disablebinary", "clients", "drain", "stop"],
            "stop: process PID still runs after 2 s: it is stopped by a signal (SIGSTOP)",
        ),
        (
            "touch /etc/broken",
            STAGES.into(),
            "start: the start command ended with code 3: Unrecognized VM option; Exception encountered: keystore_password: [secret]",
        ),
        (
            "kill -KILL PID; while [ -e /proc/PID ] && ! grep -q State:.Z /proc/PID/status; do sleep 0.01; done",
            vec!["start"],
            "a new process",
        ),
        ("mount --bind /bin/true /opt/c/cassandra", STAGES.into(), "start: no Cassandra runs after 5 s"),
    ];
    for (prepare, stages, expected) in cases {
        let host = machine();
        let job = a_job(&host).await;
        let pid = job.before.as_ref().unwrap().pid.to_string();
        host.sh(&prepare.replace("PID", &pid));
        let (seen, finished) = run(&host, &job).await;
        assert_eq!(seen, stages, "{prepare}");
        let words = finished.map_or_else(|why| why, |_| "a new process".into());
        assert_eq!(words, expected.replace("PID", &pid), "{prepare}");
    }
}

#[tokio::test]
pub async fn a_job_that_was_killed_is_told_from_one_that_never_was() {
    let host = machine();
    host.sh("touch /etc/deaf");
    let job = a_job(&host).await;
    let words = |status: JobStatus| status.finished.unwrap().unwrap_err();
    assert_eq!(
        words(job::watch(&host, &job, 0).await.unwrap()),
        "the node knows nothing of this restart job"
    );
    job::start(&host, &job).await.unwrap();
    while job::watch(&host, &job, 3).await.unwrap().stages.last().is_none_or(|stage| stage != "stop") {}
    host.sh("kill -KILL $(cut -d' ' -f1 /var/lib/ringwalk/runs/r1/restart-1.pid)");
    let expected =
        "the restart job ended without a word after `stop`: it was killed, or the machine was restarted";
    assert_eq!(words(end_of(&host, &job).await), expected);
}

#[tokio::test]
async fn a_process_is_seen_frozen_or_gone_and_a_mere_mention_is_none() {
    let host = machine();
    let look = process::look(&host).await.unwrap();
    assert!(!look.frozen);
    let pid = look.process.unwrap().pid;
    host.sh(&format!("kill -STOP {pid}"));
    assert!(process::look(&host).await.unwrap().frozen);
    host.sh(&format!("kill -KILL {pid}"));
    host.sh("(exec sh -c 'sleep 99; :' org.apache.cassandra.service.CassandraDaemon) >/dev/null 2>&1 &");
    host.sh("perl -e 'sleep 99' x.org.apache.cassandra.service.CassandraDaemon.java >/dev/null 2>&1 &");
    assert_eq!(process::look(&host).await.unwrap().process, None);
}

#[tokio::test]
async fn the_log_is_read_from_the_last_start_on() {
    let host = machine();
    host.sh("mkdir /var/log/c; printf 'ERROR old\nINFO  x - Configuration location: file:/c\nERROR new\n' >/var/log/c/system.log");
    assert_eq!(log::since_start(&host, "/var/log/c").await.unwrap().lines, ["ERROR new"]);
    assert_eq!(log::since_start(&host, "/var/log/none").await.unwrap(), log::Findings::default());
}
