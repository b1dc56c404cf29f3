//! A run told event by event, for tests of the journal and of the reporters: the clock is the story's own.
#![allow(dead_code)] // each test file tells its own part of it

use jiff::{SignedDuration, Timestamp};
use ringwalk::input::options::{OptionKey, Setting};
use ringwalk::input::playbook::KeepAvailable;
use ringwalk::journal::event::{Event, Kept, Origin, Outcome, Progress, RunResult, StepEvent, Waiting};
use ringwalk::journal::state::RunState;
use ringwalk::plan::change::{CertificateSummary, Change, NodeChange, RestartReason};
use ringwalk::plan::conduct::Extent;
use ringwalk::plan::step::{
    Asks, Before, ClientsMust, ClientsWish, EditYaml, Gate, Hold, Pause, PushStore, Restart, Step, StoreName,
    Wire, YamlPath,
};
use ringwalk::plan::{PLAN_FORMAT, Phase, Plan, PlannedStep, StepId, Wave};
use ringwalk::report::Reporter;
use ringwalk::secret::SecretSource;

const YAML: &str = "/etc/cassandra/cassandra.yaml";
const KEYSTORE: &str = "/etc/cassandra/tls/keystore.p12";

/// A made-up SHA-256 that is the same for the same words.
pub fn hash(words: &str) -> String {
    let sum =
        words.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (0..8_u32).map(|part| format!("{:08x}", sum.wrapping_mul(2 * part + 1))).collect()
}

/// One phase, one node a wave, the first of them the canary: a keystore, an edit, a restart.
pub fn plan(nodes: usize) -> Plan {
    let names: Vec<String> = (1..=nodes).map(|n| format!("orders-{n}")).collect();
    let waves = names.iter().enumerate().map(|(index, node)| Wave {
        number: index,
        canary: index == 0,
        proof: format!(
            "with {node} away, every range of every keyspace keeps 2 of 3 replicas, and quorum needs 2"
        ),
        nodes: vec![node_change(node)],
    });
    Plan {
        format: PLAN_FORMAT,
        cluster: "orders".into(),
        playbook: "enable-client-tls".into(),
        at_once: 1,
        conduct: Default::default(),
        warnings: vec![],
        findings: Vec::new(),
        seen: vec![],
        phases: vec![Phase { name: "accept".into(), enter: None, unchanged: vec![], waves: waves.collect() }],
        steps: names.iter().enumerate().flat_map(|(index, node)| steps(index, node)).collect(),
    }
}

pub fn node_change(node: &str) -> NodeChange {
    let certificate = CertificateSummary {
        subject: format!("CN={node}"),
        sha256: hash(&format!("certificate of {node}")),
        not_after: "2027-11-24T00:00:00Z".into(),
        issuers: Default::default(),
    };
    let becomes = hash(&format!("keystore of {node}"));
    NodeChange {
        node: node.into(),
        changes: vec![
            Change::Store {
                store: StoreName::Keystore,
                path: KEYSTORE.into(),
                was: None,
                becomes,
                certificate: Some(certificate),
            },
            Change::Setting {
                path: YamlPath::ClientEncryption(OptionKey::Enabled),
                was: Some("false".into()),
                becomes: "true".into(),
            },
        ],
        restart: vec![RestartReason::SettingsChange],
        reload: vec![],
        ports: None,
        diff: "--- cassandra.yaml\n+++ cassandra.yaml\n@@ -2,4 +2,5 @@\n client_encryption_options:\n-  enabled: \
               false\n+  enabled: true\n   keystore: /etc/cassandra/tls/keystore.p12\n+  keystore_password: \
               [new secret]\n"
            .into(),
    }
}

fn steps(wave: usize, node: &str) -> Vec<PlannedStep> {
    let hold = |gates| Step::Hold(Hold { gates, looks: 3, deadline_s: 1800, at_least_s: 0 });
    let wire = Wire {
        port: 9042,
        plaintext: true,
        tls: true,
        certificate: Some(hash(&format!("certificate of {node}"))),
        issuers: Default::default(),
        client_certificate: false,
        protocols: Default::default(),
        suites: Default::default(),
    };
    let push = PushStore {
        store: StoreName::Keystore,
        path: KEYSTORE.into(),
        was: None,
        becomes: hash(&format!("keystore of {node}")),
        owner: "cassandra:cassandra".into(),
        mode: 0o400,
    };
    let path = YamlPath::ClientEncryption(OptionKey::KeystorePassword);
    let set = vec![(path, Setting::Secret(SecretSource::Env("KEYSTORE_PASSWORD".into())))];
    let edit = EditYaml { path: YAML.into(), was: hash("old yaml"), becomes: hash("new yaml"), set };
    let steps = [
        Step::PushStore(push),
        Step::EditYaml(edit),
        hold(vec![Gate::CanBeSpared { keep: KeepAvailable::Quorum }]),
        Step::Restart(Restart { clients_s: 10, drain_s: 60, stop_s: 60, start_s: 600, heal_s: None }),
        hold(vec![Gate::NodeIsUp, Gate::WireIsRight(wire)]),
        Step::Confirm,
    ];
    steps.map(|step| PlannedStep { phase: 0, wave, node: node.into(), step }).into()
}

/// The steps of a node by what they do; a node has six.
pub mod at {
    pub const PUSH: usize = 0;
    pub const EDIT: usize = 1;
    pub const SPARE: usize = 2;
    pub const RESTART: usize = 3;
    pub const HEALTHY: usize = 4;
    pub const CONFIRM: usize = 5;
    pub const ALL: usize = 6;
}

pub struct Story {
    pub now: Timestamp,
    pub state: RunState,
    pub events: Vec<Event>,
    states: Vec<RunState>,
    keep_states: bool,
}

impl Story {
    pub fn of(plan: Plan) -> Story {
        let now: Timestamp = "2026-11-24T07:12:33Z".parse().unwrap();
        let run = "orders-20261124-071233-0000".to_string();
        let (operator, origin) = ("ops@bastion".into(), Origin::default());
        let event = StepEvent::RunStarted { run, operator, origin, plan: Box::new(plan) };
        let state = RunState::begin(now, &event).unwrap();
        let events = vec![Event::Step { at: now, event }];
        Story { now, states: vec![state.clone()], state, events, keep_states: true }
    }

    /// For plans whose states are too large to keep one for each event.
    pub fn large(plan: Plan) -> Story {
        Story { keep_states: false, ..Story::of(plan) }
    }

    pub fn after(&mut self, seconds: i64) -> &mut Story {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    pub fn step(&mut self, event: StepEvent) -> &mut Story {
        self.state.apply(self.now, &event).unwrap();
        self.push(Event::Step { at: self.now, event })
    }

    pub fn progress(&mut self, progress: Progress) -> &mut Story {
        self.push(Event::Progress { at: self.now, progress })
    }

    fn push(&mut self, event: Event) -> &mut Story {
        self.events.push(event);
        if self.keep_states {
            self.states.push(self.state.clone());
        }
        self
    }

    pub fn start(&mut self, node: usize, what: usize) -> &mut Story {
        let kept = |path: &str, sha256| Kept {
            path: path.into(),
            backup: format!("/var/lib/ringwalk/runs/{}/{}", self.state.run, path.rsplit('/').next().unwrap()),
            sha256,
        };
        let kept = match what {
            at::PUSH => Some(kept(KEYSTORE, None)),
            at::EDIT => Some(kept(YAML, Some(hash("old yaml")))),
            _ => None,
        };
        self.step(StepEvent::StepStarted { step: id(node, what), kept })
    }

    pub fn done(&mut self, node: usize, what: usize) -> &mut Story {
        let seen = match what {
            at::HEALTHY => {
                let certificate = &hash(&format!("certificate of orders-{node}"))[..4];
                format!("serves {}:{}:…, plaintext accepted", &certificate[..2], &certificate[2..])
            }
            at::RESTART => format!("new process {}", 4000 + node),
            _ => String::new(),
        };
        self.step(StepEvent::StepFinished { step: id(node, what), outcome: Outcome::Done { seen } })
    }

    pub fn failed(&mut self, node: usize, what: usize, why: &str, help: &str, log: &[&str]) -> &mut Story {
        let log = log.iter().map(|line| line.to_string()).collect();
        let outcome = Outcome::Failed { why: why.into(), help: help.into(), log, unchanged: false };
        self.step(StepEvent::StepFinished { step: id(node, what), outcome })
    }

    pub fn stage(&mut self, node: usize, stage: &str) -> &mut Story {
        self.progress(Progress::JobStage { step: id(node, at::RESTART), stage: stage.into() })
    }

    pub fn looked(
        &mut self,
        node: usize,
        what: usize,
        passed_in_a_row: u32,
        why: &[(Gate, &str)],
    ) -> &mut Story {
        let waiting =
            why.iter().map(|(gate, why)| Waiting { gate: gate.clone(), why: why.to_string() }).collect();
        self.progress(Progress::Looked { step: id(node, what), passed_in_a_row, of: 3, waiting })
    }

    /// A node from its first step to its last: 23 seconds.
    pub fn whole(&mut self, node: usize) -> &mut Story {
        self.start(node, at::PUSH).after(1).done(node, at::PUSH);
        self.start(node, at::EDIT).after(1).done(node, at::EDIT);
        self.start(node, at::SPARE).looked(node, at::SPARE, 1, &[]).done(node, at::SPARE);
        self.start(node, at::RESTART).stage(node, "drain").after(5).stage(node, "start");
        self.after(10).done(node, at::RESTART);
        self.start(node, at::HEALTHY).looked(node, at::HEALTHY, 1, &[]).after(6).done(node, at::HEALTHY);
        self.start(node, at::CONFIRM).done(node, at::CONFIRM)
    }

    pub fn finish(&mut self, result: RunResult) -> &mut Story {
        self.step(StepEvent::RunFinished { result })
    }

    /// Tells the story as it was lived: each event with the state that it led to.
    pub fn tell(&self, reporter: &mut dyn Reporter) {
        for (event, state) in self.events.iter().zip(&self.states) {
            reporter.event(event, state);
        }
        reporter.finish(&self.state);
    }

    pub fn step_events(&self) -> Vec<(Timestamp, StepEvent)> {
        let step = |event: &Event| match event {
            Event::Step { at, event } => Some((*at, event.clone())),
            Event::Progress { .. } => None,
        };
        self.events.iter().filter_map(step).collect()
    }
}

/// The step that does `what` on a node, counted from 1.
pub fn id(node: usize, what: usize) -> StepId {
    (node - 1) * at::ALL + what
}

/// Six nodes: two done, the third waits for a neighbour, fails to start, and the run stops.
pub fn failing() -> Story {
    let mut story = failure();
    story.finish(RunResult::StoppedMidway);
    story
}

/// The same, and what failed is put back, or all of it is, by another run that ends so.
pub fn put_back(extent: Extent, ended: RunResult, finished: RunResult) -> Story {
    let mut story = failure();
    let nodes = match extent {
        Extent::Failed => vec!["orders-3".into()],
        Extent::Run | Extent::SincePause => (1..=3).map(|node| format!("orders-{node}")).collect(),
    };
    let run = Some("orders-20261124-071414-9c01".into());
    story.after(2).step(StepEvent::RollbackPlanned { extent, run, nodes }).after(40);
    story.step(StepEvent::RollbackEnded { result: ended }).finish(finished);
    story
}

fn failure() -> Story {
    let mut story = Story::of(plan(6));
    story.whole(1).after(1).whole(2).after(1);
    story.start(3, at::PUSH).after(1).done(3, at::PUSH).start(3, at::EDIT).after(1).done(3, at::EDIT);
    story.start(3, at::SPARE);
    let spare = || Gate::CanBeSpared { keep: KeepAvailable::Quorum };
    story.looked(3, at::SPARE, 0, &[(spare(), "orders-5 is down in the eyes of orders-1")]);
    story.after(10).looked(3, at::SPARE, 0, &[(spare(), "orders-5 is down in the eyes of orders-1")]);
    story.after(25).looked(3, at::SPARE, 0, &[(spare(), "orders-5 is down in the eyes of orders-1")]);
    story.after(5).looked(3, at::SPARE, 0, &[(spare(), "orders-5 has come up, but is in mode JOINING")]);
    story.after(5).looked(3, at::SPARE, 1, &[]).done(3, at::SPARE);
    story.start(3, at::RESTART).stage(3, "drain").after(4).stage(3, "start").after(8);
    let log = [
        "ERROR [main] 2026-11-24 07:14:12,345 CassandraDaemon.java:887 - Exception encountered during startup",
        "Caused by: java.io.IOException: keystore password was incorrect\u{1b}[31m",
    ];
    let help =
        "see what KEYSTORE_PASSWORD holds: the store opened here with it, so the node's copy may differ";
    story.failed(3, at::RESTART, "the new process ended with exit code 3 after 2 s", help, &log);
    story
}

/// Six nodes, interrupted while the second restarts; the restart ends, nothing else begins.
pub fn interrupted() -> Story {
    let mut story = Story::of(plan(6));
    story.whole(1).after(1);
    story.start(2, at::PUSH).after(1).done(2, at::PUSH).start(2, at::EDIT).after(1).done(2, at::EDIT);
    story.start(2, at::SPARE).done(2, at::SPARE).start(2, at::RESTART).stage(2, "drain").after(2);
    story.step(StepEvent::Interrupted).after(12).done(2, at::RESTART).finish(RunResult::Interrupted);
    story
}

/// Six nodes, all done.
pub fn happy() -> Story {
    let mut story = Story::of(plan(6));
    for node in 1..=6 {
        story.whole(node).after(1);
    }
    story.finish(RunResult::Done);
    story
}

/// Two nodes in `accept`; the run ends before `require`, because an application still speaks plaintext.
pub fn waiting() -> Story {
    let mut plan = plan(2);
    let wish = ClientsWish {
        must: vec![ClientsMust::NotSpeakPlaintext],
        for_s: 900,
        within_s: 86_400,
        vouched: false,
    };
    let pause = Pause {
        phase: "require".into(),
        before: Before::Phase,
        clients: Some(wish.clone()),
        asks: Asks::Nobody,
    };
    let enter = Some(pause.to_string());
    let (node, step) = (String::new(), Step::Pause(pause));
    plan.steps.push(PlannedStep { phase: 1, wave: 2, node, step });
    plan.steps.extend(steps(3, "orders-1").into_iter().map(|step| PlannedStep { phase: 1, ..step }));
    let wave =
        Wave { number: 3, canary: true, proof: "as before".into(), nodes: vec![node_change("orders-1")] };
    plan.phases.push(Phase { name: "require".into(), enter, unchanged: vec![], waves: vec![wave] });
    let mut story = Story::of(plan);
    story.whole(1).whole(2).after(1);
    let pause = 2 * at::ALL;
    story.step(StepEvent::StepStarted { step: pause, kept: None }).after(1);
    let why = "in plaintext: app with python 3.29 from 10.0.3.7 on orders-1, orders-2";
    let waits = vec![Waiting { gate: Gate::ClientsReady(wish), why: why.into() }];
    story.progress(Progress::Looked { step: pause, passed_in_a_row: 0, of: 1, waiting: waits }).after(60);
    let help =
        format!("`ringwalk clients` lists them all; `ringwalk resume {}` looks again", story.state.run);
    let outcome = Outcome::NotYet { why: why.into(), help };
    story.step(StepEvent::StepFinished { step: pause, outcome }).finish(RunResult::Waiting);
    story
}
