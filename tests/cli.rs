//! Command lines that need no cluster, and the screen that each brings: the program as it is.

#[path = "story/mod.rs"]
mod story;

use ringwalk::cli::Trouble;
use ringwalk::cli::pauses::PauseArguments;
use ringwalk::journal::file::Journal;
use std::path::Path;
use std::process::{Command, Stdio};

/// Exit code, standard output and standard error, with the runs' directory as `RUNS`.
fn screen(runs: &Path, line: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwalk"));
    command.args(line.split(' ')).env_clear().env("RINGWALK_RUNS", runs).env("HOME", runs);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text =
        |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&runs.display().to_string(), "RUNS");
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A command line, its exit code, and all that it prints.
type Case = (&'static str, i32, &'static str, &'static str);

#[track_caller]
fn check(runs: &Path, cases: &[Case]) {
    for (line, code, out, err) in cases {
        assert_eq!(screen(runs, line), (*code, (*out).to_owned(), (*err).to_owned()), "ringwalk {line}");
    }
}

#[test]
fn where_no_run_was_made_that_is_said() {
    let runs = tempfile::tempdir().unwrap();
    let none = "error: no run was made here: RUNS holds none (`--runs-dir` names another place)\n";
    check(
        runs.path(),
        &[
            ("runs", 0, "no run was made here\n", ""),
            ("runs --output json", 0, "[]\n", ""),
            ("show", 2, "", none),
            ("show orders", 2, "", none),
            ("rollback --yes", 2, "", none),
            (
                "resume",
                2,
                "",
                "error: no run is to be resumed in RUNS: each is done, taken back or at work; `ringwalk runs` lists \
                 them\n",
            ),
        ],
    );
}

#[test]
fn a_run_is_shown_by_its_name_or_by_a_beginning_that_no_other_has() {
    let runs = tempfile::tempdir().unwrap();
    for run in ["orders-1", "orders-12", "users-1"] {
        drop(Journal::create(runs.path(), run).unwrap());
    }
    let killed = "the run was killed before its first event\n";
    check(
        runs.path(),
        &[
            ("show users", 0, killed, ""),
            ("show orders-12", 0, killed, ""),
            ("show orders-1", 0, killed, ""),
            ("show orders", 2, "", "error: several runs begin with `orders`; `ringwalk runs` lists them\n"),
            ("show other", 2, "", "error: no run begins with `other` in RUNS; `ringwalk runs` lists them\n"),
            (
                "resume users",
                2,
                "",
                "error: cannot resume RUNS/users-1/journal.jsonl: the run never began\nhelp: nothing was done in it; `ringwalk apply` begins anew\n",
            ),
        ],
    );
}

#[test]
fn what_is_typed_wrong_is_said_before_anything_is_looked_at() {
    let runs = tempfile::tempdir().unwrap();
    let (code, out, err) = screen(runs.path(), "plan --output prometheus");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("only `audit` has `--output prometheus`") && err.contains("--output json"), "{err}");
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, err) = screen(runs.path(), &format!("completions {shell}"));
        assert_eq!((code, err.as_str()), (0, ""), "{shell}");
        assert!(out.contains("ringwalk") && out.contains("accept-expired-ca"), "{shell}");
    }
}

#[test]
fn a_phase_that_is_approved_and_not_there_is_a_slip() {
    let approve = vec!["acept".to_owned()];
    let typed = PauseArguments { no_wait: false, approve };
    let Err(Trouble::Refused(problems)) = typed.answers(&story::plan(3)) else { panic!("it is taken") };
    assert_eq!(problems[0].message, "there is no phase `acept`");
    assert_eq!(problems[0].help.as_deref(), Some("the phases are: accept"));
}
