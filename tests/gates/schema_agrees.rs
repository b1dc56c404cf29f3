use super::told;
use ringwalk::gates::schema_agrees::check;
use std::collections::{BTreeMap, BTreeSet};

/// `one: a b, two: c`, with those of `down` down. Capital letters are on 4.0, small ones on 3.11.
fn asked(versions: &str, down: &str) -> String {
    let set = |nodes: &str| -> BTreeSet<String> { nodes.split_whitespace().map(String::from).collect() };
    let versions: BTreeMap<String, BTreeSet<String>> = versions
        .split(',')
        .filter_map(|version| version.split_once(':'))
        .map(|(version, nodes)| (version.trim().into(), set(nodes)))
        .collect();
    let line = |node: &str| {
        let is_upgraded = node.starts_with(|first: char| first.is_ascii_uppercase());
        Some(if is_upgraded { (4, 0) } else { (3, 11) })
    };
    told(check(&versions, &set(down), line))
}

#[test]
fn all_nodes_that_are_up_hold_one_schema_version_a_release_line() {
    for (versions, down, expected) in [
        ("one: a b c", "", "pass"),
        ("", "", "wait: no schema version is known yet"),
        ("one: a b, two: c", "", "wait: 2 schema versions: one on a, b; two on c"),
        ("one: a b, two: c", "c", "pass"),
        ("one: a b, two: C", "", "pass"),
        ("one: a b, two: C, three: D", "", "wait: 2 schema versions: three on D; two on C"),
        ("one: a, two: b C", "", "wait: 2 schema versions: one on a; two on C, b"),
        ("one: a b, two: c d", "c", "wait: 2 schema versions: one on a, b; two on c, d"),
        ("one: a", "a", "wait: no schema version is known yet"),
        ("one: a b c d e, two: f", "", "wait: 2 schema versions: one on a, b, c; two on f"),
        (
            "59adb24e-f3cd-3e02-97f0-5b395827453f: a, 86afa796-d883-3932-aa73-6b017cef0d19: b",
            "",
            "wait: 2 schema versions: 59adb24e on a; 86afa796 on b",
        ),
    ] {
        assert_eq!(asked(versions, down), expected, "{versions} with {down:?} down");
    }
}
