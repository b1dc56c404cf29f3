//! A plan that begins nodes at certain times only. The clock stands at 21:59 of a Tuesday when a process begins.

use super::script::{Run, Script, plan, resume, run};
use super::{begun, result, two_nodes};
use jiff::Timestamp;
use ringwalk::engine::answers::Patience;
use ringwalk::input::window::Window;
use ringwalk::journal::event::{RunResult, StepEvent};
use ringwalk::plan::conduct::Conduct;
use ringwalk::plan::{Plan, StepId};

fn within(window: &str, plan: Plan) -> Plan {
    let window = Some(Window::parse(&[window.into()]).unwrap());
    Plan { conduct: Conduct { window, ..Conduct::default() }, ..plan }
}

/// When a step was begun first.
fn at(run: &Run, wanted: StepId) -> String {
    let is_it = |event: &StepEvent| matches!(event, StepEvent::StepStarted { step, .. } if *step == wanted);
    let (at, _) = run.journal.iter().find(|(_, event)| is_it(event)).expect("it was begun");
    at.strftime("%a %H:%M").to_string()
}

/// A minute a node.
fn slowly() -> Script {
    Script { takes_s: (0..8).map(|step| (step, 15)).collect(), ..Script::default() }
}

#[test]
fn no_node_is_begun_outside_and_one_that_was_begun_comes_to_its_end() {
    let all = [0, 1, 2, 3, 4, 5, 6, 7];
    for (window, first, second) in [
        ("Tue 22:00-23:00 UTC", "Tue 22:00", "Tue 22:01"),
        ("21:50-22:30 UTC", "Tue 21:59", "Tue 22:00"),
        // It closes while the first node is in work.
        ("21:50-22:00 UTC", "Tue 21:59", "Wed 21:50"),
        ("Mon,Fri 02:00-02:01 UTC", "Fri 02:00", "Mon 02:00"),
    ] {
        let done = run(within(window, two_nodes()), &slowly());
        assert_eq!((result(&done), begun(&done)), (RunResult::Done, all.to_vec()), "{window}");
        assert_eq!((at(&done, 0).as_str(), at(&done, 4).as_str()), (first, second), "{window}");
    }
}

#[test]
fn nodes_of_a_wave_that_are_in_work_together_end_together() {
    let plan = plan(&[&[("n1", "hRc"), ("n2", "hRc"), ("n3", "hRc")]], 2);
    let done = run(
        within("21:50-22:00 UTC", plan),
        &Script { takes_s: [(1, 90), (4, 90)].into(), ..Script::default() },
    );
    assert_eq!(result(&done), RunResult::Done);
    assert_eq!((at(&done, 3).as_str(), at(&done, 5).as_str()), ("Tue 21:59", "Tue 22:00"));
    assert_eq!(at(&done, 6), "Wed 21:50");
}

#[test]
fn clients_are_looked_at_again_once_it_opens() {
    let plan = plan(&[&[("", "w")], &[("n1", "phRc")], &[("n2", "phRc")]], 1);
    let done = run(within("21:50-22:00 UTC", plan), &slowly());
    assert_eq!((result(&done), begun(&done)), (RunResult::Done, vec![0, 1, 2, 3, 4, 0, 5, 6, 7, 8]));
    let opened = |(_, event): &&(Timestamp, StepEvent)| *event == StepEvent::WindowOpened;
    assert_eq!(done.journal.iter().filter(opened).count(), 1);
}

#[test]
fn a_node_that_failed_and_is_mended_does_not_wait_for_it() {
    let failed = run(within("21:50-22:30 UTC", two_nodes()), &Script { fails: vec![2], ..slowly() });
    let mut journal = failed.journal;
    let StepEvent::RunStarted { plan, .. } = &mut journal[0].1 else { panic!("it starts") };
    **plan = within("Sun 01:00-02:00 UTC", two_nodes());
    journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "ops".into() }));
    let resumed = resume(journal, &Script { for_window: Patience::Ends, ..slowly() });
    assert_eq!((result(&resumed), begun(&resumed)), (RunResult::Waiting, vec![0, 1, 2, 3]));
}

#[test]
fn who_does_not_wait_ends_and_resumes_when_it_is_time() {
    let script = Script { for_window: Patience::Ends, ..slowly() };
    let ended = run(within("21:50-22:00 UTC", two_nodes()), &script);
    assert_eq!((result(&ended), begun(&ended)), (RunResult::Waiting, vec![0, 1, 2, 3]));
    let [.., (closed, _), (over, _)] = &ended.journal[..] else { panic!("it ends") };
    assert_eq!(closed, over, "it ends at once");
    let not_yet = ended.state.not_yet.clone().unwrap();
    assert_eq!((not_yet.step, not_yet.closed), (4, true));
    assert_eq!(
        not_yet.why,
        "nodes are begun within 21:50-22:00 UTC only, next on Wed 2026-11-25 at 21:50 UTC"
    );
    let mut journal = ended.journal;
    journal.push((Timestamp::UNIX_EPOCH, StepEvent::Resumed { operator: "ops".into() }));
    let done = resume(journal, &script);
    assert_eq!((result(&done), begun(&done)), (RunResult::Done, vec![4, 5, 6, 7]));
}

#[test]
fn who_waits_can_interrupt_and_a_failure_does_not_wait() {
    let closed = || within("Sun 01:00-02:00 UTC", two_nodes());
    let interrupted = run(closed(), &Script { interrupts_s: vec![600], ..Script::default() });
    assert_eq!((result(&interrupted), begun(&interrupted)), (RunResult::Interrupted, vec![]));
    let failing = Script { fails: vec![2], ..slowly() };
    let stopped = run(within("21:50-22:00 UTC", two_nodes()), &failing);
    assert_eq!((result(&stopped), begun(&stopped)), (RunResult::StoppedMidway, vec![0, 1, 2]));
}

#[test]
fn a_node_that_was_cut_off_in_its_walk_is_finished_at_any_time() {
    let whole = run(within("21:50-22:00 UTC", two_nodes()), &slowly());
    let is_second =
        |(_, event): &(Timestamp, StepEvent)| matches!(event, StepEvent::StepStarted { step: 1, .. });
    let killed = 1 + whole.journal.iter().position(is_second).unwrap();
    let mut journal = whole.journal[..killed].to_vec();
    let StepEvent::RunStarted { plan, .. } = &mut journal[0].1 else { panic!("it starts") };
    **plan = within("Sun 01:00-02:00 UTC", two_nodes());
    let resumed = resume(journal, &Script { for_window: Patience::Ends, ..slowly() });
    assert_eq!((result(&resumed), begun(&resumed)), (RunResult::Waiting, vec![1, 2, 3]));
}
