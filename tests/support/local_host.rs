//! A machine of its own on this one: private processes, mounts and network, and a `Host` that runs commands there with a real shell.

use async_trait::async_trait;
use ringwalk::transport::{Command, Connection, Host, HostError, Output};
use std::process::{Child, Stdio};
use tokio::io::AsyncWriteExt;

/// Ends with everything that runs on it when dropped, and when the test is killed: then its stdin ends. `/etc`, `/var`, `/opt`, `/usr` and `/mnt` can be written to freely: nothing
/// of it reaches the machine beneath. Needs root.
pub struct LocalHost {
    machine: Child,
    /// The machine's first process, as seen from here.
    init: String,
    login: Option<String>,
}

const BOOT: &str = "mount -t tmpfs tmpfs /mnt && for d in etc var opt usr; do mkdir /mnt/$d.upper /mnt/$d.work && \
    mount -t overlay overlay -o lowerdir=/$d,upperdir=/mnt/$d.upper,workdir=/mnt/$d.work /$d || exit 1; done; \
    ip link set lo up && echo up; cat";

impl LocalHost {
    pub fn boot() -> LocalHost {
        use std::io::BufRead;
        let mut machine = std::process::Command::new("unshare")
            .args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", BOOT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare, from util-linux");
        let mut line = String::new();
        let stdout = machine.stdout.take().unwrap();
        std::io::BufReader::new(stdout).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n", "no namespaces: these tests need root");
        let pid = machine.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        LocalHost { machine, init: children.trim().to_owned(), login: None }
    }

    /// From now on `run` logs in as this user, who may become no one else.
    pub fn login(&mut self, user: &str) {
        self.login = Some(user.into());
    }

    /// Runs a line of shell on the machine, as root, and returns what it prints; panics if it fails.
    pub fn sh(&self, line: &str) -> String {
        let output = std::process::Command::new("nsenter")
            .args(["-t", &self.init, "-m", "-n", "-p", "sh", "-c", line])
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

impl Drop for LocalHost {
    fn drop(&mut self) {
        let _ = self.machine.kill();
        let _ = self.machine.wait();
    }
}

#[async_trait]
impl Host for LocalHost {
    fn name(&self) -> &str {
        "local"
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        let line = command.shell_line(false);
        let mut argv = vec!["-t", &self.init, "-m", "-n", "-p"];
        if let Some(user) = &self.login {
            argv.extend(["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--reset-env"]);
        }
        argv.extend(["sh", "-c", &line]);
        let mut child = tokio::process::Command::new("nsenter")
            .args(argv)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = command.stdin.clone();
        let feed = async move {
            if let Some(bytes) = bytes {
                let _ = stdin.write_all(&bytes.0).await;
            }
        };
        let (_, output) = tokio::join!(feed, child.wait_with_output());
        let output = output.unwrap();
        Ok(Output { code: output.status.code().unwrap_or(255), stdout: output.stdout, stderr: output.stderr })
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        let problem = "this host has no network of its own".to_owned();
        Err(HostError::Refused { address: address.into(), port, problem })
    }
}
