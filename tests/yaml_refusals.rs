//! Edits of cassandra.yaml that cannot be made safely: each is refused with its line and a way out.

#[path = "support/yaml.rs"]
mod support;

use EditValue::{Bool, Number};
use ringwalk::formats::yaml::{Edit, EditValue, edit};
use support::{edited, secret, set};

#[track_caller]
fn check_refused(cases: &[(&str, Edit, Option<usize>, &str)]) {
    for (before, edit, line, message) in cases {
        let problems = edited(before, std::slice::from_ref(edit)).expect_err(before);
        let shown: Vec<_> = problems.iter().map(|problem| (problem.line, problem.message.as_str())).collect();
        let message = message.replace("tls", "client_encryption_options");
        assert_eq!(shown, [(*line, message.as_str())], "{before:?}");
        assert!(problems.iter().all(|problem| problem.help.is_some()), "{before:?} has no way out");
    }
}

#[test]
fn what_one_line_cannot_change_safely_is_refused_with_its_line() {
    let on = || set("tls.enabled", Bool(true));
    check_refused(&[
        (
            "tls:\n  enabled: false\n  enabled: true\n",
            on(),
            Some(3),
            "`tls.enabled` is set twice, in line 2 and again in line 3; Cassandra takes the last as a whole",
        ),
        (
            "tls:\n  enabled: false\nb: 1\ntls:\n  optional: true\n",
            on(),
            Some(4),
            "`tls` is set twice, in line 1 and again in line 4; Cassandra takes the last as a whole",
        ),
        (
            "tls: &a\n  enabled: false\nb: *a\n",
            on(),
            Some(2),
            "`tls` carries an anchor, so that other places may share its value",
        ),
        ("a: &a {x: 1}\ntls: *a\n", on(), Some(2), "`tls` is an alias of a value that stands somewhere else"),
        ("a: &a {x: 1}\ntls:\n  <<: *a\n", on(), Some(3), "`tls` is merged from somewhere else by `<<`"),
        (
            "tls:\n  enabled: &a false\n",
            on(),
            Some(2),
            "`tls.enabled` carries an anchor, so that other places may share its value",
        ),
        ("tls:\n  enabled: !!bool false\n", on(), Some(2), "`tls.enabled` carries a tag"),
        (
            "tls.optional: true\ntls:\n  a: 1\n",
            on(),
            Some(1),
            "`tls.optional` overrules the block `tls` in Cassandra 4.1 and later",
        ),
    ]);
}

#[test]
fn a_path_through_something_else_than_a_mapping_is_refused() {
    let on = || set("tls.enabled", Bool(true));
    check_refused(&[
        ("tls: on\n", on(), Some(1), "`tls` is a single value, not a mapping"),
        ("tls:\n- a: 1\n", on(), Some(2), "`tls` is a list, not a mapping"),
        ("- a\n", on(), Some(1), "the document is a list, not a mapping"),
        (
            "tls:\n  enabled:\n    x: 1\n",
            on(),
            Some(3),
            "`tls.enabled` is a mapping, where a single value is to be set",
        ),
    ]);
}

#[test]
fn what_is_no_yaml_and_what_is_no_password_is_refused() {
    let on = || set("tls.enabled", Bool(true));
    check_refused(&[
        (
            "a: 1\ntls:\n\tenabled: true\n",
            on(),
            Some(3),
            "tabs disallowed within this context (block indentation)",
        ),
        ("a: 'x\n", on(), Some(1), "unclosed quote"),
        ("a: 1\n---\nb: 1\n", on(), Some(2), "a second document starts here, and Cassandra reads only one"),
        ("? tls\n", on(), None, "`tls.enabled` is written in a way that cannot be changed safely"),
        (
            "tls:\n  a: 1\n",
            set("tls.keystore_password", secret("pass\n")),
            None,
            "the secret for `tls.keystore_password` has a control character in it, such as a line break",
        ),
    ]);
}

#[test]
fn a_text_that_is_not_utf_8_is_refused_with_its_line() {
    let problems = edit(b"a: 1\nb: \xff\n", &[]).unwrap_err();
    assert_eq!((problems[0].line, problems[0].message.as_str()), (Some(2), "not UTF-8 text"));
}

#[test]
fn every_problem_is_told_at_once_and_only_once() {
    let before = "tls:\n  enabled: true\n  enabled: true\n  <<: {}\nport: &a 1\n";
    let edits = [set("tls.enabled", Bool(true)), set("tls.optional", Bool(true)), set("port", Number(2))];
    assert_eq!(edited(before, &edits).unwrap_err().len(), 2);
}

#[test]
fn a_repetition_somewhere_else_is_none_of_our_business() {
    let before = "a: 1\na: 2\ntls: {enabled: false}\nb: &x [1]\nc: *x\nd: {<<: {y: 1}}\n";
    assert_eq!(
        edited(before, &[set("tls.enabled", Bool(true))]),
        Ok(before.replace("enabled: false", "enabled: true"))
    );
}

#[test]
fn a_secret_is_never_shown() {
    let edits = [set("tls.keystore_password", secret("hunter2\n"))];
    let problems = edited("a: 1\n", &edits).unwrap_err();
    assert!(!format!("{problems:?} {edits:?}").contains("hunter2"));
}
