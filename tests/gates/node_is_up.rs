use super::told;
use ringwalk::facts::Process;
use ringwalk::gates::node_is_up::check;

/// A process by its id and its start.
fn process((pid, started_ticks): (u32, u64)) -> Process {
    Process { pid, started_ticks, user: "cassandra".into(), cwd: "/".into() }
}

#[test]
fn the_process_that_the_restart_started_is_the_one_that_runs() {
    let (old, new, third) = (Some((10, 100)), Some((20, 200)), Some((30, 300)));
    for (before, started, now, frozen, expected) in [
        (old, new, new, false, "pass"),
        // A process id may recur; the start does not.
        (old, Some((10, 900)), Some((10, 900)), false, "pass"),
        (old, new, None, false, "fail: Cassandra ended again after its start"),
        (old, new, old, false, "fail: the old process (pid 10) still runs"),
        (old, new, old, true, "fail: the old process (pid 10) still runs"),
        (old, new, new, true, "wait: process 20 is stopped by a signal (SIGSTOP)"),
        (old, new, third, false, "fail: Cassandra ended after its start and was started again (pid 30)"),
        // A node that did not run before.
        (None, new, new, false, "pass"),
        // A resumed run has not seen the start itself.
        (None, None, new, false, "pass"),
        (old, None, new, false, "pass"),
        (None, None, None, false, "fail: Cassandra ended again after its start"),
    ] {
        let [before, started, now] = [before, started, now].map(|it| it.map(process));
        let verdict = told(check(before.as_ref(), started.as_ref(), now.as_ref(), frozen));
        assert_eq!(verdict, expected, "{before:?} {started:?} {now:?} {frozen}");
    }
}
