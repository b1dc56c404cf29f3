//! The loop without hosts: what it records, what it performs, in which order, and how it ends.

#[path = "engine/kill.rs"]
mod kill;
#[path = "engine/on_failure.rs"]
mod on_failure;
#[path = "engine/random.rs"]
mod random;
#[path = "engine/script.rs"]
mod script;
#[path = "engine/window.rs"]
mod window;

use jiff::Timestamp;
use ringwalk::engine::EngineError;
use ringwalk::journal::event::{RunResult, StepEvent};
use ringwalk::journal::file::JournalError;
use ringwalk::journal::state::Status;
use ringwalk::plan::{Plan, StepId};
use script::{Happened, Run, Script, plan, resume, run};

/// Two nodes, each in a wave of its own: steps 0 to 3, and 4 to 7.
fn two_nodes() -> Plan {
    plan(&[&[("n1", "phRc")], &[("n2", "phRc")]], 1)
}

/// Two nodes in one wave, then a third.
fn two_at_once() -> Plan {
    plan(&[&[("n1", "hRc"), ("n2", "hRc"), ("n3", "hRc")], &[("n4", "hRc")]], 2)
}

fn begun(run: &Run) -> Vec<StepId> {
    let begun = |happened: &Happened| match happened {
        Happened::Begun(step) => Some(*step),
        Happened::Recorded(_) | Happened::Ended(_) => None,
    };
    run.log.iter().filter_map(begun).collect()
}

fn result(run: &Run) -> RunResult {
    *run.ended.as_ref().expect("it ends by itself")
}

#[test]
fn a_step_is_recorded_performed_and_recorded() {
    let done = run(two_nodes(), &Script::default());
    assert_eq!(result(&done), RunResult::Done);
    assert_eq!(begun(&done), [0, 1, 2, 3, 4, 5, 6, 7]);
    for (step, happened) in done.log.chunks(4).take(8).enumerate() {
        let [Happened::Recorded(started), begun, ended, Happened::Recorded(finished)] = happened else {
            panic!("{happened:?}")
        };
        assert!(matches!(started, StepEvent::StepStarted { step: it, .. } if *it == step), "{started:?}");
        assert_eq!((begun, ended), (&Happened::Begun(step), &Happened::Ended(step)));
        assert!(matches!(finished, StepEvent::StepFinished { step: it, .. } if *it == step), "{finished:?}");
    }
    assert_eq!(
        done.log.last(),
        Some(&Happened::Recorded(StepEvent::RunFinished { result: RunResult::Done }))
    );
    assert_eq!(done.state.touched.len(), 2, "what each push replaced is on record");
}

#[test]
fn an_empty_plan_is_done() {
    let done = run(plan(&[], 1), &Script::default());
    assert_eq!((result(&done), done.log.len()), (RunResult::Done, 1));
}

#[test]
fn a_failure_stops_before_the_next_node_and_says_how_the_cluster_was_left() {
    use RunResult::{StoppedMidway, StoppedUnchanged};
    let waits_first = || plan(&[&[("n1", "hRc")], &[("n2", "hRc")]], 1);
    for (plan, fails, expected, performed) in [
        (two_nodes(), 0, StoppedMidway, vec![0]),
        (two_nodes(), 2, StoppedMidway, vec![0, 1, 2]),
        (two_nodes(), 3, StoppedMidway, vec![0, 1, 2, 3]),
        (two_nodes(), 5, StoppedMidway, vec![0, 1, 2, 3, 4, 5]),
        (waits_first(), 0, StoppedUnchanged, vec![0]),
        (waits_first(), 1, StoppedMidway, vec![0, 1]),
        (waits_first(), 3, StoppedMidway, vec![0, 1, 2, 3]),
    ] {
        let stopped = run(plan, &Script { fails: vec![fails], ..Script::default() });
        assert_eq!((result(&stopped), begun(&stopped)), (expected, performed), "step {fails} fails");
        assert!(matches!(stopped.state.status[fails], Status::Failed { .. }));
    }
}

#[test]
fn a_step_that_was_refused_whole_has_changed_nothing() {
    for (fails, refused_whole, expected) in [
        (0, vec![0], RunResult::StoppedUnchanged),
        (0, vec![], RunResult::StoppedMidway),
        // What went before it did change the node.
        (1, vec![1], RunResult::StoppedMidway),
    ] {
        let script = Script { fails: vec![fails], refused_whole, ..Script::default() };
        assert_eq!(result(&run(two_nodes(), &script)), expected, "step {fails}");
    }
}

#[test]
fn nodes_of_a_wave_are_in_work_together_and_no_more_than_asked() {
    // n1: steps 0 to 2, n2: 3 to 5, n3: 6 to 8, n4 in the next wave: 9 to 11.
    let done = run(two_at_once(), &Script::default());
    assert_eq!(result(&done), RunResult::Done);
    let order = begun(&done);
    assert_eq!(
        order[..6].iter().collect::<std::collections::BTreeSet<_>>(),
        [0, 1, 2, 3, 4, 5].iter().collect()
    );
    assert_eq!(order[..2], [0, 3], "two begin together");
    assert_eq!(order[6..], [6, 7, 8, 9, 10, 11], "the third when one is done, the next wave after the last");
}

#[test]
fn a_failure_lets_the_other_node_of_the_wave_come_to_its_end() {
    let script = Script { fails: vec![1], takes_s: [(3, 5)].into(), ..Script::default() };
    let stopped = run(two_at_once(), &script);
    assert_eq!(result(&stopped), RunResult::StoppedMidway);
    assert_eq!(begun(&stopped), [0, 3, 1, 4, 5], "n2 is brought to its end, n3 is not begun");
    assert!(stopped.state.node_is_done("n2"));
}

/// A node, a pause, and a node: the pause is step 4.
fn with_a_pause() -> Plan {
    plan(&[&[("n1", "phRc")], &[("", "?")], &[("n2", "phRc")]], 1)
}

#[test]
fn a_run_ends_at_a_pause_and_is_resumed_there() {
    let waits = run(with_a_pause(), &Script { not_yet: vec![4], ..Script::default() });
    assert_eq!((result(&waits), begun(&waits)), (RunResult::Waiting, vec![0, 1, 2, 3, 4]));
    assert_eq!(waits.state.not_yet.as_ref().map(|not_yet| not_yet.step), Some(4));
    let mut journal = waits.journal;
    journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "ops".into() }));
    let again = resume(journal.clone(), &Script { not_yet: vec![4], ..Script::default() });
    assert_eq!((result(&again), begun(&again)), (RunResult::Waiting, vec![4]), "it is looked at again");
    let done = resume(journal, &Script::default());
    assert_eq!((result(&done), begun(&done)), (RunResult::Done, vec![4, 5, 6, 7, 8]));
    assert_eq!(done.state.not_yet, None);
}

/// A node, a pause that waits for clients, and two nodes: steps 0 to 3, 4, 5 to 8 and 9 to 12.
fn waiting_for_clients() -> Plan {
    plan(&[&[("n1", "phRc")], &[("", "w")], &[("n2", "phRc")], &[("n3", "phRc")]], 1)
}

fn taken_up(mut journal: Vec<(Timestamp, StepEvent)>) -> Run {
    journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "ops".into() }));
    resume(journal, &Script::default())
}

#[test]
fn who_resumes_in_the_middle_of_a_phase_looks_at_its_clients_again_before_the_next_node_is_begun() {
    let whole = run(waiting_for_clients(), &Script::default());
    let cut_in = |wanted: StepId| {
        let is_it = |(_, event): &(Timestamp, StepEvent)| matches!(event, StepEvent::StepStarted { step, .. } if *step == wanted);
        whole.journal[..=whole.journal.iter().position(is_it).unwrap()].to_vec()
    };
    let failing = run(waiting_for_clients(), &Script { fails: vec![7], ..Script::default() });
    let interrupted = run(waiting_for_clients(), &Script { interrupts_s: vec![7], ..Script::default() });
    for (name, journal, expected) in [
        ("interrupted between two nodes", interrupted.journal, vec![4, 9, 10, 11, 12]),
        ("killed in a node", cut_in(6), vec![6, 7, 8, 4, 9, 10, 11, 12]),
        ("a node failed and is mended", failing.journal, vec![5, 6, 7, 8, 4, 9, 10, 11, 12]),
        ("the last node is begun", cut_in(10), vec![10, 11, 12]),
        ("before its phase", cut_in(2), vec![2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ] {
        let done = taken_up(journal);
        assert_eq!((result(&done), begun(&done)), (RunResult::Done, expected), "{name}");
    }
    let asking = run(
        plan(&[&[("", "?")], &[("n1", "phRc")], &[("n2", "phRc")]], 1),
        &Script { interrupts_s: vec![3], ..Script::default() },
    );
    assert_eq!(begun(&taken_up(asking.journal)), [5, 6, 7, 8], "a yes is given once");
}

#[test]
fn who_interrupts_a_pause_does_not_wait_for_it() {
    let script = Script { takes_s: [(4, 100_000)].into(), interrupts_s: vec![60], ..Script::default() };
    let interrupted = run(with_a_pause(), &script);
    assert_eq!((result(&interrupted), begun(&interrupted)), (RunResult::Interrupted, vec![0, 1, 2, 3, 4]));
}

#[test]
fn the_first_interrupt_finishes_the_node_in_work_and_begins_no_other() {
    for (plan, at_s, expected, performed) in [
        (two_nodes(), 1, RunResult::Interrupted, vec![0, 1, 2, 3]),
        (two_nodes(), 4, RunResult::Interrupted, vec![0, 1, 2, 3]),
        (two_nodes(), 6, RunResult::Done, vec![0, 1, 2, 3, 4, 5, 6, 7]),
        (two_at_once(), 2, RunResult::Interrupted, vec![0, 3, 1, 4, 2, 5]),
    ] {
        let script = Script { interrupts_s: vec![at_s], ..Script::default() };
        let interrupted = run(plan, &script);
        assert_eq!((result(&interrupted), begun(&interrupted)), (expected, performed), "after {at_s} s");
        assert!(interrupted.state.winding_down);
    }
    let script = Script { interrupts_s: vec![2], fails: vec![2], ..Script::default() };
    assert_eq!(
        result(&run(two_nodes(), &script)),
        RunResult::StoppedMidway,
        "a failure after it is told as one"
    );
}

#[test]
fn the_second_interrupt_leaves_at_once() {
    let script = Script { interrupts_s: vec![2, 4], takes_s: [(2, 1000)].into(), ..Script::default() };
    let left = run(two_nodes(), &script);
    assert!(matches!(left.ended, Err(EngineError::Left)), "{:?}", left.ended);
    assert_eq!(left.state.finished, None, "the run can be resumed");
    assert_eq!(left.state.running().collect::<Vec<_>>(), [2]);
}

#[test]
fn nothing_is_performed_whose_intent_is_not_on_disk() {
    let records = run(two_at_once(), &Script::default()).journal.len() - 1;
    for room in 0..records {
        let stopped = run(two_at_once(), &Script { disk_full_at: Some(room), ..Script::default() });
        assert!(
            matches!(stopped.ended, Err(EngineError::Journal(JournalError::Full { .. }))),
            "{:?}",
            stopped.ended
        );
        assert_eq!(stopped.journal.len(), room + 1);
        for step in begun(&stopped) {
            assert!(
                !matches!(stopped.state.status[step], Status::Waiting),
                "step {step} with room for {room}"
            );
        }
    }
}

#[test]
fn a_run_killed_at_any_record_goes_on_where_it_was() {
    for plan in [two_nodes(), two_at_once()] {
        let whole = run(plan, &Script::default());
        for records in 1..whole.journal.len() {
            let killed = whole.journal[..records].to_vec();
            let open: Vec<StepId> = script::fold(&killed).running().collect();
            let resumed = resume(killed, &Script::default());
            assert_eq!(result(&resumed), RunResult::Done, "after {records} records");
            assert!(begun(&resumed).starts_with(&open), "what was begun is carried out again, first");
            assert_eq!(resumed.state.touched, whole.state.touched, "the first backup is the one that counts");
        }
    }
}

#[test]
fn a_run_that_was_interrupted_and_killed_begins_no_other_node() {
    let script = Script { interrupts_s: vec![2], ..Script::default() };
    let whole = run(two_nodes(), &script);
    let interrupt = whole.journal.iter().position(|(_, event)| *event == StepEvent::Interrupted).unwrap();
    for records in interrupt + 1..whole.journal.len() {
        let resumed = resume(whole.journal[..records].to_vec(), &Script::default());
        assert_eq!(result(&resumed), RunResult::Interrupted);
        assert!(begun(&resumed).iter().all(|step| *step < 4), "n2 is not begun");
    }
}

#[test]
fn a_run_that_is_over_is_not_run_again() {
    let whole = run(two_nodes(), &Script::default());
    let again = resume(whole.journal.clone(), &Script::default());
    assert_eq!((result(&again), again.log), (RunResult::Done, vec![]));
}
