//! Does a new process run, and does it run on?

use super::Verdict;
use crate::facts::Process;

/// `before`: the process that was stopped. `started`: the one that the restart job saw start. A process that is gone
/// again does not come back by itself; one that was replaced is kept by a service manager that restarts what dies.
pub fn check(
    before: Option<&Process>,
    started: Option<&Process>,
    now: Option<&Process>,
    frozen: bool,
) -> Verdict {
    let is = |one: Option<&Process>, other: &Process| {
        one.is_some_and(|one| (one.pid, one.started_ticks) == (other.pid, other.started_ticks))
    };
    match now {
        None => Verdict::Fail("Cassandra ended again after its start".into()),
        Some(now) if is(before, now) => {
            Verdict::Fail(format!("the old process (pid {}) still runs", now.pid))
        }
        Some(now) if frozen => Verdict::Wait(format!("process {} is stopped by a signal (SIGSTOP)", now.pid)),
        Some(now) if started.is_some() && !is(started, now) => {
            Verdict::Fail(format!("Cassandra ended after its start and was started again (pid {})", now.pid))
        }
        Some(_) => Verdict::Pass,
    }
}
