//! Plans and runs as a reader sees them: whole screens in `tests/report/`; `UPDATE=1` rewrites them.

mod story;

use indicatif::{InMemoryTerm, ProgressDrawTarget};
use ringwalk::journal::event::{Event, RunResult};
use ringwalk::plan::Plan;
use ringwalk::plan::change::{Change, RestartReason};
use ringwalk::plan::conduct::Extent;
use ringwalk::report::plain::Plain;
use ringwalk::report::plan::Detail;
use ringwalk::report::terminal::Terminal;
use ringwalk::report::{Reporter, Screen, json, plan, replay};
use std::path::Path;
use std::sync::{Arc, Mutex};
use story::{Story, at};

const SCREEN: Screen = Screen { width: 80, color: false };

/// What a reporter wrote, kept for the test.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn expect(file: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, got).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(got, expected, "{file} differs; UPDATE=1 rewrites it");
}

fn plain(story: &Story) -> String {
    let written = Written::default();
    story.tell(&mut Plain::new(written.clone(), SCREEN));
    written.text()
}

#[test]
fn plans_are_told_whole() {
    let mut mixed = story::plan(6);
    mixed.warnings.push("CQL needs a login and the inventory has none: one node at a time".into());
    mixed.phases[0].unchanged.push("orders-7".into());
    let fourth = &mut mixed.phases[0].waves[3].nodes[0];
    fourth.changes.truncate(1);
    fourth.diff.clear();
    fourth.restart = vec![RestartReason::NotRunning];
    mixed.phases[0].waves[4].nodes[0]
        .restart
        .push(RestartReason::Owed { run: "orders-20261123-1-0000".into() });
    let nothing = Plan { phases: vec![], steps: vec![], ..story::plan(1) };
    let cases =
        [("six", story::plan(6)), ("mixed", mixed), ("nothing", nothing), ("thousand", story::plan(1000))];
    for (name, case) in cases {
        expect(&format!("tests/report/plan-{name}.txt"), &plan::text(&case, SCREEN.width, false));
    }
    let full = plan::text_in(&story::plan(3), SCREEN, Detail::Full);
    expect("tests/report/plan-full.txt", &full);
}

#[test]
fn a_plan_of_a_thousand_nodes_is_one_screen_long() {
    let text = plan::text(&story::plan(1000), 80, false);
    assert!(text.lines().count() <= 40, "{} lines", text.lines().count());
}

#[test]
fn a_saved_plan_is_the_plan() {
    let six = story::plan(6);
    assert_eq!(serde_json::from_str::<Plan>(&json::plan(&six).unwrap()).unwrap(), six);
}

#[test]
fn runs_are_told_in_plain_lines_and_end_with_the_state_of_the_cluster() {
    let mut killed = Story::of(story::plan(6));
    killed.whole(1).start(2, at::PUSH);
    let mut unchanged = Story::of(story::plan(6));
    unchanged.start(1, at::SPARE).after(1800);
    unchanged
        .failed(1, at::SPARE, "orders-5 is down", "start orders-5", &[])
        .finish(RunResult::StoppedUnchanged);
    let cases = [
        ("happy", story::happy()),
        ("failing", story::failing()),
        ("interrupted", story::interrupted()),
        ("killed", killed),
        ("unchanged", unchanged),
        ("waiting", story::waiting()),
        ("node-put-back", story::put_back(Extent::Failed, RunResult::Done, RunResult::StoppedMidway)),
        ("put-back", story::put_back(Extent::Run, RunResult::Done, RunResult::Restored)),
        ("not-put-back", story::put_back(Extent::Run, RunResult::StoppedMidway, RunResult::StoppedMidway)),
    ];
    for (name, story) in cases {
        expect(&format!("tests/report/run-{name}.txt"), &plain(&story));
    }
}

#[test]
fn a_node_between_two_phases_is_neither_done_nor_untouched() {
    let mut plan = story::plan(6);
    let mut second = plan.phases[0].clone();
    second.name = "require".into();
    second.waves.iter_mut().for_each(|wave| wave.number += 6);
    plan.phases.push(second);
    let again = plan.steps.clone().into_iter().map(|mut step| {
        (step.phase, step.wave) = (1, step.wave + 6);
        step
    });
    plan.steps.extend(again);
    let mut story = Story::of(plan);
    // Ids go on: the seventh node is the first one in its second phase.
    for node in 1..=7 {
        story.whole(node);
    }
    story.start(8, at::PUSH).after(2);
    expect("tests/report/run-two-phases.txt", &plain(&story));
}

#[test]
fn colour_changes_no_word() {
    let story = story::failing();
    let written = Written::default();
    story.tell(&mut Plain::new(written.clone(), Screen { width: 80, color: true }));
    let colored = written.text();
    assert_ne!(colored, plain(&story));
    assert_eq!(console::strip_ansi_codes(&colored), plain(&story));
    let plan = story::plan(6);
    assert_eq!(console::strip_ansi_codes(&plan::text(&plan, 80, true)), plan::text(&plan, 80, false));
}

#[test]
fn a_journal_is_replayed_through_the_same_reporter() {
    let story = story::failing();
    let written = Written::default();
    let state = replay(&story.step_events(), &mut Plain::new(written.clone(), SCREEN)).unwrap();
    assert_eq!(state, Some(story.state.clone()));
    expect("tests/report/replay-failing.txt", &written.text());
}

#[test]
fn a_resumed_run_is_told_from_where_it_stands() {
    let mut story = Story::of(story::plan(6));
    story.whole(1);
    let known = story.events.len();
    story.after(600).whole(2);
    let written = Written::default();
    let mut reporter = Plain::new(written.clone(), SCREEN);
    for event in &story.events[known..] {
        reporter.event(event, &story.state);
    }
    let first = written.text().lines().next().unwrap().to_string();
    assert!(first.contains("goes on: enable-client-tls on orders, 6 nodes"), "{first}");
}

#[test]
fn json_is_one_event_a_line_and_nothing_else() {
    let story = story::interrupted();
    let written = Written::default();
    story.tell(&mut json::Json::new(written.clone()));
    let events: Vec<Event> = written.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events, story.events);
}

#[test]
fn a_reader_that_has_gone_stops_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let story = story::happy();
    story.tell(&mut json::Json::new(writer.try_clone().unwrap()));
    story.tell(&mut Plain::new(writer, SCREEN));
}

#[test]
fn what_a_node_says_cannot_move_the_cursor() {
    assert!(!plain(&story::failing()).contains('\u{1b}'));
}

#[test]
fn nodes_that_change_alike_are_told_once_even_with_a_common_store() {
    let mut common = story::plan(3);
    for wave in &mut common.phases[0].waves {
        for change in &mut wave.nodes[0].changes {
            if let Change::Store { becomes, certificate, .. } = change {
                *becomes = story::hash("a truststore");
                *certificate = None;
            }
        }
    }
    let text = plan::text(&common, 80, false);
    assert!(text.contains("\n  same as orders-1: orders-2, orders-3\n"), "{text}");
}

/// How long each row has stood there is real time, which no two tests share.
fn without_times(screen: &str) -> String {
    let row = |line: &str| match (line.starts_with("  orders-"), line.rsplit_once(' ')) {
        (true, Some((row, _))) => row.trim_end().to_string() + "\n",
        (false, Some((bar, time))) if time.len() == 8 && time.contains(':') => format!("{bar}\n"),
        _ => format!("{line}\n"),
    };
    screen.lines().map(row).collect()
}

fn terminal(term: &InMemoryTerm, rows: u16) -> Terminal {
    let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
    Terminal::new(target, Box::new(move || rows), SCREEN)
}

#[test]
fn a_thousand_nodes_at_work_fit_24_rows_of_80() {
    let term = InMemoryTerm::new(24, 80);
    let mut reporter = terminal(&term, 24);
    let mut story = Story::large(story::plan(1000));
    let mut told = 0;
    let mut tell = |story: &Story, reporter: &mut Terminal| {
        for event in &story.events[told..] {
            reporter.event(event, &story.state);
        }
        told = story.events.len();
    };
    for node in 1..=1000 {
        story.start(node, at::PUSH);
        tell(&story, &mut reporter);
    }
    let long = "a very long reason that no line of eighty characters could ever hold, not even a wide one";
    story.looked(1, at::SPARE, 0, &[(ringwalk::plan::step::Gate::SchemaAgrees, long)]);
    tell(&story, &mut reporter);
    let screen = term.contents();
    assert!(screen.lines().count() <= 24, "{screen}");
    assert_eq!(screen.lines().filter(|line| line.starts_with("  orders-")).count(), 19, "{screen}");
    assert!(screen.contains("and 981 more nodes at work"), "{screen}");
    assert!(screen.contains("0/1000"), "{screen}");
    expect("tests/report/terminal-thousand.txt", &without_times(&screen));
}

#[test]
fn a_node_that_ends_leaves_its_row_to_the_next_and_a_line_above() {
    let term = InMemoryTerm::new(10, 80);
    let mut reporter = terminal(&term, 10);
    let mut story = Story::of(story::plan(8));
    for node in 1..=8 {
        story.start(node, at::PUSH);
    }
    story.after(3).failed(2, at::PUSH, "no space left in /etc/cassandra", "", &[]);
    for event in &story.events {
        reporter.event(event, &story.state);
    }
    let screen = term.contents();
    assert!(screen.lines().count() <= 10, "{screen}");
    expect("tests/report/terminal-failed.txt", &without_times(&screen));
}

#[test]
fn the_terminal_ends_with_the_summary_and_no_bars() {
    let term = InMemoryTerm::new(40, 80);
    let story = story::failing();
    story.tell(&mut terminal(&term, 40));
    let screen = term.contents();
    assert!(!screen.contains("2/6"), "{screen}");
    expect("tests/report/terminal-failing.txt", &(screen + "\n"));
}

#[test]
fn the_schema_of_events_is_written_down() {
    let schema = serde_json::to_string_pretty(&json::schema()).unwrap();
    expect("docs/events.schema.json", &(schema + "\n"));
}

#[test]
fn every_example_in_the_docs_is_an_event_and_every_event_has_one() {
    let docs = include_str!("../docs/events.md");
    let mut kinds = std::collections::BTreeSet::new();
    for line in docs.lines().filter(|line| line.starts_with('{')) {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let value = serde_json::to_value(event).unwrap();
        let inner = value.get("event").or(value.get("progress")).unwrap();
        kinds.insert(inner.get("event").or(inner.get("progress")).unwrap().as_str().unwrap().to_string());
    }
    let all = [
        "asks",
        "closed",
        "interrupted",
        "job_stage",
        "looked",
        "resumed",
        "rollback_ended",
        "rollback_planned",
        "rollback_refused",
        "run_finished",
        "run_started",
        "step_finished",
        "step_started",
        "window_closed",
        "window_opened",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
}
