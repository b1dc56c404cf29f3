//! A spoiled node and what the audit finds, as data; and the three forms in which it is told.

mod cases;
mod good;
#[path = "../support/debian.rs"]
mod debian;
#[path = "../support/workshop.rs"]
mod workshop;

use good::{KEYSTORE, PASSWORD, node};
use jiff::Timestamp;
use ringwalk::audit::view::Audit;
use ringwalk::audit::{Look, Policy, Seen, Unseen, audit, rules};
use ringwalk::facts::version::Version;
use ringwalk::report::Screen;
use ringwalk::report::audit::{prometheus, text};
use std::collections::BTreeSet;
use std::time::Duration;

const POLICY_DAYS: u64 = 30;

fn of(looks: &[Look]) -> Audit {
    let expiry_warning = Duration::from_secs(POLICY_DAYS * 86_400);
    audit("orders", looks, Policy { now: Timestamp::now(), expiry_warning })
}

fn spoiled(spoil: impl FnOnce(&mut Seen)) -> Look {
    let mut look = node();
    spoil(look.seen.as_mut().ok().unwrap());
    look
}

/// `severity rule` of every finding that counts, sorted.
fn found(audit: &Audit) -> Vec<String> {
    let counting = audit.findings.iter().filter(|finding| finding.severity.counts());
    let mut all: Vec<String> = counting.map(|it| format!("{} {}", it.severity, it.rule)).collect();
    all.sort();
    all
}

#[test]
fn a_node_with_nothing_wrong_is_clean() {
    let audit = of(&[node()]);
    assert_eq!(found(&audit), Vec::<String>::new(), "{:#?}", audit.findings);
    assert!(audit.is_clean());
}

#[test]
fn each_rule_finds_what_it_is_for_and_no_other_does() {
    for (case, spoil, expected) in cases::ALL.into_iter().flatten() {
        let audit = of(&[spoiled(*spoil)]);
        assert_eq!(found(&audit), *expected, "{case}: {:#?}", audit.findings);
        assert_eq!(audit.is_clean(), expected.is_empty(), "{case}");
    }
}

#[test]
fn the_reload_that_is_missing_is_named_for_the_version() {
    let help = |version: Version| {
        let audit = of(&[spoiled(|seen| {
            cases::store(seen, KEYSTORE, "other");
            seen.facts.version = version;
        })]);
        audit.findings.iter().find(|finding| finding.rule == "not_reloaded").unwrap().help.clone()
    };
    assert!(help(Version::new(5, 0, 6)).contains("reloadssl"));
    assert!(help(Version::new(3, 11, 19)).contains("restart"));
}

/// Three nodes: one good, one that is behind, one that cannot be reached.
fn three() -> Vec<Look> {
    let mut behind = spoiled(|seen| seen.ports.get_mut(&9042).unwrap().plaintext = true);
    behind.node = "n2".into();
    let unseen =
        Unseen { why: "cannot connect to 10.0.0.3".into(), help: "see that `ssh n3 true` works".into() };
    let away = Look { node: "n3".into(), address: "10.0.0.3".into(), seen: Err(unseen) };
    vec![node(), behind, away]
}

#[test]
fn a_node_that_is_behind_and_one_that_is_away_are_findings_and_hide_no_other() {
    let audit = of(&three());
    let expected = ["error not_restarted", "error unreached", "warning one_mode", "warning plaintext"];
    assert_eq!(found(&audit), expected);
    let shown = text(&audit, Screen { width: 100, color: false });
    let mut lines = shown.lines();
    let head = lines.next().unwrap();
    assert!(head.starts_with("node  file     wire     served"), "{shown}");
    let trusts = &lines.clone().next().unwrap()[head.find("trusts").unwrap()..];
    assert!(trusts.split(' ').nth(1).is_some_and(|days| days.parse::<u32>().unwrap() > 3_600), "{shown}");
    assert!(lines.next().unwrap().starts_with("n1    require  require  "), "{shown}");
    assert!(lines.next().unwrap().starts_with("n2    require  accept   "), "{shown}");
    assert!(lines.next().unwrap().starts_with("n3    ?        ?        "), "{shown}");
    assert!(
        shown.contains(
            "\nerror: n3: cannot be audited: cannot connect to 10.0.0.3 (unreached)\nhelp: see that"
        ),
        "{shown}"
    );
    assert!(shown.ends_with("\n`orders`, 3 nodes: 2 errors, 2 warnings, 0 notices\n"), "{shown}");
    assert!(!shown.contains(PASSWORD));
}

#[test]
fn the_json_has_the_form_of_its_schema_and_no_password() {
    let json = serde_json::to_value(of(&three())).unwrap();
    assert_eq!(json["nodes"][0]["seen"]["mode_on_wire"], "require");
    assert_eq!(json["nodes"][0]["seen"]["ports"][0]["certificate"]["days_left"], 364);
    for [keystore, truststore] in [["keystore", "truststore"], ["internode_keystore", "internode_truststore"]]
    {
        assert_eq!(json["nodes"][0]["seen"][keystore]["certificate"]["subject"], "CN=good");
        assert_eq!(json["nodes"][0]["seen"][truststore]["trusts"][0]["subject"], "CN=CA");
    }
    assert_eq!(json["nodes"][2]["seen"], serde_json::Value::Null);
    assert!(!json.to_string().contains(PASSWORD));
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Audit)).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == schema,
        "UPDATE=1 cargo test --test audit writes {path}"
    );
}

/// What the text exposition format asks for (0.0.4): families whole and once, no sample twice, labels quoted.
#[test]
fn the_prometheus_text_is_of_the_exposition_format() {
    let text = prometheus::text(&of(&three()));
    let (mut family, mut families, mut samples) = (String::new(), BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().unwrap().to_owned();
            assert!(families.insert(family.clone()), "{family} comes twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert_eq!(rest, format!("{family} gauge"));
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<i64>().is_ok(), "{line}");
            assert!(
                sample.starts_with(&format!("{family}{{cluster=\"orders\"")) && sample.ends_with("\"}"),
                "{line}"
            );
            assert!(samples.insert(sample.to_owned()), "{sample} comes twice");
        }
    }
    assert!(text.ends_with('\n') && !text.contains(PASSWORD));
    for at in ["served", "keystore", "trusted", "internode", "internode_keystore", "internode_trusted"] {
        let label =
            format!("ringwalk_certificate_not_after_seconds{{cluster=\"orders\",node=\"n1\",at=\"{at}\"");
        assert!(text.contains(&label), "{at}\n{text}");
    }
    for line in [
        "ringwalk_audit_up{cluster=\"orders\",node=\"n3\"} 0",
        "ringwalk_client_tls_mode{cluster=\"orders\",node=\"n2\",by=\"wire\",mode=\"accept\"} 1",
        "ringwalk_audit_findings{cluster=\"orders\",node=\"n1\",severity=\"error\"} 0",
        "ringwalk_audit_findings{cluster=\"orders\",node=\"n3\",severity=\"error\"} 1",
        "ringwalk_audit_finding{cluster=\"orders\",rule=\"one_mode\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn every_rule_is_a_file_and_stands_in_the_docs() {
    let root = env!("CARGO_MANIFEST_DIR");
    let docs = std::fs::read_to_string(format!("{root}/docs/audit.md")).unwrap();
    for rule in rules::all() {
        assert!(docs.contains(&format!("| `{rule}` |")), "docs/audit.md has no line for {rule}");
        let is_file = std::path::Path::new(&format!("{root}/src/audit/rules/{rule}.rs")).exists();
        assert!(is_file || rule == "unreached", "{rule} has no file");
    }
}
