//! Journals on a real disk: what was acknowledged is there, what is damaged is refused, one writer at a time.

mod story;

use jiff::Timestamp;
use ringwalk::journal::event::{RunResult, StepEvent};
use ringwalk::journal::file::{self, Journal, JournalError};
use ringwalk::journal::runs::{RunSummary, Standing, list, run_id};
use ringwalk::report::{Screen, runs};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use story::{Story, at};

fn written(runs_dir: &Path, run: &str, story: &Story) -> PathBuf {
    let mut journal = Journal::create(runs_dir, run).unwrap();
    for (at, event) in story.step_events() {
        journal.append(at, &event).unwrap();
    }
    journal.path().to_path_buf()
}

#[test]
fn the_fold_of_a_journal_is_the_live_state() {
    let dir = tempfile::tempdir().unwrap();
    let stories = [story::happy(), story::failing(), story::interrupted(), story::waiting()];
    for (number, story) in stories.iter().enumerate() {
        let read = file::read(&written(dir.path(), &number.to_string(), story)).unwrap();
        assert_eq!(read.events, story.step_events());
        assert_eq!(read.state.as_ref(), Some(&story.state));
        assert!(!read.torn);
    }
}

#[test]
fn a_journal_begins_with_its_version_and_is_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let runs_dir = dir.path().join("state/runs");
    let journal = Journal::create(&runs_dir, "orders-1").unwrap();
    let text = fs::read_to_string(journal.path()).unwrap();
    assert!(text.starts_with("{\"ringwalk_journal\":2,\"program\":\"0.1.0\",\"check\":\""), "{text}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(journal.path()), 0o600);
    assert_eq!(mode(&runs_dir.join("orders-1")), 0o700);
    assert_eq!(mode(&runs_dir), 0o700);
}

#[test]
fn a_last_line_torn_at_any_byte_is_left_out_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let story = story::failing();
    let path = written(dir.path(), "run", &story);
    let bytes = fs::read(&path).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let events = story.step_events();
    for end in last..bytes.len() {
        fs::write(&path, &bytes[..end]).unwrap();
        let read = file::read(&path).unwrap();
        assert_eq!(read.torn, end > last, "cut at {end}");
        assert_eq!(read.events.len(), events.len() - 1, "cut at {end}");
    }
}

#[test]
fn a_changed_byte_before_the_last_line_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::of(story::plan(1));
    story.whole(1).finish(RunResult::Done);
    let path = written(dir.path(), "run", &story);
    let bytes = fs::read(&path).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let mut line = 1;
    for place in 0..last {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x01;
        fs::write(&path, &damaged).unwrap();
        match file::read(&path) {
            Err(JournalError::Damaged { line: refused, .. }) => assert_eq!(refused, line, "byte {place}"),
            Err(JournalError::UnknownVersion { .. }) => assert_eq!(line, 1, "byte {place}"),
            other => panic!("byte {place} of line {line}: {other:?}"),
        }
        line += usize::from(bytes[place] == b'\n');
    }
}

#[test]
fn a_line_that_is_missing_or_told_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path(), "run", &story::failing());
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for line in 0..lines.len() - 1 {
        let without = [&lines[..line], &lines[line + 1..]].concat().concat();
        let twice = [&lines[..=line], &lines[line..]].concat().concat();
        for changed in [without, twice] {
            fs::write(&path, changed).unwrap();
            assert!(matches!(file::read(&path), Err(JournalError::Damaged { .. })), "line {}", line + 1);
        }
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let cases = [
        (
            "{\"ringwalk_journal\":3,\"program\":\"1.4.0\"}\n",
            "it is a journal of form 3, written by ringwalk 1.4.0; this program reads form 2",
        ),
        ("hello\n", "line 1: it is not the version line of a ringwalk journal"),
        ("{\"ringwalk_journal\":2,\"program\":\"0.1.0\"}\n", "line 1: it is not a whole record"),
    ];
    for (text, problem) in cases {
        fs::write(&path, text).unwrap();
        let error = file::read(&path).unwrap_err().to_string();
        assert!(error.ends_with(problem), "{error}");
    }
}

#[test]
fn an_event_that_cannot_follow_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let story = story::happy();
    let path = written(dir.path(), "run", &story);
    let before = fs::read(&path).unwrap();
    let (mut journal, _) = Journal::resume(dir.path(), "run").unwrap();
    let error = journal.append(story.now, &StepEvent::Interrupted).unwrap_err();
    assert!(matches!(error, JournalError::OutOfOrder { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let mut journal = Journal::create(dir.path(), "other").unwrap();
    assert!(journal.append(story.now, &StepEvent::Interrupted).is_err());
}

#[test]
fn a_torn_journal_is_mended_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut story = Story::of(story::plan(6));
    story.whole(1).start(2, at::PUSH);
    let path = written(dir.path(), "run", &story);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    let (mut journal, read) = Journal::resume(dir.path(), "run").unwrap();
    assert!(read.torn);
    let (at, event) = story.step_events().pop().unwrap();
    journal.append(at, &event).unwrap();
    drop(journal);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(file::read(&path).unwrap().state, Some(story.state));
}

#[test]
fn a_run_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), "run").unwrap();
    let (at, event) = story::happy().step_events().remove(0);
    journal.append(at, &event).unwrap();
    assert!(matches!(Journal::create(dir.path(), "run"), Err(JournalError::Exists { .. })));
    assert!(matches!(Journal::resume(dir.path(), "run"), Err(JournalError::Locked { .. })));
    assert!(file::is_locked(journal.path()).unwrap());
    let path = journal.path().to_path_buf();
    drop(journal);
    assert!(!file::is_locked(&path).unwrap());
    assert!(Journal::resume(dir.path(), "run").is_ok());
}

#[test]
fn a_run_that_never_began_is_not_resumed() {
    let dir = tempfile::tempdir().unwrap();
    drop(Journal::create(dir.path(), "run").unwrap());
    assert!(matches!(Journal::resume(dir.path(), "run"), Err(JournalError::NotBegun { .. })));
}

/// A file system of 64 KiB, gone when dropped. `None` where we may not mount.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let disk = SmallDisk(tempfile::tempdir().unwrap());
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(disk.0.path());
        mount.output().is_ok_and(|output| output.status.success()).then_some(disk)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_is_an_error_and_leaves_what_was_acknowledged() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let story = Story::of(story::plan(6));
    let mut journal = Journal::create(disk.0.path(), "run").unwrap();
    let (at, event) = story.step_events().remove(0);
    journal.append(at, &event).unwrap();
    let free = 64 * 1024 - 2 * 4096 - fs::metadata(journal.path()).unwrap().len();
    fs::write(disk.0.path().join("ballast"), vec![0; usize::try_from(free).unwrap()]).unwrap();
    let step = |step| StepEvent::StepStarted { step, kept: None };
    let mut acknowledged = 1;
    let error = loop {
        match journal.append(at, &step(acknowledged % 6)) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 10_000, "the disk never filled");
    };
    assert!(error.to_string().ends_with("no space is left on the device"), "{error}");
    let help = error.help().unwrap();
    assert!(help.starts_with("free some space there, then `ringwalk resume run` goes on"), "{help}");
    assert!(matches!(journal.append(at, &step(0)), Err(JournalError::Closed { .. })));
    let read = file::read(journal.path()).unwrap();
    assert_eq!((read.events.len(), read.torn), (acknowledged, false));
    drop(journal);
    fs::remove_file(disk.0.path().join("ballast")).unwrap();
    let (mut journal, _) = Journal::resume(disk.0.path(), "run").unwrap();
    journal.append(at, &StepEvent::Interrupted).unwrap();
}

#[test]
fn run_names_are_safe_as_paths_and_differ_within_a_second() {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let cases = [
        ("orders", "2026-11-24T07:12:33Z", "orders-20261124-071233-0000"),
        ("orders", "2026-11-24T07:12:33.5Z", "orders-20261124-071233-8000"),
        ("../My Cluster!", "2026-11-24T07:12:33Z", "My-Cluster-20261124-071233-0000"),
        ("ümlaut", "2026-11-24T07:12:33.999999999Z", "mlaut-20261124-071233-ffff"),
        ("!!", "2026-11-24T07:12:33Z", "cluster-20261124-071233-0000"),
    ];
    for (cluster, at, id) in cases {
        assert_eq!(run_id(cluster, time(at)), id);
    }
}

#[test]
fn a_pause_is_no_node() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), "waiting", &story::waiting());
    let begun = list(dir.path()).unwrap().remove(0).begun.unwrap();
    assert_eq!((begun.nodes_done, begun.nodes_total), (1, 2));
}

#[test]
fn runs_are_listed_newest_first_each_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(list(&dir.path().join("nowhere")).unwrap(), vec![]);
    written(dir.path(), "a-done", &story::happy());
    let mut later = Story::of(story::plan(6));
    later.after(1).whole(1);
    let mut events = later.step_events();
    events[0].0 += jiff::SignedDuration::from_secs(1);
    let mut running = Journal::create(dir.path(), "b-running").unwrap();
    events.iter().for_each(|(at, event)| running.append(*at, event).unwrap());
    let mut killed = Journal::create(dir.path(), "0-killed").unwrap();
    events.iter().take(3).for_each(|(at, event)| killed.append(*at, event).unwrap());
    drop(killed);
    drop(Journal::create(dir.path(), "c-unborn").unwrap());
    fs::create_dir(dir.path().join("d-broken")).unwrap();
    fs::write(file::path(dir.path(), "d-broken"), "hello\n").unwrap();
    fs::create_dir(dir.path().join("e-other")).unwrap();

    let runs = list(dir.path()).unwrap();
    let short = |run: &RunSummary| {
        let nodes = run.begun.as_ref().map(|begun| (begun.nodes_done, begun.nodes_total));
        (run.id.clone(), nodes, std::mem::discriminant(&run.standing))
    };
    let finished = Standing::Finished { at: Timestamp::UNIX_EPOCH, result: RunResult::Done };
    let unreadable = Standing::Unreadable { problem: String::new() };
    let expected = [
        ("b-running", Some((1, 6)), &Standing::Running),
        ("0-killed", Some((0, 6)), &Standing::Abandoned),
        ("a-done", Some((6, 6)), &finished),
        ("d-broken", None, &unreadable),
        ("c-unborn", None, &Standing::Abandoned),
    ];
    let expected =
        expected.map(|(id, nodes, standing)| (id.to_string(), nodes, std::mem::discriminant(standing)));
    assert_eq!(runs.iter().map(short).collect::<Vec<_>>(), expected);

    let table = runs::text(&runs[..3], Screen { width: 100, color: false });
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "b-running  enable-client-tls on orders  1/6 nodes  running",
            "0-killed   enable-client-tls on orders  0/6 nodes  interrupted without a word",
            "a-done     enable-client-tls on orders  6/6 nodes  done after 2 min 24 s",
        ]
    );
}
