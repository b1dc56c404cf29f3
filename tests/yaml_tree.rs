//! The YAML tree: what it holds, where things are, and what it refuses.

use ringwalk::formats::yaml::{as_bool_1_1, as_integer_1_1, is_null, parse};

fn problem(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn a_text_that_is_not_one_document_is_refused_with_its_place() {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let cases = [
        ("a: 'x\n", "line 1, column 4: unclosed quote"),
        ("a: 1\n b: 2\n", "line 2, column 3: mapping values are not allowed in this context"),
        (
            "a: 1\n---\nb: 2\n",
            "line 2, column 1: a second document starts here, and Cassandra reads only one",
        ),
        ("a: *x\n", "line 1, column 4: while parsing node, found unknown anchor"),
        ("a:\n\tb: 1\n", "line 2, column 2: tabs disallowed within this context (block indentation)"),
        ("# é\na:\tb\n", "line 2, column 3: a tab stands where YAML wants spaces"),
        ("a: 'b'\t\n", "line 1, column 7: a tab stands where YAML wants spaces"),
        ("a: [b]\t# c\n", "line 1, column 7: a tab stands where YAML wants spaces"),
        ("a:\t# c\n  b: 1\n", "line 1, column 3: a tab stands where YAML wants spaces"),
        ("a: 1\n\t\nb: 2\n", "line 2, column 1: a tab stands where YAML wants spaces"),
        (&deep, "line 1, column 65: recursion limit exceeded"),
    ];
    for (text, expected) in cases {
        assert_eq!(problem(text), expected, "{text:?}");
    }
}

#[test]
fn tabs_in_values_and_comments_are_harmless() {
    for text in
        ["a: 'x\ty'\n", "a: x\ty\n", "# \tc\na: 1 # \tc\n", "a: b\t\n", "a: b\t# c\n", "a: |\n  x\ty\n"]
    {
        assert!(parse(text).is_ok(), "{text:?}");
    }
}

#[test]
fn a_text_without_content_is_none() {
    for text in ["", "\n", "# only a comment\n", "---\n", "--- # c\n...\n", "\u{feff}"] {
        assert_eq!(parse(text), Ok(None), "{text:?}");
    }
}

#[test]
fn every_node_knows_its_line_column_and_bytes() {
    let text = "\u{feff}é: 'ü'\r\nsection:\r\n  - {key: value, empty}\r\n";
    let root = parse(text).unwrap().unwrap();
    let quoted = root.get("é").unwrap();
    assert_eq!((quoted.span.line, quoted.span.column, quoted.span.length), (1, 4, 3));
    assert_eq!(&text[quoted.bytes.clone()], "'ü'");
    let flow = &root.get("section").unwrap().as_sequence().unwrap()[0];
    assert!(flow.is_flow);
    assert_eq!(&text[flow.bytes.clone()], "{key: value, empty}");
    let value = flow.get("key").unwrap();
    assert_eq!((value.span.line, value.span.column), (3, 11));
    assert_eq!(flow.get("empty").unwrap().as_str(), Some(""));
}

#[test]
fn a_repeated_key_is_kept_and_the_last_one_counts() {
    let root = parse("a: 1\nb: 2\na: 3\na: 4\n").unwrap().unwrap();
    assert_eq!(root.entries().len(), 4);
    assert_eq!(root.get("a").unwrap().as_str(), Some("4"));
    let lines: Vec<_> = root.duplicates().iter().map(|it| (it.first.span.line, it.again.span.line)).collect();
    assert_eq!(lines, [(1, 3), (1, 4)]);
}

#[test]
fn an_alias_is_never_expanded() {
    let mut text = String::from("a0: &a0 [x, x]\n");
    for level in 1..50 {
        text += &format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1);
    }
    assert_eq!(parse(&text).unwrap().unwrap().entries().len(), 50);
}

#[test]
fn scalars_are_read_as_yaml_1_1() {
    let read = |text: &str| parse(&format!("key: {text}\n")).unwrap().unwrap().get("key").unwrap().clone();
    for (text, expected) in [
        ("yes", Some(true)),
        ("Off", Some(false)),
        ("'true'", Some(true)),
        ("NO", Some(false)),
        ("maybe", None),
        ("", None),
        ("1", None),
    ] {
        assert_eq!(as_bool_1_1(&read(text)), expected, "{text:?}");
    }
    for (text, expected) in [
        ("9142", Some(9142)),
        ("1_000", Some(1000)),
        ("0777", Some(511)),
        ("0x1F", Some(31)),
        ("0b101", Some(5)),
        ("12:30:00", Some(45000)),
        ("-7", Some(-7)),
        ("+7", Some(7)),
        ("--7", None),
        ("0o17", None),
        ("08", None),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(as_integer_1_1(&read(text)), expected, "{text:?}");
    }
    for (text, expected) in
        [("", true), ("~", true), ("null", true), ("NULL", true), ("'null'", false), ("nil", false)]
    {
        assert_eq!(is_null(&read(text)), expected, "{text:?}");
    }
}
