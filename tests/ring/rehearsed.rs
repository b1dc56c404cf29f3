//! A rehearsal of a plan that is carried out afterwards: it touches nothing, and what happens then is what it told.

use super::desk::{Desk, RINGWALK};
use super::rig::{nodes, on, ring};
use ringwalk::journal::event::{Event, Outcome, StepEvent};
use serde_json::Value;
use std::fs;

/// What a rehearsal told of the run without faults.
pub struct Rehearsed(Vec<StepEvent>);

impl Rehearsed {
    /// Of a saved plan, with two seeds of faults.
    pub fn of(desk: &Desk, plan: &str) -> Rehearsed {
        let before = traces(desk);
        println!("$ ringwalk rehearse {plan}");
        let told = json(desk, &["rehearse", plan, "--seeds", "2", "--output", "json"]);
        assert_eq!(traces(desk), before, "a rehearsal left something");
        let told: Value = serde_json::from_str(&told).unwrap();
        println!("-- {} s by the model, {} ranges watched", told["took_s"], told["ranges"]);
        let broken = |played: &Value| played["broken"].as_array().is_none_or(|broken| !broken.is_empty());
        let seeds = told["seeds"].as_array().unwrap();
        assert!(!seeds.iter().chain([&told["calm"]]).any(broken), "{told}");
        let events = told["events"].as_array().unwrap().iter();
        Rehearsed(events.map(|told| serde_json::from_value(told["event"].clone()).unwrap()).collect())
    }

    /// The same events of the same steps on the same nodes in the same order as in the latest run.
    pub fn is_what_happened(&self, desk: &Desk) {
        let run = desk.latest_run();
        let shown = json(desk, &["show", &run, "--output", "json"]);
        let events = shown.lines().filter_map(|line| match serde_json::from_str(line).unwrap() {
            Event::Step { event, .. } => Some(event),
            Event::Progress { .. } => None,
        });
        let happened: Vec<String> = events.map(|event| in_words(&event, &run)).collect();
        let rehearsed: Vec<String> = self.0.iter().map(|event| in_words(event, "RUN")).collect();
        for (at, (happened, rehearsed)) in happened.iter().zip(&rehearsed).enumerate() {
            assert_eq!(happened, rehearsed, "event {at} of {run} was rehearsed as another");
        }
        assert_eq!(happened.len(), rehearsed.len());
        println!("-- {} events as they were rehearsed", happened.len());
    }
}

/// What of an event does not go with the clock, a process or the run's id.
fn in_words(event: &StepEvent, run: &str) -> String {
    let words = match event {
        StepEvent::RunStarted { plan, .. } => {
            format!("begins {}", serde_json::to_string(&plan.steps).unwrap())
        }
        StepEvent::StepFinished { step, outcome: Outcome::Done { .. } } => format!("{step} is done"),
        other => serde_json::to_string(other).unwrap(),
    };
    words.replace(run, "RUN")
}

fn json(desk: &Desk, words: &[&str]) -> String {
    let mut command = ring();
    command.args(["run", RINGWALK, "--runs-dir", "runs", "-i", "inventory.yaml", "-p", "enable.yaml"]);
    let output = command.args(words).current_dir(&desk.directory).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    out.into_owned()
}

/// Every file of Cassandra's configuration and of ringwalk, with its times, and the process; and the runs here.
fn traces(desk: &Desk) -> Vec<String> {
    let line = "find /etc/cassandra /etc/cassandra-tls /opt/cassandra/conf /var/lib/ringwalk -printf '%p %s %m %u %T@\\n' \
                2>/dev/null | sort; pgrep -f '[C]assandraDaemon'";
    let here = fs::read_dir(desk.directory.join("runs")).into_iter().flatten();
    let runs = here.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    nodes().iter().map(|(name, _)| on(name, line)).chain(runs).collect()
}
