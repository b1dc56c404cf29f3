//! Plans that are played on a simulated copy of their cluster: what is found there, and that the copy is one.

#[path = "plan/case.rs"]
#[expect(dead_code, reason = "cases have more to ask than a rehearsal does")]
mod case;
#[path = "support/debian.rs"]
mod debian;
#[path = "rehearse/desk.rs"]
mod desk;

use desk::desk;
use ringwalk::diagnostic::render;
use ringwalk::facts::version::Flavour;
use ringwalk::journal::event::{Outcome, RunResult, StepEvent};
use ringwalk::rehearsal::{Desk, Wish, known, rehearse};
use ringwalk::report::Screen;
use ringwalk::report::rehearsal::{self, Act, Came, Command, Played, Rehearsal, Why};
use std::path::Path;

fn played(desk: &Desk, seeds: u64) -> Rehearsal {
    let wish = Wish { seeds: (1..=seeds).collect(), restart_s: 40, known_from: 0 };
    rehearse(desk, &wish).unwrap_or_else(|problems| panic!("{}", render(&problems)))
}

fn shown(rehearsal: &Rehearsal) -> String {
    rehearsal::text(rehearsal, Screen { width: 100, color: false })
}

#[test]
fn a_plan_comes_to_its_end_on_a_copy_and_takes_as_long_as_its_restarts() {
    for (case, restarts) in [
        ("enable-mixed-versions", 3),
        ("enable-on-stock-3.11", 1),
        ("second-port-5.0", 1),
        ("rotate-in-place", 0),
        ("rotate-on-3.11", 3),
        ("node-that-does-not-run-is-first", 3),
        ("internode-on-stock-5.0", 9),
        ("internode-on-3.11.9", 3),
    ] {
        let desk = desk(case);
        let rehearsal = played(&desk, 0);
        assert!(rehearsal.is_well(), "{case}: {}", shown(&rehearsal));
        let steps =
            rehearsal.events.iter().filter(|told| matches!(told.event, StepEvent::StepStarted { .. }));
        assert_eq!(steps.count(), desk.plan.steps.len(), "{case}: every step is played once");
        let last = rehearsal.events.last().map(|told| told.event.clone());
        assert_eq!(last, Some(StepEvent::RunFinished { result: RunResult::Done }), "{case}");
        assert!(rehearsal.took_s >= restarts * 40, "{case}: {} s", rehearsal.took_s);
        assert!(rehearsal.ranges > 0, "{case}");
    }
}

#[test]
fn every_node_comes_to_demand_certificates_and_takes_those_of_its_ca() {
    let rehearsal = played(&desk("staged-fresh"), 0);
    assert!(rehearsal.is_well(), "{}", shown(&rehearsal));
}

#[test]
fn clients_and_yeses_are_taken_for_granted_and_that_is_said() {
    let rehearsal = played(&desk("staged-pauses"), 0);
    assert!(rehearsal.is_well(), "{}", shown(&rehearsal));
    assert!(!rehearsal.as_if.is_empty());
    assert!(
        rehearsal.as_if.iter().any(|words| words.contains("clients are ready for phase")),
        "{:?}",
        rehearsal.as_if
    );
}

#[test]
fn under_faults_nothing_breaks_and_each_seed_is_played_the_same_again() {
    let desk = desk("enable-mixed-versions");
    let [one, other] = [(); 2].map(|()| played(&desk, 5));
    assert!(one.is_well(), "{}", shown(&one));
    assert!(one.seeds.iter().any(|played| played.acts.len() > 1), "some fault stops a run: {}", shown(&one));
    assert!(one.seeds.iter().any(|played| !played.faults.is_empty()));
    let seeds = |rehearsal: &Rehearsal| serde_json::to_string(&rehearsal.seeds).unwrap();
    assert_eq!(seeds(&one), seeds(&other));
}

#[test]
fn a_store_that_does_not_open_is_found_before_any_node_is_touched() {
    let mut desk = desk("enable-mixed-versions");
    for local in desk.material.stores.values_mut() {
        local.bytes = b"no store".to_vec().into();
        local.sha256 = ringwalk::plan::change::sha256_hex(&local.bytes);
    }
    desk.plan = ringwalk::plan::plan(&desk.input, &desk.material, &desk.facts).unwrap();
    let rehearsal = played(&desk, 0);
    assert!(!rehearsal.is_well());
    let act = &rehearsal.calm.acts[0];
    assert_eq!(act.came, Came::StoppedMidway);
    assert_eq!((act.why[0].node.as_str(), act.why[0].step.as_str()), ("n1", "restart Cassandra"));
    assert!(act.next.contains("ringwalk rollback RUN"), "{}", act.next);
    let failed = rehearsal
        .events
        .iter()
        .any(|told| matches!(&told.event, StepEvent::StepFinished { outcome: Outcome::Failed { .. }, .. }));
    assert!(failed);
}

#[test]
fn a_start_takes_as_long_as_it_took_in_the_runs_before() {
    let rehearsal = played(&desk("enable-mixed-versions"), 0);
    let events = rehearsal.events.iter().map(|told| {
        let at = jiff::Timestamp::from_second(told.after_s as i64).unwrap();
        (at, told.event.clone())
    });
    let run = ringwalk::sim::fold(&events.collect::<Vec<_>>()).unwrap().unwrap();
    let (start_s, restarts) = known::start_s([&run]).unwrap();
    assert_eq!(restarts, 3);
    assert!((38..=43).contains(&start_s), "what was played with 40 s is read as {start_s} s");
    assert_eq!(known::start_s([]), None);
    let known = Rehearsal { restart_s: start_s, known_from: restarts, ..rehearsal };
    let words: Vec<String> = shown(&known).split_whitespace().map(Into::into).collect();
    assert!(words.join(" ").contains("(the median of 3 restarts in earlier runs from here)"), "{words:?}");
}

#[test]
fn no_secret_is_in_what_a_rehearsal_tells() {
    let rehearsal = played(&desk("enable-mixed-versions"), 2);
    let told = rehearsal::json(&rehearsal).unwrap() + &shown(&rehearsal);
    assert!(!told.contains(case::SECRET));
}

#[test]
fn what_cannot_be_simulated_is_refused_in_words() {
    let refused =
        |desk: &Desk| match rehearse(desk, &Wish { seeds: Vec::new(), restart_s: 30, known_from: 0 }) {
            Ok(rehearsal) => panic!("{}", shown(&rehearsal)),
            Err(problems) => render(&problems),
        };
    let mut dse = desk("enable-mixed-versions");
    dse.facts.nodes[1].flavour = Flavour::Dse;
    assert!(refused(&dse).contains("`n2` cannot be simulated: it runs DSE"), "{}", refused(&dse));
    let mut without_a_store = desk("rotate-in-place");
    without_a_store.stores.clear();
    assert!(refused(&without_a_store).contains("was not read"));
    let mut another = desk("enable-mixed-versions");
    another.plan.steps.pop();
    assert!(refused(&another).contains("the cluster cannot be simulated as it is"), "{}", refused(&another));
    let mut without_cql = desk("enable-mixed-versions");
    without_cql.facts.ring.source = ringwalk::facts::ring::RingSource::NodetoolOnly;
    assert!(refused(&without_cql).contains("the ring was read without CQL"));
}

#[test]
fn the_report_tells_what_was_assumed_what_failed_and_how_to_go_on() {
    let act = |command, came, after_s, took_s, why: &str, next: &str| Act {
        command,
        came,
        after_s,
        took_s,
        why: match why {
            "" => Vec::new(),
            why => vec![Why { node: "n2".into(), step: "restart Cassandra".into(), why: why.into() }],
        },
        next: next.into(),
    };
    let done = |after_s| act(Command::Apply, Came::Done, after_s, 200, "", "");
    let played = |seed, faults: &[(&str, u64)], acts: Vec<Act>| Played {
        seed,
        faults: faults.iter().map(|(kind, times)| ((*kind).to_owned(), *times)).collect(),
        took_s: acts.last().map_or(0, |act| act.after_s + act.took_s),
        acts,
        broken: Vec::new(),
    };
    let stopped = act(
        Command::Apply,
        Came::StoppedMidway,
        0,
        90,
        "the node is gone",
        "mend the cause; then `ringwalk resume RUN`",
    );
    let resumed = Act { command: Command::Resume, ..done(210) };
    let rehearsal = Rehearsal {
        cluster: "orders".into(),
        playbook: "enable".into(),
        nodes: 3,
        restart_s: 30,
        known_from: 0,
        as_if: vec!["somebody says yes to phase require at once".into()],
        ranges: 48,
        took_s: 200,
        calm: played(None, &[], vec![done(0)]),
        events: Vec::new(),
        seeds: vec![
            played(Some(1), &[("SSH refused", 3)], vec![done(0)]),
            played(Some(2), &[("JVM dies", 1), ("command slow", 4)], vec![stopped, resumed]),
        ],
    };
    assert_eq!(shown(&rehearsal), REPORT);
}

/// What docs/rehearse.md shows, too.
const REPORT: &str = "
rehearsal: enable on a simulated copy of orders
  assumed: a Cassandra that is started serves 30 s later, under faults up to twice as late
           (--restart-seconds)
  as if:   somebody says yes to phase require at once
without faults: done in 3 min 20 s, 3 nodes
with faults:    2 rehearsals: 1 came to the end at once, 1 stopped safely and went on later
  seed 2   JVM dies (1), command slow (4)
           apply   stopped midway after 1 min 30 s: n2: restart Cassandra: the node is gone
           resume  done after 6 min 50 s
how to go on:
  stopped midway: mend the cause; then `ringwalk resume RUN`
available:      48 ranges were watched at every stop of a node: none lacked its quorum because of
                the run
on the nodes nothing was touched: no file, no lock, no journal
";

#[test]
fn the_document_shows_what_the_command_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rehearse.md");
    assert!(std::fs::read_to_string(path).unwrap().contains(REPORT.trim()));
}

#[test]
fn the_schema_of_the_answer_is_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rehearse.schema.json");
    let schema = serde_json::to_string_pretty(&rehearsal::schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), schema, "UPDATE=1 writes it anew");
}
