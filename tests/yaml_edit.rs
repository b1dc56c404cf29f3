//! Edits of cassandra.yaml: the wished keys are set, every other byte stays, and a value stays if it says the same.

#[path = "yaml/lists.rs"]
mod lists;
#[path = "support/yaml.rs"]
mod support;
#[path = "yaml/tabs.rs"]
mod tabs;

use EditValue::{Absent, Bool, List, Map, Number};
use ringwalk::formats::yaml::{Edit, EditValue, get};
use similar::{ChangeTag, TextDiff};
use support::{edited, secret, set};

fn text(text: &str) -> EditValue {
    EditValue::Text(text.to_string())
}

fn list(items: &[&str]) -> EditValue {
    List(items.iter().map(|item| item.to_string()).collect())
}

fn map(entries: &[(&str, EditValue)]) -> EditValue {
    Map(entries.iter().map(|(key, value)| (key.to_string(), value.clone())).collect())
}

#[track_caller]
fn check(cases: &[(&str, Edit, &str)]) {
    for (before, edit, after) in cases {
        assert_eq!(edited(before, std::slice::from_ref(edit)).as_deref(), Ok(*after), "{before:?}");
    }
}

/// The changed lines alone, as in a diff without context.
fn diff(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let changes = diff.iter_all_changes().filter_map(|change| match change.tag() {
        ChangeTag::Delete => Some(format!("-{}", change.value())),
        ChangeTag::Insert => Some(format!("+{}", change.value())),
        ChangeTag::Equal => None,
    });
    changes.collect()
}

fn accept_phase() -> Vec<Edit> {
    vec![
        set("tls.enabled", Bool(true)),
        set("tls.optional", Bool(true)),
        set("tls.keystore", text("/etc/cassandra/tls/keystore.p12")),
        set("tls.keystore_password", secret("it's secret")),
        set("tls.truststore", text("/etc/cassandra/tls/truststore.p12")),
        set("tls.store_type", text("PKCS12")),
        set("tls.cipher_suites", list(&["TLS_AES_256_GCM_SHA384"])),
    ]
}

#[test]
fn the_stock_file_of_5_0_changes_only_where_its_settings_stand() {
    let before = include_str!("yaml/stock-5.0.yaml");
    let after = edited(before, &accept_phase()).unwrap();
    let expected = "\
-  enabled: false
+  enabled: true
+  optional: true
-  keystore: conf/.keystore
+  keystore: /etc/cassandra/tls/keystore.p12
+  keystore_password: 'it''s secret'
+  truststore: /etc/cassandra/tls/truststore.p12
+  store_type: PKCS12
+  cipher_suites: [TLS_AES_256_GCM_SHA384]
";
    assert_eq!(diff(&before.replace("client_encryption_options", "tls"), &after), expected);
    let lines: Vec<_> = after.lines().skip_while(|line| *line != "tls:").collect();
    let after_comment =
        |comment: &str| lines[lines.iter().position(|line| line.starts_with(comment)).unwrap() + 1];
    assert_eq!(after_comment("  # optional: true"), "  optional: true");
    assert_eq!(after_comment("  #keystore_password: cassandra"), "  keystore_password: 'it''s secret'");
    assert_eq!(after_comment("  # ]"), "  cipher_suites: [TLS_AES_256_GCM_SHA384]");
}

#[test]
fn the_stock_file_of_3_11_keeps_its_indent() {
    let before = include_str!("yaml/stock-3.11.yaml");
    let after = edited(before, &accept_phase()).unwrap();
    let expected = "\
-    enabled: false
+    enabled: true
-    optional: false
-    keystore: conf/.keystore
-    keystore_password: cassandra
+    optional: true
+    keystore: /etc/cassandra/tls/keystore.p12
+    keystore_password: 'it''s secret'
+    truststore: /etc/cassandra/tls/truststore.p12
+    store_type: PKCS12
+    cipher_suites: [TLS_AES_256_GCM_SHA384]
";
    assert_eq!(diff(&before.replace("client_encryption_options", "tls"), &after), expected);
}

#[test]
fn an_edited_file_edited_again_stays_as_it_is() {
    for before in [include_str!("yaml/stock-5.0.yaml"), include_str!("yaml/stock-3.11.yaml"), "", "a: 1\r\n"]
    {
        let once = edited(before, &accept_phase()).unwrap();
        assert_eq!(edited(&once, &accept_phase()).unwrap(), once);
    }
}

#[test]
fn the_ssl_port_goes_after_its_commented_line() {
    let before = include_str!("yaml/stock-5.0.yaml");
    let after = edited(before, &[set("native_transport_port_ssl", Number(9142))]).unwrap();
    assert!(after.contains("\n# native_transport_port_ssl: 9142\nnative_transport_port_ssl: 9142\n"));
}

#[test]
fn a_value_is_replaced_and_nothing_around_it() {
    let on = || set("tls.enabled", Bool(true));
    let suites = || set("tls.cipher_suites", list(&["A", "B"]));
    check(&[
        ("tls:\n  enabled: false\n", on(), "tls:\n  enabled: true\n"),
        ("tls:\n  enabled:   false   # no\n", on(), "tls:\n  enabled:   true   # no\n"),
        ("tls:\r\n  enabled: false\r\nb: 1\r\n", on(), "tls:\r\n  enabled: true\r\nb: 1\r\n"),
        ("\u{feff}tls:\n  enabled: 'no'", on(), "\u{feff}tls:\n  enabled: true"),
        ("tls: {enabled: false}\n", on(), "tls: {enabled: true}\n"),
        ("tls: {enabled: , b: 1}\n", on(), "tls: {enabled: true , b: 1}\n"),
        ("tls: {enabled, b: 1}\n", on(), "tls: {enabled: true, b: 1}\n"),
        ("{\"tls\": {\"enabled\": false}}\n", on(), "{\"tls\": {\"enabled\": true}}\n"),
        ("tls:\n  enabled:\n  b: 1\n", on(), "tls:\n  enabled: true\n  b: 1\n"),
        ("tls:\n  enabled: # c\n  b: 1\n", on(), "tls:\n  enabled: true # c\n  b: 1\n"),
        ("'tls':\n  \"enabled\": 'false'\n", on(), "'tls':\n  \"enabled\": true\n"),
        ("--- # head\ntls:\n  enabled: false\n...\n", on(), "--- # head\ntls:\n  enabled: true\n...\n"),
        ("tls:\n  cipher_suites: [X,\n    Y]\n", suites(), "tls:\n  cipher_suites: [A, B]\n"),
        (
            "tls:\n  cipher_suites: # c\n  # d\n  - X\n  - Y # e\n  b: 1\n",
            suites(),
            "tls:\n  cipher_suites: # c\n  # d\n  - A\n  - B # e\n  b: 1\n",
        ),
        (
            "tls:\n  cipher_suites:\n    - X\n",
            set("tls.cipher_suites", list(&[])),
            "tls:\n  cipher_suites: []\n",
        ),
        (
            "tls:\n  keystore: |\n    /old\n\n  b: 1\n",
            set("tls.keystore", text("/new")),
            "tls:\n  keystore: /new\n\n  b: 1\n",
        ),
        (
            "tls:\n  keystore: a\n    b # c\n",
            set("tls.keystore", text("/new")),
            "tls:\n  keystore: /new # c\n",
        ),
        ("port: 0o17 # c\n", set("port", Number(9142)), "port: 9142 # c\n"),
    ]);
}

#[test]
fn a_value_that_cassandra_reads_as_the_wished_one_stays_as_it_is() {
    for (line, value) in [
        ("key: yes", Bool(true)),
        ("key: 'Off'", Bool(false)),
        ("key: 9_142", Number(9142)),
        ("key: 0x10", Number(16)),
        ("key: \"/etc/x\"", text("/etc/x")),
        ("key: 0123", secret("0123")),
        ("key: x # not a comment's business", secret("x")),
        ("key: [ 'A',\"B\" ]", list(&["A", "B"])),
        ("key:\n- A\n- B", list(&["A", "B"])),
        ("key: {b: 2, a: on}", map(&[("a", Bool(true)), ("b", Number(2))])),
        ("key: {}", map(&[])),
        ("other: 1", Absent),
    ] {
        let before = format!("{line}\n");
        assert_eq!(edited(&before, &[set("key", value)]).as_ref(), Ok(&before));
    }
}

#[test]
fn a_missing_key_goes_after_its_commented_line_or_after_the_last_entry() {
    let optional = || set("tls.optional", Bool(true));
    check(&[
        ("tls:\n  a: 1\n", optional(), "tls:\n  a: 1\n  optional: true\n"),
        ("tls:\n  a: 1", optional(), "tls:\n  a: 1\n  optional: true"),
        (
            "tls:\r\n    a: 1 # c\r\n\r\nb: 1\r\n",
            optional(),
            "tls:\r\n    a: 1 # c\r\n    optional: true\r\n\r\nb: 1\r\n",
        ),
        (
            "tls:\n  a: 1\n  # tail\n# head\nb: 1\n",
            optional(),
            "tls:\n  a: 1\n  optional: true\n  # tail\n# head\nb: 1\n",
        ),
        (
            "tls:\n  # optional: false\n  a: 1\n",
            optional(),
            "tls:\n  # optional: false\n  optional: true\n  a: 1\n",
        ),
        (
            "tls:\n  a: 1\n  #optional: false\n  # more\n",
            optional(),
            "tls:\n  a: 1\n  #optional: false\n  optional: true\n  # more\n",
        ),
        (
            "s:\n  # optional: 1\n  a: 1\ntls:\n  a: 1\n# optional: 2\n",
            optional(),
            "s:\n  # optional: 1\n  a: 1\ntls:\n  a: 1\n  optional: true\n# optional: 2\n",
        ),
        (
            "tls:\n  a: |\n    # optional: false\n    more\n  b: 1\n",
            optional(),
            "tls:\n  a: |\n    # optional: false\n    more\n  b: 1\n  optional: true\n",
        ),
        (
            "tls:\n  a:\n    x: 1\n    # optional: false\n    y: 1\n",
            optional(),
            "tls:\n  a:\n    x: 1\n    # optional: false\n    y: 1\n  optional: true\n",
        ),
        ("tls:\n  a: |+\n    x\n\nb: 1\n", optional(), "tls:\n  a: |+\n    x\n\n  optional: true\nb: 1\n"),
        (
            "tls:\n  # cipher_suites: [\n  #   A,\n  #   B\n  # ]\n  a: 1\n",
            set("tls.cipher_suites", list(&["A"])),
            "tls:\n  # cipher_suites: [\n  #   A,\n  #   B\n  # ]\n  cipher_suites: [A]\n  a: 1\n",
        ),
        ("tls: {a: 1}\n", optional(), "tls: {a: 1, optional: true}\n"),
        ("tls: {}\n", optional(), "tls: {optional: true}\n"),
        ("tls: { a: 1, } # c\n", optional(), "tls: { a: 1, optional: true, } # c\n"),
        ("tls: {\n  a: 1 # c\n}\n", optional(), "tls: {\n  a: 1, # c\n  optional: true\n}\n"),
        ("tls: {\n  a: 1, # c\n  }\n", optional(), "tls: {\n  a: 1, # c\n  optional: true,\n  }\n"),
        ("tls: {\n  a: 1,\n  b: 2}\n", optional(), "tls: {\n  a: 1,\n  b: 2,\n  optional: true}\n"),
        ("tls: {\n  a: 1\n  , b: 2\n}\n", optional(), "tls: {\n  a: 1\n  , b: 2, optional: true\n}\n"),
        ("{tls: , b: 1}\n", optional(), "{tls: {optional: true} , b: 1}\n"),
        ("{b: 1}\n", optional(), "{b: 1, tls: {optional: true}}\n"),
    ]);
}

#[test]
fn a_missing_section_goes_after_its_commented_block_or_to_the_end() {
    let on = || set("tls.enabled", Bool(true));
    check(&[
        ("", on(), "tls:\n  enabled: true\n"),
        ("# only a comment", on(), "# only a comment\n\ntls:\n  enabled: true"),
        ("a: 1\n", on(), "a: 1\n\ntls:\n  enabled: true\n"),
        ("a: 1", on(), "a: 1\n\ntls:\n  enabled: true"),
        ("a: 1\r\nb:\r\n    c: 1\r\n", on(), "a: 1\r\nb:\r\n    c: 1\r\n\r\ntls:\r\n    enabled: true\r\n"),
        ("a: 1\n# tail\n...\n# after\n", on(), "a: 1\n# tail\n\ntls:\n  enabled: true\n...\n# after\n"),
        (
            "# tls:\n#   enabled: false\n#   keystore: x\n\nb: 1\n",
            on(),
            "# tls:\n#   enabled: false\n#   keystore: x\ntls:\n  enabled: true\n\nb: 1\n",
        ),
        (
            "a: 1\n#tls:\n#    enabled: false\n#b: 2\nc: 1\n",
            on(),
            "a: 1\n#tls:\n#    enabled: false\ntls:\n  enabled: true\n#b: 2\nc: 1\n",
        ),
        (
            "s:\n  a: 1\n# tls:\n#   enabled: false\n  b: 1\n",
            on(),
            "s:\n  a: 1\n# tls:\n#   enabled: false\n  b: 1\n\ntls:\n  enabled: true\n",
        ),
        ("tls:\nb: 1\n", on(), "tls:\n  enabled: true\nb: 1\n"),
        ("tls: # c\n\nb: 1\n", on(), "tls: # c\n  enabled: true\n\nb: 1\n"),
        ("tls: ~\nb: 1\n", on(), "tls:\n  enabled: true\nb: 1\n"),
        ("tls: null # c\n", on(), "tls: # c\n  enabled: true\n"),
        (
            "tls:\n    # enabled: false\n    # x\nb: 1\n",
            on(),
            "tls:\n    # enabled: false\n    enabled: true\n    # x\nb: 1\n",
        ),
        ("a: 1\n", set("port", Number(1)), "a: 1\nport: 1\n"),
        ("# port: 2\na: 1\n", set("port", Number(1)), "# port: 2\nport: 1\na: 1\n"),
    ]);
}

#[test]
fn a_key_is_removed_with_its_line_alone() {
    let gone = || set("tls.a", Absent);
    check(&[
        ("tls:\n  a: 1 # c\n  b: 1\n", gone(), "tls:\n  b: 1\n"),
        ("tls:\n  b: 1\n  a: 1", gone(), "tls:\n  b: 1"),
        (
            "tls:\r\n  b: 1\r\n  # c\r\n  a:\r\n  - 1\r\n\r\nc: 1\r\n",
            gone(),
            "tls:\r\n  b: 1\r\n  # c\r\n\r\nc: 1\r\n",
        ),
        ("tls:\n  a: 1\nb: 1\n", gone(), "tls: {}\nb: 1\n"),
        ("tls: # c\n  a: 1", gone(), "tls: {} # c"),
        ("tls: {a: 1}\n", gone(), "tls: {}\n"),
        ("tls: {a: 1,}\n", gone(), "tls: {}\n"),
        ("tls: {\n  b: 1,\n  a: 1,}\n", gone(), "tls: {\n  b: 1,\n  }\n"),
        ("tls: {\n  b: 1,\n  a: 1\n  , }\n", gone(), "tls: {\n  b: 1,\n   }\n"),
        ("tls: {a: 1, b: 1}\n", gone(), "tls: {b: 1}\n"),
        ("tls: {b: 1, a: 1}\n", gone(), "tls: {b: 1}\n"),
        ("tls: {\n  b: 1, # c\n  a: 1, # d\n}\n", gone(), "tls: {\n  b: 1, # c\n}\n"),
        ("tls: {\n  a: 1, # c\n  b: 1}\n", gone(), "tls: {\n  b: 1}\n"),
        ("port: 1\na: 1\n", set("port", Absent), "a: 1\n"),
        ("a: 1\n", gone(), "a: 1\n"),
    ]);
}

#[test]
fn a_mapping_is_set_key_by_key() {
    let factory = |entries: &[(&str, EditValue)]| set("tls.ssl_context_factory", map(entries));
    let pem = || ("class_name", text("org.apache.cassandra.security.PEMBasedSslContextFactory"));
    check(&[
        (
            "tls:\n  a: 1\n",
            factory(&[pem(), ("parameters", map(&[("private_key", secret("x")), ("number", Number(1))]))]),
            "tls:\n  a: 1\n  ssl_context_factory:\n    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory\n    \
             parameters:\n      private_key: 'x'\n      number: 1\n",
        ),
        (
            "tls:\n  ssl_context_factory:\n    class_name: x # c\n    old: 1\n",
            factory(&[pem()]),
            "tls:\n  ssl_context_factory:\n    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory # c\n",
        ),
        (
            "tls: {a: 1}\n",
            factory(&[("b", map(&[("c", Number(1))]))]),
            "tls: {a: 1, ssl_context_factory: {b: {c: 1}}}\n",
        ),
        (
            "tls:\n  a: 1\n",
            set("tls.ssl_context_factory", map(&[])),
            "tls:\n  a: 1\n  ssl_context_factory: {}\n",
        ),
    ]);
}

#[test]
fn a_value_is_quoted_so_that_yaml_1_1_reads_it_as_meant() {
    for (value, written) in [
        (text("/etc/cassandra/tls/keystore.p12"), "/etc/cassandra/tls/keystore.p12"),
        (text("PKCS12"), "PKCS12"),
        (text("TLSv1.2"), "TLSv1.2"),
        (text("yes"), "'yes'"),
        (text("Off"), "'Off'"),
        (text("n"), "'n'"),
        (text("NULL"), "'NULL'"),
        (text("0777"), "'0777'"),
        (text("1_000"), "'1_000'"),
        (text("12:30:00"), "'12:30:00'"),
        (text("2001-01-01"), "'2001-01-01'"),
        (text("="), "'='"),
        (text("<<"), "'<<'"),
        (text(""), "''"),
        (text("a: b"), "'a: b'"),
        (text("a #b"), "'a #b'"),
        (text("it's"), "'it''s'"),
        (text("C:\\x"), "'C:\\x'"),
        (text("é☕"), "'é☕'"),
        (text("a\tb\n\"\\"), "\"a\\tb\\n\\\"\\\\\""),
        (text("\u{7}\u{2028}\u{1f980}"), "\"\\x07\\u2028\\U0001f980\""),
        (secret("plain"), "'plain'"),
        (secret("\u{1f980}"), "\"\\U0001f980\""),
        (list(&["A", "b c", "yes"]), "[A, 'b c', 'yes']"),
        (Number(-5), "-5"),
    ] {
        assert_eq!(edited("k: old\n", &[set("k", value)]), Ok(format!("k: {written}\n")));
    }
}

#[test]
fn a_value_is_read_as_cassandra_takes_it() {
    let text = "base: &b {enabled: true, optional: false}\nmore: &m {optional: true, store_type: JKS}\n\
                one: {<<: *b, enabled: no}\ntwo:\n  <<: [*b, *m]\nthree: *m\ndup: 1\ndup: 2\nloop: &l {<<: *l}\n";
    let read =
        |path: &[&str]| get(text, path).unwrap().map(|node| node.as_str().unwrap_or("(mapping)").to_string());
    assert_eq!(read(&["one", "enabled"]).as_deref(), Some("no"));
    assert_eq!(read(&["one", "optional"]).as_deref(), Some("false"));
    assert_eq!(read(&["two", "optional"]).as_deref(), Some("false"));
    assert_eq!(read(&["two", "store_type"]).as_deref(), Some("JKS"));
    assert_eq!(read(&["three", "optional"]).as_deref(), Some("true"));
    assert_eq!(read(&["dup"]).as_deref(), Some("2"));
    assert_eq!(read(&["loop", "x"]), None);
    assert_eq!(read(&["one"]).as_deref(), Some("(mapping)"));
    assert_eq!(read(&["nothing", "x"]), None);
}

#[test]
fn amounts_and_decimals_are_written_as_cassandra_writes_them() {
    let decimal = |text: &str| EditValue::Decimal(text.to_string());
    check(&[
        ("a: 64MiB/s\n", set("a", text("128MiB/s")), "a: 128MiB/s\n"),
        ("a: 5000ms\n", set("a", text("5s")), "a: 5s\n"),
        ("a: 5000ms\n", set("a", text("5000")), "a: '5000'\n"),
        ("a: 1\n", set("a", text("1e5")), "a: '1e5'\n"),
        ("a: 1\n", set("a", text("0x5d")), "a: '0x5d'\n"),
        ("a: 1\n", set("a", text("12:30s")), "a: '12:30s'\n"),
        ("a: 8\n", set("a", decimal("8.5")), "a: 8.5\n"),
        ("a: 0.10 # a tenth\n", set("a", decimal("0.1")), "a: 0.10 # a tenth\n"),
        ("a: '0.11'\n", set("a", decimal("0.12")), "a: 0.12\n"),
    ]);
}
