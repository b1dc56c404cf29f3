//! What a run leaves for others to read: its journal, its reports and the transcript of its commands.

use super::desk::PASSWORD;
use ringwalk::cluster::Cluster;
use ringwalk::journal::event::Event;
use ringwalk::journal::state::RunState;
use ringwalk::report::json::Json;
use ringwalk::report::plain::Plain;
use ringwalk::report::{Reporter, Screen};
use ringwalk::sim::Records;
use ringwalk::transport::transcript::{Transcribed, Transcript};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What is wrong with a journal, given what the run holds for its state.
pub fn judge(records: &Records, live: &RunState) -> Option<String> {
    if !records.fold_into(live) {
        return Some("the journal does not fold into the live state".into());
    }
    let text = serde_json::to_string(&records.events).unwrap();
    text.contains(PASSWORD).then(|| "a secret is in the journal".into())
}

/// Bytes that several hold.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The reports and the transcript of an operator's runs.
pub struct Watch {
    report: Shared,
    transcript: Arc<Transcript>,
    directory: TempDir,
}

impl Watch {
    pub fn new() -> Watch {
        let directory = tempfile::tempdir().unwrap();
        let transcript = Arc::new(Transcript::open(&directory.path().join("transcript.jsonl")).unwrap());
        Watch { report: Shared::default(), transcript, directory }
    }

    /// As the command line shows a run to a person without a terminal, and to a program.
    pub fn reporter(&self) -> Reports {
        let screen = Screen { width: 100, color: false };
        Reports { plain: Plain::new(self.report.clone(), screen), json: Json::new(self.report.clone()) }
    }

    pub fn transcribed(&self, cluster: Cluster) -> Cluster {
        cluster.with_hosts(|host| Arc::new(Transcribed::new(host, Arc::clone(&self.transcript))))
    }

    /// What is wrong with what the last run has left.
    pub fn judge(&self) -> Vec<String> {
        let report = std::mem::take(&mut *self.report.0.lock().unwrap());
        let path = self.directory.path().join("transcript.jsonl");
        let transcript = std::fs::read(&path).unwrap();
        std::fs::File::options().write(true).truncate(true).open(path).unwrap();
        let told = |text: &[u8], place: &str| {
            String::from_utf8_lossy(text).contains(PASSWORD).then(|| format!("a secret is in {place}"))
        };
        [told(&report, "a report"), told(&transcript, "the transcript")].into_iter().flatten().collect()
    }
}

pub struct Reports {
    plain: Plain<Shared>,
    json: Json<Shared>,
}

impl Reporter for Reports {
    fn event(&mut self, event: &Event, state: &RunState) {
        self.plain.event(event, state);
        self.json.event(event, state);
    }

    fn finish(&mut self, state: &RunState) {
        self.plain.finish(state);
        self.json.finish(state);
    }
}
