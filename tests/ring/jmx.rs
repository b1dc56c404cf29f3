//! The ring as a node's JMX port has it, compared with what nodetool prints there; and that a run asked no nodetool for it.

use super::desk::Desk;
use super::rig::{nodes, nodetool, state};
use super::standing::is_as_printed;
use async_trait::async_trait;
use ringwalk::node::jmx;
use ringwalk::node::nodetool::Nodetool;
use ringwalk::transport::{Command, Connection, Host, HostError, Output};
use std::process::Stdio;
use tokio::io::join;

/// A node, by `ssh -W`.
struct Forwarded(String);

#[async_trait]
impl Host for Forwarded {
    fn name(&self) -> &str {
        &self.0
    }

    async fn run(&self, _command: &Command) -> Result<Output, HostError> {
        unreachable!("JMX is asked over a connection")
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        let mut ssh = tokio::process::Command::from(super::rig::ring());
        ssh.args(["run", "ssh", "-F"]).arg(state().join("ssh_config"));
        ssh.args(["-W", &format!("{address}:{port}"), &self.0]);
        let mut ssh = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh starts");
        let both = ssh.stdout.take().zip(ssh.stdin.take()).expect("both are pipes");
        Ok(Box::new(join(both.0, both.1)))
    }
}

/// Every node says the same in both ways.
#[tokio::main(flavor = "current_thread")]
pub async fn says_what_nodetool_prints() {
    let tool = Nodetool { path: "nodetool".into(), port: None, username: None, password: None };
    for (name, _) in nodes() {
        let standing = jmx::standing(&Forwarded(name.clone()), &tool).await.unwrap();
        is_as_printed(&standing, &nodetool(&name, "status"), &name);
        assert!(nodetool(&name, "info").contains(&standing.host_id), "{name}: {}", standing.host_id);
    }
}

/// The latest run looked at the peers by JMX alone.
pub fn answered_the_latest_run(desk: &Desk) {
    let transcript = desk.read(&format!("runs/{}/transcript.jsonl", desk.latest_run()));
    assert!(transcript.contains("\"connect 127.0.0.1:7199\""), "JMX was not asked");
    let by_nodetool = transcript.lines().find(|line| line.contains("nodetool status"));
    assert_eq!(by_nodetool, None, "nodetool was asked, too");
}
