//! The lock of one node: a file in its state directory that says which run may change it, and since when.
//!
//! It is made by a link, so whole and once; its time of change, by the node's clock, is its holder's last sign of life.

use super::frame::Sections;
use super::sudo;
use crate::transport::{Command, Host, HostError};
use jiff::Timestamp;
use std::time::Duration;

const TEXT: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/lock.sh"));

/// Milliseconds of work, with up to three fsyncs on a disk that may be busy.
const DEADLINE: Duration = Duration::from_secs(20);

/// A holder that was not heard of for this long is dead or cut off: eight signs of life in a row did not come.
pub const STALE: Duration = Duration::from_secs(120);

/// Who asks for the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub run: String,
    /// Tells two processes of one run apart: the one that resumed it takes the lock from the one before.
    pub token: String,
    /// `ops@laptop`.
    pub by: String,
    /// The run that this one takes back.
    pub from: Option<String>,
    /// Runs from which it may take the lock: the one that passes it on, or such as are over.
    pub over: Vec<String>,
}

/// Who holds it, as the node tells; all times are of its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub run: String,
    /// Which process of the run holds it.
    pub token: String,
    pub by: String,
    pub since: Option<Timestamp>,
    /// How long ago it gave a sign of life.
    pub silent: Duration,
    /// The run that it takes back.
    pub from: Option<String>,
}

impl Holder {
    pub fn is_alive(&self) -> bool {
        self.silent < STALE
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The claim holds the lock; of `break_up`: it held it until now.
    Mine,
    Other(Holder),
    Absent,
}

/// What one node answered, or why it did not.
#[derive(Clone, Debug)]
pub struct NodeLock {
    pub node: String,
    pub answer: Result<Answer, String>,
}

impl NodeLock {
    pub fn holder(&self) -> Option<&Holder> {
        match &self.answer {
            Ok(Answer::Other(holder)) => Some(holder),
            Ok(Answer::Mine | Answer::Absent) | Err(_) => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("cannot reach the node")]
    Host(#[from] HostError),
    #[error("cannot become root: {words}")]
    NoPrivilege { words: String },
    #[error("cannot keep a lock there: {words}")]
    Failed { words: String },
}

/// Takes the lock if nobody has it, or if another process of the same run has, or one from which it may be taken.
pub async fn take(host: &dyn Host, claim: &Claim) -> Result<Answer, LockError> {
    ask(host, "take", claim).await
}

/// Gives a sign of life; what is not the claim's any more stays so.
pub async fn renew(host: &dyn Host, claim: &Claim) -> Result<Answer, LockError> {
    ask(host, "renew", claim).await
}

/// Gives the lock back if it is the claim's.
pub async fn release(host: &dyn Host, claim: &Claim) -> Result<Answer, LockError> {
    ask(host, "release", claim).await
}

/// Who has it? Never `Mine`.
pub async fn show(host: &dyn Host) -> Result<Answer, LockError> {
    ask(host, "show", &nobody("")).await
}

/// Takes the lock away from these processes of a run; from any, where none is named. One that resumed the run since
/// somebody looked keeps it.
pub async fn break_up(host: &dyn Host, run: &str, tokens: &[String]) -> Result<Answer, LockError> {
    ask(host, "break", &Claim { over: tokens.to_vec(), ..nobody(run) }).await
}

fn nobody(run: &str) -> Claim {
    Claim { run: run.into(), token: String::new(), by: String::new(), from: None, over: Vec::new() }
}

async fn ask(host: &dyn Host, verb: &str, claim: &Claim) -> Result<Answer, LockError> {
    let from = claim.from.as_deref().unwrap_or_default();
    let over = claim.over.join(" ");
    let arguments = [verb, &claim.run, &claim.token, &one_line(&claim.by), from, &over].map(str::to_owned);
    let command = Command::script("lock", TEXT, arguments).deadline(DEADLINE).become_root();
    let output = host.run(&command).await?;
    if let Some(words) = sudo::refusal(&output) {
        return Err(LockError::NoPrivilege { words });
    }
    parse(&output.stdout).ok_or_else(|| {
        let words = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        LockError::Failed {
            words: if words.is_empty() { format!("exit code {}", output.code) } else { words },
        }
    })
}

/// The file has a line for each thing that it says.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn parse(output: &[u8]) -> Option<Answer> {
    let sections = Sections::parse(output).ok()?;
    match sections.text("verdict").ok()? {
        "mine" => Some(Answer::Mine),
        "absent" => Some(Answer::Absent),
        "other" => Some(Answer::Other(holder(&sections)?)),
        _ => None,
    }
}

/// A file that says nothing, or what nobody understands, is a lock all the same.
fn holder(sections: &Sections) -> Option<Holder> {
    let lines = sections.lines("lock").ok()?;
    let value = |key: &str| lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    let seconds = |name: &str| sections.text(name).ok()?.trim().parse::<i64>().ok();
    let silent_s = seconds("now")? - seconds("beat").unwrap_or_default();
    Some(Holder {
        run: value("run").unwrap_or_default().into(),
        token: value("token").unwrap_or_default().into(),
        by: value("by").unwrap_or("unknown").into(),
        since: value("since").and_then(|since| Timestamp::from_second(since.parse().ok()?).ok()),
        silent: Duration::from_secs(silent_s.max(0) as u64),
        from: value("from").filter(|run| !run.is_empty()).map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_cannot_be_understood_is_a_lock_and_a_cut_answer_is_none() {
        let other = |lock: &str, beat: &str| {
            format!(
                "lock {}\n{lock}\nbeat {}\n{beat}\nnow 4\n1000\nverdict 5\nother\n",
                lock.len(),
                beat.len()
            )
        };
        let whole = other("run r1\ntoken t\nby ops@laptop\nsince 100\nfrom r0", "990");
        let holder = Holder {
            run: "r1".into(),
            token: "t".into(),
            by: "ops@laptop".into(),
            since: Timestamp::from_second(100).ok(),
            silent: Duration::from_secs(10),
            from: Some("r0".into()),
        };
        assert_eq!(parse(whole.as_bytes()), Some(Answer::Other(holder)));
        let Some(Answer::Other(garbled)) = parse(other("?", "").as_bytes()) else { panic!("a lock") };
        assert!(!garbled.is_alive() && garbled.run.is_empty());
        assert_eq!(parse(&whole.as_bytes()[..whole.len() - 3]), None);
        assert_eq!(parse(b"verdict 6\nfailed\n"), None);
    }

    #[test]
    fn who_holds_it_is_one_line_of_the_file() {
        assert_eq!(one_line("ops\nrun x@laptop"), "ops run x@laptop");
    }
}
