//! A saved plan against a cluster that has moved on: what, by node and file.

use super::case::{Case, file_facts};
use super::planned;
use ringwalk::input::{self, Source};
use ringwalk::plan::Plan;
use ringwalk::plan::drift::between;
use ringwalk::plan::judge::{Finding, Rule, Severity};
use ringwalk::plan::saved::Saved;

const CASE: &str = "rotate-on-3.11";
const KEYSTORE: &str = "/etc/cassandra/tls/keystore.p12";

/// What is said when the saved plan meets the cluster after `happened`.
fn after(happened: impl FnOnce(&mut Case)) -> Vec<String> {
    let mut case = Case::read(CASE);
    let saved = planned(&case).unwrap();
    happened(&mut case);
    said(&saved, &planned(&case).unwrap())
}

fn said(saved: &Plan, fresh: &Plan) -> Vec<String> {
    between(saved, fresh)
        .into_iter()
        .map(|problem| format!("{}: {}", problem.file, problem.message))
        .collect()
}

#[test]
fn a_plan_of_the_same_cluster_has_not_drifted() {
    assert_eq!(after(|_| {}), [""; 0]);
}

#[test]
fn what_changed_on_a_node_is_named_by_node_and_file() {
    let yaml = after(|case| case.facts.nodes[1].yaml.file = file_facts(b"edited by hand"));
    assert_eq!(yaml, ["n2:/etc/cassandra/cassandra.yaml: changed since the plan was made"]);
    let store =
        after(|case| drop(case.facts.nodes[0].files.insert(KEYSTORE.into(), Some(file_facts(b"other")))));
    assert_eq!(store, [format!("n1:{KEYSTORE}: changed since the plan was made")]);
    let gone = after(|case| drop(case.facts.nodes[0].files.insert(KEYSTORE.into(), None)));
    assert_eq!(gone, [format!("n1:{KEYSTORE}: is gone since the plan was made")]);
    let appeared =
        after(|case| drop(case.facts.nodes[2].files.insert("/new".into(), Some(file_facts(b"new")))));
    assert_eq!(appeared, ["n3:/new: appeared since the plan was made"]);
    let upgraded = after(|case| case.facts.nodes[2].version = "5.0.7".parse().unwrap());
    assert_eq!(upgraded, ["n3: Cassandra is 5.0.7 now; the plan was made for 3.11.19"]);
}

/// Days go by and clients come and go between a plan and its apply.
#[test]
fn what_rules_remark_on_is_no_drift() {
    let saved = planned(&Case::read(CASE)).unwrap();
    let remark = |reason: &str| Finding {
        node: Some("n1".into()),
        store: None,
        phase: None,
        file: "k.p12".into(),
        rule: Rule::Validity,
        severity: Severity::Warning,
        reason: reason.into(),
        help: String::new(),
    };
    let [then, now] = ["it ends in 20 days", "it ends in 19 days"]
        .map(|reason| Plan { findings: vec![remark(reason)], ..saved.clone() });
    assert_eq!(said(&then, &now), [""; 0]);
    let warned = Plan { warnings: vec!["`n1` healed itself".into()], ..saved.clone() };
    assert_eq!(said(&saved, &warned), [""; 0], "a warning is no remark of a rule, and no drift either");
}

#[test]
fn a_node_that_came_or_went_is_named() {
    let case = Case::read(CASE);
    let whole = planned(&case).unwrap();
    let mut smaller = whole.clone();
    smaller.seen.pop();
    assert_eq!(said(&smaller, &whole), ["n3: the node was not there when the plan was made"]);
    assert_eq!(said(&whole, &smaller), ["n3: the node is gone since the plan was made"]);
}

#[test]
fn what_the_operator_changed_is_named_by_node() {
    let stores = after(|case| case.edition("2028"));
    assert_eq!(stores, ["plan: the keystore for `n1` is another file than when the plan was made"]);
    let elsewhere = after(|case| playbook(case, "to: /etc/cassandra/tls/", "to: /etc/cassandra/new/"));
    assert_eq!(
        elsewhere,
        ["plan: `n1`: the plan would now push the keystore to /etc/cassandra/new/keystore.p12, \
          not push the keystore to /etc/cassandra/tls/keystore.p12"]
    );
    let slower = after(|case| playbook(case, "drain: 30s", "drain: 90s"));
    assert_eq!(slower, ["plan: `n1`: the plan would now restart Cassandra in another way"]);
    let stopped = after(|case| case.facts.nodes[0].process = None);
    assert_eq!(stopped, ["plan: `n1` is to be restarted for other reasons than before"]);
    let third = after(|case| case.facts.nodes[2].process = None);
    assert_eq!(third, ["plan: it is the turn of `n3` now where it was that of `n1`"]);
    let unknown = after(|case| playbook(case, "playbook: rotate", "playbook: rotate-again"));
    assert_eq!(
        unknown,
        ["plan: the playbook, the inventory or the ring differs from when the plan was made"]
    );
}

/// The case with another playbook.
fn playbook(case: &mut Case, from: &str, to: &str) {
    let text = std::fs::read_to_string(super::case::directory().join(CASE).join("playbook.yaml")).unwrap();
    assert!(text.contains(from), "{text}");
    let playbook = input::read_playbook(Source { file: "playbook.yaml", text: &text.replace(from, to) });
    case.input.playbook = playbook.unwrap();
}

#[test]
fn a_saved_plan_reads_back_and_one_that_is_none_is_refused() {
    let plan = planned(&Case::read(CASE)).unwrap();
    let saved = Saved { inventory: Some("/i.yaml".into()), playbook: None, plan };
    let text = serde_json::to_string_pretty(&saved).unwrap();
    assert_eq!(Saved::parse("plan.json", &text).as_ref(), Ok(&saved));
    let older = text.replacen("\"format\": 1", "\"format\": 0", 1);
    let cut = &text[..text.len() / 2];
    let other = text.replacen("\"at_once\"", "\"at_twice\"", 1);
    for (text, expected) in [
        (older.as_str(), "the plan has form 0, this program knows form 1"),
        (cut, "this is not a saved plan"),
        ("{}", "this is not a saved plan"),
        (other.as_str(), "the saved plan is damaged"),
    ] {
        let problem = Saved::parse("plan.json", text).unwrap_err();
        assert!(problem.message.starts_with(expected), "{}", problem.message);
        assert!(problem.help.is_some_and(|help| help.contains("ringwalk plan")));
    }
}
