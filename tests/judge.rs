//! Stores that break one rule each, and good ones that break none.

#[path = "judge/cases.rs"]
mod cases;
#[path = "support/debian.rs"]
mod debian;
#[path = "judge/desk.rs"]
mod desk;

use cases::{Case, TRUSTSTORE, cases, serves_of_old_ca};
use desk::{Desk, ENABLE, facts};
use ringwalk::cli::load::Loaded;
use ringwalk::facts::{FileFacts, NodeFacts};
use ringwalk::formats::store::{Store, StoreError};
use ringwalk::plan::judge::{self, Finding, Named, Rule, Severity, judge};
use ringwalk::plan::material::Standing;
use ringwalk::plan::step::StoreName;
use ringwalk::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn found(case: &Case) -> Result<Vec<Finding>, String> {
    let loaded = Desk::new(case.spoil, case.stores, case.options).load()?;
    let mut facts = facts();
    (case.n1)(&mut facts.nodes[0]);
    Ok(judge(&loaded.input, &loaded.material, &facts))
}

#[test]
fn each_rule_finds_what_breaks_it_and_no_other_does() {
    let mut wrong = Vec::new();
    for case in cases() {
        let at_load = matches!(case.rule, Rule::Opens | Rule::KeyPassword);
        match found(&case) {
            Err(problem) if at_load => {
                let says = problem.contains(case.says) && problem.contains(&format!("({})", case.rule));
                wrong.extend((!says).then(|| format!("{}: {problem}", case.name)));
            }
            Err(problem) => wrong.push(format!("{}: {problem}", case.name)),
            Ok(findings) => {
                let mut on: BTreeMap<&str, usize> = BTreeMap::new();
                for finding in &findings {
                    *on.entry(finding.node.as_deref().unwrap_or_default()).or_default() += 1;
                }
                let right = findings.iter().all(|finding| {
                    (finding.rule, finding.severity) == (case.rule, case.severity)
                        && finding.reason.contains(case.says)
                        && !finding.help.is_empty()
                });
                if !right || on != case.on.iter().copied().collect() {
                    wrong.push(format!("{}: {findings:#?}", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_stores_break_no_rule_whatever_their_format() {
    let jks = "for n in n1 n2 n3; do keytool -importkeystore -noprompt -srckeystore $n.store -srcstorepass:file password \
               -destkeystore $n.jks -deststoretype JKS -deststorepass:file password; mv $n.jks $n.store; done";
    let pem = "ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }";
    let short = "key middle; certificate middle ca 'basicConstraints=critical,CA:true\\n'; certificate n1 middle \"$(usual n1)\"; store n1 middle";
    let later = "for n in n1 n2 n3; do { sealed $n; cat $n.pem ca.pem; } >$n.later; done";
    let pem_later = "enabled: true, optional: false }\n  - name: later\n    stores: { keystore: { from: \"{node}.later\" }, truststore: { from: ca.pem } }\n    \
                     client_encryption_options: { ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }";
    let legacy = "for n in n1 n2 n3; do openssl pkcs12 -export -legacy -name $n -inkey $n.key -in $n.pem -certfile ca.pem -out $n.store -passout file:password; done";
    for (name, spoil, options) in [
        ("PKCS12", "", ENABLE.to_owned()),
        ("JKS", jks, ENABLE.to_owned()),
        ("PEM", "pem", format!("{ENABLE}, {pem}")),
        ("a chain without its root", short, ENABLE.to_owned()),
        ("legacy PKCS12", legacy, ENABLE.to_owned()),
        ("PKCS12, and PEM with its factory in a later phase", later, pem_later.to_owned()),
    ] {
        let loaded = Desk::new(spoil, TRUSTSTORE, &options)
            .load()
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let findings = judge(&loaded.input, &loaded.material, &facts());
        assert!(findings.is_empty(), "{name}: {findings:#?}");
    }
}

/// A truststore that no `stores` brings, on n1 alone.
#[test]
fn a_store_that_is_only_named_is_judged_as_it_stands() {
    let options = "enabled: true, optional: false, require_client_auth: true, truststore: /etc/t.p12, truststore_password: \"file:password\"";
    let mut loaded = Desk::new("", "", options).load().unwrap();
    let mut facts = facts();
    let file = FileFacts {
        sha256: "00".into(),
        size_bytes: 1,
        owner: "cassandra".into(),
        group: "cassandra".into(),
        mode: 0o400,
    };
    facts.nodes[0].files.insert("/etc/t.p12".into(), Some(file));
    let mut named = judge::named(&loaded.input, &loaded.material, &facts);
    let Named { key, path, password } = named.remove(0);
    assert!(named.is_empty());
    assert_eq!((key.node.as_str(), path.as_str(), password.expose()), ("n1", "/etc/t.p12", "changeit"));

    let good = Desk::new("", TRUSTSTORE, ENABLE).load().unwrap().material;
    let truststore = good.store(0, "n1", StoreName::Truststore).unwrap().content.clone().unwrap();
    let empty = Store { trusted: Vec::new(), ..(*truststore).clone() };
    for (content, expected) in [
        (Ok(truststore), None),
        (Ok(Arc::new(empty)), Some(Rule::Trust)),
        (Err(StoreError::WrongPassword), Some(Rule::Opens)),
    ] {
        let (path, password) = (path.clone(), password.clone());
        let standing = Standing { path, sha256: "00".into(), password, content };
        loaded.material.standing = BTreeMap::from([(key.clone(), standing)]);
        let findings = judge(&loaded.input, &loaded.material, &facts);
        let of_n1 = findings.iter().filter(|finding| finding.node.as_deref() == Some("n1"));
        let of_n1: Vec<_> = of_n1.map(|finding| (finding.rule, finding.severity)).collect();
        match expected {
            Some(rule) => assert!(of_n1.contains(&(rule, Severity::Error)), "{findings:#?}"),
            None => assert_eq!(of_n1, [], "{findings:#?}"),
        }
        let of_others = findings.iter().filter(|finding| finding.reason.contains("is only named"));
        assert_eq!(of_others.count(), 2, "{findings:#?}");
    }
}

/// JDK-8286428: since 19 Java tells Cassandra by which name it knows an encryption with PBES2.
#[test]
fn a_pem_key_of_today_is_good_for_a_java_of_today() {
    let pem = "enabled: true, ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }";
    let spoil =
        "pem; for n in n1 n2 n3; do { sealed $n -v2 aes-256-cbc; cat $n.pem ca.pem; } >$n.store; done";
    let loaded = Desk::new(spoil, TRUSTSTORE, pem).load().unwrap();
    for (java, refused) in [("18.0.2", 3), ("19", 0), ("21.0.7", 0)] {
        let mut facts = facts();
        facts.nodes.iter_mut().for_each(|node| node.java = Some(java.into()));
        let findings = judge(&loaded.input, &loaded.material, &facts);
        assert!(
            findings.len() == refused && findings.iter().all(|finding| finding.rule == Rule::PemKey),
            "{java}: {findings:#?}"
        );
    }
}

/// What `keytool -genkeypair` makes for development, one store a node, is usable: nothing refuses it.
#[test]
fn self_signed_stores_of_development_are_not_refused() {
    let spoil = "for n in n1 n2 n3; do rm $n.store; keytool -genkeypair -alias $n -dname CN=$n -keyalg RSA -keystore $n.store \
                 -storetype PKCS12 -storepass:file password; done";
    let loaded = Desk::new(spoil, TRUSTSTORE, ENABLE).load().unwrap();
    let findings = judge(&loaded.input, &loaded.material, &facts());
    let rules: BTreeSet<Rule> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, BTreeSet::from([Rule::Names, Rule::Issuer]), "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.severity == Severity::Warning), "{findings:#?}");
}

#[test]
fn the_same_finding_of_many_nodes_is_told_once() {
    let spoil = "for n in n2 n3; do cp n1.key $n.key; certificate $n ca \"$(usual $n)\"; store $n ca; done";
    let loaded = Desk::new(spoil, TRUSTSTORE, ENABLE).load().unwrap();
    let told = judge::warnings(&judge(&loaded.input, &loaded.material, &facts()));
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("keystore of `n1`, `n2`, `n3`: 3 nodes share one private key"), "{told:#?}");
}

#[test]
fn a_store_by_itself_is_judged_by_what_is_in_it() {
    let desk = Desk::new("certificate n1 ca \"$(usual n1)\" -days -1; store n1 ca", TRUSTSTORE, ENABLE);
    let loaded = desk.load().unwrap();
    let rules = |node: &str, store| -> Vec<Rule> {
        let local = loaded.material.store(0, node, store).unwrap();
        let now = jiff::Timestamp::now();
        judge::store(local.content.as_deref().unwrap(), now).iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(rules("n1", StoreName::Keystore), [Rule::Validity]);
    assert_eq!(rules("n2", StoreName::Keystore), []);
    assert_eq!(rules("n2", StoreName::Truststore), []);
}

#[test]
fn a_rule_is_a_file_a_case_and_a_line_of_the_docs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("docs/store-rules.md")).unwrap();
    let tested: BTreeSet<Rule> = cases().iter().map(|case| case.rule).collect();
    for rule in Rule::ALL {
        assert!(root.join(format!("src/plan/judge/{rule}.rs")).exists(), "{rule} has no file");
        assert!(docs.contains(&format!("| `{rule}` |")), "{rule} has no line in docs/store-rules.md");
        assert!(tested.contains(&rule), "{rule} has no case");
    }
}

#[test]
fn a_ca_that_ended_is_a_warning_where_the_command_line_accepts_it() {
    let ended = cases().into_iter().find(|case| case.name == "a CA that ended").unwrap();
    let mut loaded = Desk::new(ended.spoil, ended.stores, ended.options).load().unwrap();
    loaded.input.playbook.stores.accept_expired_ca = true;
    let findings = judge(&loaded.input, &loaded.material, &facts());
    assert_eq!(findings.len(), 3, "{findings:#?}");
    for finding in findings {
        assert_eq!((finding.rule, finding.severity), (Rule::Validity, Severity::Warning), "{finding:#?}");
        assert!(finding.reason.contains(ended.says), "{finding:#?}");
    }
}

#[test]
fn clients_that_know_the_ca_accept_its_leaves_whatever_else_they_know() {
    let spoil = "authority other Other; cat other.pem ca.pem >both.pem";
    let stores =
        "  client_truststores: [ { from: both.pem }, { from: truststore.store, password: file:password } ]";
    let loaded = Desk::new(spoil, stores, ENABLE).load().unwrap();
    assert_eq!(judge(&loaded.input, &loaded.material, &facts()), []);
    let missing = Desk::new("", "  client_truststores: [ { from: nowhere.pem } ]", ENABLE).load();
    assert!(missing.err().unwrap().contains("cannot read"), "a truststore that is not there");
}

/// Of n1, which serves a leaf of another CA.
#[test]
fn a_leaf_of_a_ca_that_clients_can_know_is_not_refused() {
    let root = |loaded: &Loaded| {
        let truststore = loaded.material.store(0, "n1", StoreName::Truststore).unwrap();
        let trusts = truststore.content.as_ref().unwrap().anchors();
        trusts.map(|anchor| (anchor.sha256.clone(), anchor.subject.clone())).collect::<BTreeMap<_, _>>()
    };
    type Mend = fn(&mut NodeFacts, &BTreeMap<String, String>);
    let known: [(&str, &str, Mend); 5] = [
        ("by their truststores", "  client_truststores: [ { from: ca.pem } ]", |_, _| {}),
        ("by that of the node", "", |n1, root| n1.trusts.as_mut().unwrap().extend(root.clone())),
        ("as the root that it shows", "", |n1, root| {
            n1.shows.get_mut(&9042).unwrap().issuers = root.keys().cloned().collect();
        }),
        ("as the issuer of what it shows", "", |n1, _| {
            let shows = n1.shows.get_mut(&9042).unwrap();
            (shows.issuer, shows.is_whole, shows.issuers) = (Some("CN=Orders CA".into()), false, [].into());
        }),
        ("since it is in plaintext", "", |n1, _| n1.shows.get_mut(&9042).unwrap().tls = false),
    ];
    for (name, stores, mend) in known {
        let loaded = Desk::new("", &format!("{TRUSTSTORE}\n{stores}"), ENABLE).load().unwrap();
        let mut facts = facts();
        serves_of_old_ca(&mut facts.nodes[0]);
        mend(&mut facts.nodes[0], &root(&loaded));
        let findings = judge(&loaded.input, &loaded.material, &facts);
        assert_eq!(findings, [], "{name}");
    }
}

/// The root is not shown: that its truststore has it, and so belongs to what it shows, is told by the name.
#[test]
fn a_truststore_that_drops_the_ca_of_a_leaf_without_its_root_is_refused() {
    let spoil = "authority other Other; rm truststore.store; trust other";
    let loaded = Desk::new(spoil, TRUSTSTORE, ENABLE).load().unwrap();
    let mut facts = facts();
    let n1 = &mut facts.nodes[0];
    serves_of_old_ca(n1);
    let keystore = loaded.material.store(0, "n1", StoreName::Keystore).unwrap();
    let shows = n1.shows.get_mut(&9042).unwrap();
    shows.certificate = keystore.certificate.as_ref().map(|leaf| leaf.sha256.clone());
    (shows.issuer, shows.is_whole, shows.issuers) = (Some("CN=Orders CA".into()), false, [].into());
    n1.trusts = Some(BTreeMap::from([("22".into(), "CN=Orders CA".into())]));
    let findings = judge(&loaded.input, &loaded.material, &facts);
    let dropped: Vec<&Finding> = findings.iter().filter(|finding| finding.rule == Rule::CaOverlap).collect();
    assert!(dropped.len() == 1 && dropped[0].reason.contains("drops the CA"), "{findings:#?}");
}

/// A reload renews what nodes show each other, too.
#[test]
fn a_leaf_at_the_path_of_the_nodes_own_keystore_has_to_be_trusted_by_the_others() {
    let loaded = Desk::new("", TRUSTSTORE, ENABLE).load().unwrap();
    let mut facts = facts();
    for node in &mut facts.nodes {
        node.yaml.text = Secret::new(
            "server_encryption_options:\n  internode_encryption: all\n  keystore: /opt/cassandra/conf/.keystore\n  \
             keystore_password: changeit\n",
        );
    }
    facts.nodes[0].internode_trusts = Some(BTreeMap::from([("00".into(), "CN=Old CA".into())]));
    let findings = judge(&loaded.input, &loaded.material, &facts);
    let refused: BTreeSet<&str> = findings
        .iter()
        .filter(|finding| finding.rule == Rule::CaOverlap && finding.severity == Severity::Error)
        .filter_map(|finding| finding.node.as_deref())
        .collect();
    assert_eq!(refused, BTreeSet::from(["n2", "n3"]), "{findings:#?}");
}
