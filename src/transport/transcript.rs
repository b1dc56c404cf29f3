//! What was run on which node: one line of JSON a command, without what it read or wrote.

use super::{Command, Connection, Host, HostError, Output};
use async_trait::async_trait;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A JSON Lines file that the hosts of a run share.
#[derive(Debug)]
pub struct Transcript {
    file: Mutex<File>,
}

/// A host whose commands are written to a transcript.
pub struct Transcribed<H> {
    host: H,
    transcript: Arc<Transcript>,
}

/// A stack trace's beginning; the rest is in the node's own log.
const STDERR_CHARACTERS: usize = 2_000;

#[derive(Serialize)]
struct Record<'a> {
    time: jiff::Timestamp,
    node: &'a str,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdin: Option<String>,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    stderr: String,
}

impl Transcript {
    /// Opens the file to append to it, readable by its owner only.
    pub fn open(path: &Path) -> io::Result<Transcript> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Transcript { file: Mutex::new(options.open(path)?) })
    }

    /// Appends a record. A transcript that cannot be written is a warning: it must not stop a run halfway.
    fn append(&self, record: &Record<'_>) {
        let written = serde_json::to_vec(record).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
        });
        if let Err(error) = written {
            tracing::warn!("cannot write the transcript: {error}");
        }
    }
}

impl<H: Host> Transcribed<H> {
    pub fn new(host: H, transcript: Arc<Transcript>) -> Transcribed<H> {
        Transcribed { host, transcript }
    }
}

#[async_trait]
impl<H: Host> Host for Transcribed<H> {
    fn name(&self) -> &str {
        self.host.name()
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        let (time, started) = (jiff::Timestamp::now(), Instant::now());
        let result = self.host.run(command).await;
        let stderr = result.as_ref().map(|output| beginning(&output.stderr)).unwrap_or_default();
        self.transcript.append(&Record {
            time,
            node: self.host.name(),
            command: command.shown(),
            stdin: command.stdin.as_ref().map(|stdin| format!("{stdin:?}")),
            duration_ms: started.elapsed().as_millis() as u64,
            code: result.as_ref().ok().map(|output| output.code),
            error: result.as_ref().err().map(ToString::to_string),
            stderr,
        });
        result
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        let (time, started) = (jiff::Timestamp::now(), Instant::now());
        let result = self.host.connect(address, port).await;
        self.transcript.append(&Record {
            time,
            node: self.host.name(),
            command: format!("connect {address}:{port}"),
            stdin: None,
            duration_ms: started.elapsed().as_millis() as u64,
            code: None,
            error: result.as_ref().err().map(ToString::to_string),
            stderr: String::new(),
        });
        result
    }
}

fn beginning(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(STDERR_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Canned(Result<Output, ()>);

    #[async_trait]
    impl Host for Canned {
        fn name(&self) -> &str {
            "n1"
        }

        async fn run(&self, command: &Command) -> Result<Output, HostError> {
            self.0.clone().map_err(|()| HostError::Lost { doing: format!("running `{}`", command.shown()) })
        }

        async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
            Err(HostError::Refused { address: address.to_owned(), port, problem: "closed".to_owned() })
        }
    }

    #[tokio::test]
    async fn a_record_names_the_command_and_holds_neither_stdin_nor_stdout() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("transcript.jsonl");
        let transcript = Arc::new(Transcript::open(&path).unwrap());
        let output = Output { code: 3, stdout: b"secret-out".to_vec(), stderr: vec![b'e'; 5_000] };
        let command = Command::script("put", "cat >\"$1\"", ["/etc/x"]).stdin("secret-in");
        Transcribed::new(Canned(Ok(output.clone())), transcript.clone()).run(&command).await.unwrap();
        let lost = Transcribed::new(Canned(Err(())), transcript);
        lost.run(&Command::new(["nodetool", "status"])).await.unwrap_err();
        assert!(lost.connect("10.0.0.1", 9042).await.is_err());

        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("secret") && !text.contains("cat >"), "{text}");
        let records: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(records.len(), 3);
        assert_eq!(records[0]["node"], "n1");
        assert_eq!(records[0]["command"], "ringwalk-put /etc/x");
        assert_eq!(records[0]["stdin"], "[9 bytes]");
        assert_eq!(records[0]["code"], 3);
        assert_eq!(records[0]["stderr"].as_str().unwrap().len(), 2_000);
        assert_eq!(records[1]["error"], "the SSH connection was lost while running `nodetool status`");
        assert_eq!(records[2]["command"], "connect 10.0.0.1:9042");
    }
}
