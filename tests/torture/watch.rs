//! What a run leaves for others to read: its journal, its reports and the transcript of its commands.

use super::desk::PASSWORD;
use jiff::Timestamp;
use ringwalk::cluster::Cluster;
use ringwalk::engine::Record;
use ringwalk::journal::event::{Event, StepEvent};
use ringwalk::journal::file::JournalError;
use ringwalk::journal::state::RunState;
use ringwalk::report::json::Json;
use ringwalk::report::plain::Plain;
use ringwalk::report::{Reporter, Screen};
use ringwalk::sim::Mutation;
use ringwalk::transport::transcript::{Transcribed, Transcript};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub type Events = Vec<(Timestamp, StepEvent)>;

/// When the controller dies: after so many records, the last of them on disk or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    pub after_records: usize,
    pub recorded: bool,
}

/// A journal in memory that stops where the controller is killed.
pub struct Disk {
    pub events: Events,
    kill: Option<Kill>,
    mutation: Mutation,
    /// How many of the events the run knows to be on disk.
    acknowledged: usize,
}

impl Disk {
    /// `kill` counts from what the journal holds now.
    pub fn new(events: Events, kill: Option<Kill>, mutation: Mutation) -> Disk {
        let acknowledged = events.len();
        let after = |kill: Kill| Kill { after_records: kill.after_records + acknowledged - 1, ..kill };
        Disk { kill: kill.map(after), events, mutation, acknowledged }
    }

    /// What is wrong with it, given what the run holds for its state.
    pub fn judge(&self, live: &RunState) -> Option<String> {
        let (at, first) = &self.events[0];
        let mut fold = RunState::begin(*at, first).unwrap();
        let mut known = self.events[1..self.acknowledged].iter();
        let folds = known.all(|(at, event)| fold.apply(*at, event).is_ok());
        if !folds || fold != *live {
            return Some("the journal does not fold into the live state".into());
        }
        let text = serde_json::to_string(&self.events).unwrap();
        text.contains(PASSWORD).then(|| "a secret is in the journal".into())
    }
}

impl Record for Disk {
    fn append(&mut self, at: Timestamp, event: &StepEvent) -> Result<(), JournalError> {
        let dies = self.kill.filter(|kill| self.events.len() == kill.after_records);
        let is_forgotten = self.mutation == Mutation::ForgetsARecord
            && matches!(event, StepEvent::StepFinished { step: 3, .. });
        if dies.is_none_or(|kill| kill.recorded) && !is_forgotten {
            self.events.push((at, event.clone()));
        }
        match dies {
            Some(_) => Err(JournalError::Closed { path: "/killed".into() }),
            None => {
                self.acknowledged = self.events.len();
                Ok(())
            }
        }
    }
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
