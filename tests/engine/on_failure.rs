//! What the playbook wishes after a failure: when it is taken back, how much of it, and how the run ends then.

use super::script::{Run, Script, fold, plan, resume, run};
use super::{result, two_nodes, with_a_pause};
use jiff::Timestamp;
use ringwalk::input::playbook::OnFailure;
use ringwalk::journal::event::{RunResult, StepEvent};
use ringwalk::plan::Plan;
use ringwalk::plan::conduct::{Conduct, Extent};
use ringwalk::plan::stand::Progress;

fn wishing(on_failure: OnFailure, plan: Plan) -> Plan {
    Plan { conduct: Conduct { on_failure, window: None }, ..plan }
}

/// What is recorded of a rollback that ends so; the loop is asked for its extent.
fn ends(result: RunResult) -> Vec<StepEvent> {
    let (run, nodes) = (Some("back".into()), vec!["n1".into()]);
    vec![StepEvent::RollbackPlanned { extent: Extent::Run, run, nodes }, StepEvent::RollbackEnded { result }]
}

fn refused() -> Vec<StepEvent> {
    vec![StepEvent::RollbackRefused { why: "n3 is down".into() }]
}

fn asked_for(run: &Run) -> Option<Extent> {
    run.journal.iter().find_map(|(_, event)| match event {
        StepEvent::RollbackPlanned { extent, .. } => Some(*extent),
        _ => None,
    })
}

#[test]
fn so_much_is_taken_back_as_the_playbook_wishes_and_as_there_is() {
    use OnFailure::{RestoreNode, RestoreRun, Stop};
    use RunResult::{Restored, StoppedMidway, StoppedUnchanged};
    // Steps 0 to 3 are of n1, 4 to 7 of n2: push, hold, restart, confirm.
    for (wish, fails, refused_whole, expected, extent) in [
        (Stop, 2, false, StoppedMidway, None),
        (RestoreNode, 2, false, Restored, Some(Extent::Failed)),
        (RestoreNode, 6, false, StoppedMidway, Some(Extent::Failed)),
        (RestoreRun, 6, false, Restored, Some(Extent::Run)),
        // The node that failed is as it was: there is nothing of it to be put back.
        (RestoreNode, 0, true, StoppedUnchanged, None),
        (RestoreNode, 4, true, StoppedMidway, None),
        (RestoreRun, 4, true, Restored, Some(Extent::Run)),
    ] {
        let refused_whole = if refused_whole { vec![fails] } else { vec![] };
        let rollback = ends(RunResult::Done);
        let script = Script { fails: vec![fails], refused_whole, rollback, ..Script::default() };
        let stopped = run(wishing(wish, two_nodes()), &script);
        assert_eq!((result(&stopped), asked_for(&stopped)), (expected, extent), "{wish:?}, step {fails}");
    }
}

/// Clients have moved for it, or somebody said yes: steps 0 to 3 are of n1, 4 is the pause, 5 to 8 are of n2.
#[test]
fn what_came_before_a_pause_that_was_passed_is_not_taken_back() {
    let wish = |plan| wishing(OnFailure::RestoreRun, plan);
    let script = |fails| Script { fails: vec![fails], rollback: ends(RunResult::Done), ..Script::default() };
    let before = run(wish(with_a_pause()), &script(2));
    assert_eq!((result(&before), asked_for(&before)), (RunResult::Restored, Some(Extent::Run)));
    let since = run(wish(with_a_pause()), &script(7));
    assert_eq!((result(&since), asked_for(&since)), (RunResult::StoppedMidway, Some(Extent::SincePause)));
    assert_eq!(since.state.progress(7), Progress::NotBegun, "it is put back");
    assert_eq!(since.state.progress(2), Progress::Done, "n1 is left alone");
    assert!(since.state.is_taken_back() && !since.state.is_put_back_whole());
    // A pause before anything was done leaves nothing before it.
    let first = plan(&[&[("", "?")], &[("n1", "phRc")]], 1);
    assert_eq!(asked_for(&run(wish(first), &script(3))), Some(Extent::Run));
}

#[test]
fn what_could_not_be_put_back_is_a_run_that_stopped_midway() {
    for rollback in [refused(), ends(RunResult::StoppedMidway), ends(RunResult::Interrupted)] {
        let script = Script { fails: vec![6], rollback, ..Script::default() };
        let stopped = run(wishing(OnFailure::RestoreRun, two_nodes()), &script);
        assert_eq!(result(&stopped), RunResult::StoppedMidway);
    }
}

#[test]
fn who_interrupts_decides_for_themselves_and_a_pause_is_no_node() {
    let wish = |plan| wishing(OnFailure::RestoreRun, plan);
    let interrupted = Script { fails: vec![2], interrupts_s: vec![2], ..Script::default() };
    assert_eq!(result(&run(wish(two_nodes()), &interrupted)), RunResult::StoppedMidway);
    // The ring is another one than the plan's.
    let at_the_pause = Script { fails: vec![4], ..Script::default() };
    assert_eq!(result(&run(wish(with_a_pause()), &at_the_pause)), RunResult::StoppedMidway);
}

#[test]
fn nodes_in_work_come_to_their_end_before_anything_is_taken_back() {
    let plan = plan(&[&[("n1", "phRc"), ("n2", "phRc")]], 2);
    let rollback = ends(RunResult::Done);
    let script = Script { fails: vec![2], takes_s: [(6, 60)].into(), rollback, ..Script::default() };
    let stopped = run(wishing(OnFailure::RestoreNode, plan), &script);
    assert_eq!(result(&stopped), RunResult::StoppedMidway, "n2 is done and stays so");
    assert!(stopped.state.node_is_done("n2"));
}

#[test]
fn a_node_that_was_put_back_is_walked_again_by_who_resumes_and_a_run_that_was_is_not() {
    let stopped = |wish| {
        let script = Script { fails: vec![6], rollback: ends(RunResult::Done), ..Script::default() };
        run(wishing(wish, two_nodes()), &script)
    };
    let node = stopped(OnFailure::RestoreNode);
    let is_planned = |(_, event): &(Timestamp, StepEvent)| matches!(event, StepEvent::RollbackPlanned { .. });
    assert_eq!(node.state.progress(6), Progress::NotBegun, "nor has its restart to be taken back again");
    let killed = 1 + node.journal.iter().position(is_planned).unwrap();
    let in_between = fold(&node.journal[..killed]);
    assert_eq!(in_between.progress(4), Progress::Perhaps, "either may be found on the node");
    // Its push is done by the journal, and undone by the other run's.
    assert_eq!((node.state.progress(0), node.state.progress(4)), (Progress::Done, Progress::NotBegun));
    let mut journal = node.journal;
    journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "ops".into() }));
    assert_eq!(fold(&journal).rollback, None);
    let again = resume(journal, &Script { fails: vec![6], rollback: refused(), ..Script::default() });
    assert_eq!(super::begun(&again), [4, 5, 6], "n1 is left alone");
    assert_eq!(result(&again), RunResult::StoppedMidway);
    let whole = stopped(OnFailure::RestoreRun);
    assert!(whole.state.is_put_back_whole());
    let planned = 1 + whole.journal.iter().position(is_planned).unwrap();
    let mut killed = whole.journal[..planned].to_vec();
    killed.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "ops".into() }));
    assert_eq!(fold(&killed).rollback, None, "the other run may never have begun");
    let mut state = whole.state;
    let resumed = StepEvent::Resumed { operator: "ops".into() };
    assert!(state.apply(Timestamp::UNIX_EPOCH, &resumed).is_err());
}
