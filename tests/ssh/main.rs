//! Hosts over SSH, against a real OpenSSH server.

mod commands;
mod connections;
mod host_keys;
mod login;
#[path = "../support/sshd.rs"]
mod sshd;

use ringwalk::transport::ssh::{Pool, PoolOptions, SshHost, Target};
use ringwalk::transport::{Command, Host, HostError};
use sshd::{Home, LOCALHOST, Sshd, certify, generate, host, passphrase, run, target, text};
use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// No machine is so busy that it needs as long for what takes a second.
const HANGS: Duration = Duration::from_secs(120);

/// The error and all its causes, as a person reads them.
fn chain(error: &HostError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn shell(text: &str) -> Command {
    Command::new(["sh", "-c", text]).deadline(Duration::from_secs(30))
}

async fn says(host: &SshHost, text: &str) -> String {
    let output = host.run(&shell(text)).await.unwrap();
    assert_eq!(output.code, 0, "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The pid of the server's process for a host's session.
async fn session_pid(host: &SshHost) -> String {
    // sshd starts the login shell, which starts timeout, which starts sh.
    says(
        host,
        "p=$PPID; while :; do read -r _ name _ < /proc/$p/stat; case $name in '(sshd'*) break;; esac; \
        p=$(cut -d' ' -f4 /proc/$p/stat); done; echo $p",
    )
    .await
}
