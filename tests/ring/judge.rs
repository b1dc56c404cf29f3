//! Stores that would break a node are refused before anything on any node is touched, rule by rule; and the last word is
//! said of those that are taken.

use super::desk::{Desk, ROLLOUT, enable, store_type};
use super::rig::{nodes, on, yaml_path};
use ringwalk::plan::judge::Rule;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Words for an operator's mistakes, in a directory that `scripts/stores` made.
const WORDS: &str = r#"
usual() { printf 'subjectAltName=DNS:%s,IP:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$1" "$2"; }
# key NAME [OPTIONS OF openssl genpkey]
key() { name=$1; shift; [ $# -gt 0 ] || set -- -algorithm EC -pkeyopt ec_paramgen_curve:P-256; openssl genpkey "$@" -out "$name.key"; }
# authority NAME
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -days 99 -subj "/CN=$1" -addext basicConstraints=critical,CA:true; }
# certificate NAME CA EXTENSIONS [OPTIONS OF openssl x509]
certificate() {
  name=$1 ca=$2; printf '%s' "$3" >ext; shift 3
  case " $* " in *" -days "*) ;; *) set -- -days 90 "$@" ;; esac
  openssl req -new -key "$name.key" -subj "/CN=$name" -out csr
  openssl x509 -req -in csr -CA "$ca.pem" -CAkey "$ca.key" -CAcreateserial -out "$name.pem" -extfile ext "$@"
}
# store NAME CA [FILE OF THE PASSWORD]
store() { openssl pkcs12 -export -name "$1" -inkey "$1.key" -in "$1.pem" -certfile "$2.pem" -out "$1.p12" -passout "file:${3:-password}"; }
# sealed NAME: its private key as Cassandra reads it from PEM.
sealed() { openssl pkcs12 -in "$1.p12" -nocerts -nodes -passin file:password | openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout file:password; }
pem() { for n in n1 n2 n3; do { sealed $n; cat $n.pem ca.pem; } >$n.store; done; }
"#;

/// What is spoiled beside the playbook and in it, and what is said of it: an error, or else a warning.
struct Variant {
    rule: Rule,
    spoil: &'static str,
    playbook: fn(String) -> String,
    /// On n1 before, and after.
    there: Option<(&'static str, &'static str)>,
    is_error: bool,
    says: &'static str,
}

const fn refused(rule: Rule, spoil: &'static str, says: &'static str) -> Variant {
    Variant { rule, spoil, playbook: |playbook| playbook, there: None, is_error: true, says }
}

const fn warned(rule: Rule, spoil: &'static str, says: &'static str) -> Variant {
    Variant { is_error: false, ..refused(rule, spoil, says) }
}

const ANOTHER_CA: &str = "authority other; for n in n1 n2 n3; do key $n; certificate $n other \"$(usual $n 10.77.0.1${n#n})\"; store $n other; done";
const NO_TRUST: &str =
    "rm truststore.p12; openssl pkcs12 -export -nokeys -in ca.pem -out truststore.p12 -passout file:password";
/// The keystores under a password of their own.
const SHORT: &str = "printf abcde >own; for n in n1 n2 n3; do key $n; certificate $n ca \"$(usual $n 10.77.0.1${n#n})\"; store $n ca own; done";
const OTHER: &str = "printf another-password >own; for n in n1 n2 n3; do key $n; certificate $n ca \"$(usual $n 10.77.0.1${n#n})\"; store $n ca own; done";

#[rustfmt::skip]
fn variants() -> Vec<Variant> {
    vec![
        refused(Rule::Opens, "openssl pkcs12 -export -in n2.pem -nokeys -out n2.p12 -passout pass:another", "the password is wrong"),
        refused(Rule::KeyPassword, "keytool -importkeystore -noprompt -srckeystore n2.p12 -srcstorepass:file password -srcalias n2 -srckeypass:file password -destkeystore n2.jks -deststoretype JKS -deststorepass:file password -destkeypass another; mv n2.jks n2.p12", "has another password than the store"),
        refused(Rule::OneKey, "openssl pkcs12 -export -nokeys -in n2.pem -out n2.p12 -passout file:password", "holds no private key"),
        Variant { playbook: in_pem, ..refused(Rule::KeyFits, "pem; { sealed n1; cat n2.pem ca.pem; } >n2.store", "is not the key of its certificate") },
        Variant { playbook: in_pem, ..refused(Rule::Chain, "pem; { sealed n2; cat n2.pem n1.pem ca.pem; } >n2.store", "its chain is not in order") },
        Variant { playbook: |playbook| with_clients(playbook, "ca.pem"),
            ..warned(Rule::Issuer, "authority other; rm truststore.p12; keytool -importcert -noprompt -alias other -file other.pem -keystore truststore.p12 -storetype PKCS12 -storepass:file password", "is not in the truststore: what trusts by that truststore refuses this node") },
        refused(Rule::CaOverlap, ANOTHER_CA, "is not the CA of what the node shows before"),
        Variant { playbook: |playbook| with_clients(playbook, "other.pem"), ..refused(Rule::ClientTrust, "authority other", "clients that trust by that would refuse the node") },
        refused(Rule::Validity, "key n2; certificate n2 ca \"$(usual n2 10.77.0.12)\" -days -1; store n2 ca", "CN=n2 ended on"),
        warned(Rule::Names, "key n2; certificate n2 ca 'subjectAltName=DNS:n2'; store n2 ca", "does not name 10.77.0.12"),
        refused(Rule::ServerUse, "key n2; certificate n2 ca \"$(printf 'subjectAltName=IP:10.77.0.12\\nextendedKeyUsage=clientAuth\\n')\"; store n2 ca", "lacks serverAuth"),
        warned(Rule::OwnKey, "key n1; cp n1.key n2.key; for n in n1 n2; do certificate $n ca \"$(usual $n 10.77.0.1${n#n})\"; store $n ca; done", "2 nodes share one private key"),
        refused(Rule::OwnStore, "mv n1.p12 x; mv n2.p12 n1.p12; mv x n2.p12", "was made for `n"),
        warned(Rule::Signature, "key n2; certificate n2 ca \"$(usual n2 10.77.0.12)\" -sha1; store n2 ca", "ECDSA with SHA-1"),
        warned(Rule::KeySize, "key n2 -algorithm RSA -pkeyopt rsa_keygen_bits:1024; certificate n2 ca \"$(usual n2 10.77.0.12)\"; store n2 ca", "an RSA key of 1024 bits"),
        warned(Rule::Trust, NO_TRUST, "trusts nobody in Java's eyes"),
        Variant { playbook: |playbook| with_option(playbook, "store_type: BCFKS"), ..refused(Rule::StoreType, "", "as which Java does not open it") },
        Variant { playbook: of_pem_files, ..refused(Rule::PemFactory, "pem", "nothing says so to Cassandra") },
        Variant { playbook: in_pem, ..refused(Rule::PemKey, "pem; { openssl pkcs12 -in n2.p12 -nocerts -nodes -passin file:password | openssl pkey; cat n2.pem ca.pem; } >n2.store", "is not encrypted") },
        Variant { playbook: to_the_internode_keystore, ..refused(Rule::SharedPath, OTHER, "`server_encryption_options.keystore` names") },
        Variant { playbook: with_own_password, ..warned(Rule::Password, SHORT, "less than 6 characters") },
        Variant { there: Some(("cp -p YAML /root/kept.yaml && chmod o+r YAML", "mv /root/kept.yaml YAML")),
            ..warned(Rule::ReadableYaml, "key n1; certificate n1 ca \"$(usual n1 10.77.0.11)\"; store n1 ca", "may be read by every user") },
    ]
}

/// Rules that no playbook breaks on this ring.
const ELSEWHERE: [(Rule, &str); 3] = [
    (Rule::OldJava, "the ring has a Java of today"),
    (Rule::RelativePath, "the ring's files name absolute paths since TLS came"),
    (
        Rule::KnownClients,
        "needs nodes that ask clients for certificates: the scene of a first own CA has them",
    ),
];

/// Needs no ring.
pub fn every_rule_is_shown_or_said_why_not() {
    let shown = variants().into_iter().map(|variant| variant.rule);
    let told: Vec<Rule> = shown.chain(ELSEWHERE.map(|(rule, _)| rule)).collect();
    assert_eq!(told.len(), Rule::ALL.len(), "each once");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(Rule::ALL));
    assert!(ELSEWHERE.iter().all(|(_, why)| !why.is_empty()));
}

pub fn scene() {
    let desk = Desk::of_this_ring();
    assert_eq!(store_type().1, "p12");
    let (good, stores) = (desk.directory.join("stores-good"), desk.directory.join("stores"));
    let _ = fs::remove_dir_all(&good);
    copy(&stores, &good);
    let before = everything();
    for variant in variants() {
        println!("-- {}", variant.rule);
        let _ = fs::remove_dir_all(&stores);
        copy(&good, &stores);
        let script = format!("set -e\n{WORDS}\n{}", variant.spoil);
        let done = Command::new("bash").args(["-c", &script]).current_dir(&stores).output().unwrap();
        assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
        desk.write("variant.yaml", &(variant.playbook)(enable(ROLLOUT)));
        let there = |line: &str| drop(on("n1", &line.replace("YAML", yaml_path())));
        variant.there.into_iter().for_each(|(before, _)| there(before));
        let screen = desk.ringwalk_with("variant.yaml", &["plan"]);
        variant.there.into_iter().for_each(|(_, after)| there(after));
        let named = format!("({})", variant.rule);
        screen.exits(if variant.is_error { 2 } else { 10 }).says(variant.says).says(&named).says("help:");
        assert_eq!(everything(), before, "{}: a node was touched", variant.rule);
    }
    // The last one is a warning; a refusal is no other to `check` and `apply`.
    let refused = "openssl pkcs12 -export -nokeys -in n2.pem -out n2.p12 -passout file:password";
    assert!(Command::new("bash").args(["-c", refused]).current_dir(&stores).status().unwrap().success());
    for words in [&["check"][..], &["apply", "--yes"]] {
        desk.ringwalk(words).exits(2).says("(one_key)").says("help:");
        assert_eq!(everything(), before, "a node was touched");
    }
    let _ = fs::remove_dir_all(&stores);
    copy(&good, &stores);
    desk.ringwalk(&["check"]).exits(0).says_not("keystore of").says_not("truststore of");
    stores_that_are_only_named_are_judged(&desk);
}

/// As they stand on the nodes, by the password that the phase makes Cassandra use.
fn stores_that_are_only_named_are_judged(desk: &Desk) {
    let named = |password: &str| {
        format!(
            "playbook: named\nphases:\n  - name: named\n    client_encryption_options: {{ enabled: true, optional: false, \
             keystore: /etc/cassandra-tls/keystore.p12, keystore_password: \"file:{password}\" }}\n{ROLLOUT}"
        )
    };
    desk.write("named.yaml", &named("stores/password"));
    desk.ringwalk_with("named.yaml", &["plan"]).exits(0).says("nothing to do").says_not("keystore of");
    desk.write("another", "another\n");
    desk.write("named.yaml", &named("another"));
    let refused = desk.ringwalk_with("named.yaml", &["plan"]).exits(2);
    refused.says("keystore of `n1`, `n2`, `n3`: the password is wrong").says("(opens)").says("help:");
}

/// With another option in every phase.
fn with_option(playbook: String, option: &str) -> String {
    ["true", "false"].iter().fold(playbook, |playbook, optional| {
        let options = format!("optional: {optional} }}");
        playbook.replace(&options, &format!("optional: {optional}, {option} }}"))
    })
}

/// Clients that are known to trust by a file of the desk.
fn with_clients(playbook: String, file: &str) -> String {
    playbook.replace("phases:\n", &format!("  client_truststores: [ {{ from: stores/{file} }} ]\nphases:\n"))
}

fn of_pem_files(playbook: String) -> String {
    playbook
        .replace("stores/{node}.p12", "stores/{node}.store")
        .replace("stores/truststore.p12", "stores/ca.pem")
        .replace(".p12,", ".pem,")
}

fn in_pem(playbook: String) -> String {
    let factory =
        "ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }";
    with_option(of_pem_files(playbook), factory)
}

fn with_own_password(playbook: String) -> String {
    playbook.replacen("\"file:stores/password\"", "\"file:stores/own\"", 1)
}

/// In use or not, by the scenes before: it takes no other password, and is not to come to be by accident.
fn to_the_internode_keystore(playbook: String) -> String {
    let named = on(
        "n1",
        &format!(
            "awk '/^[^ #]/ {{ within = /^server_encryption_options:/ }} within && $1 == \"keystore:\" {{ print $2 }}' {}",
            yaml_path()
        ),
    );
    let cwd = on("n1", "readlink /proc/$(pgrep -f '[C]assandraDaemon' | head -1)/cwd");
    let path = Path::new(cwd.trim()).join(named.trim().trim_matches(['"', '\'']));
    with_own_password(playbook).replace("/etc/cassandra-tls/keystore.p12", &path.display().to_string())
}

/// Files by hash, and when each Cassandra began: what a touched node would not have as before.
fn everything() -> Vec<String> {
    let ask = |node: String| {
        let line = format!(
            "sha256sum {} /etc/cassandra-tls/* 2>/dev/null; ls -l /etc/cassandra-tls /var/lib/ringwalk 2>/dev/null; \
             for pid in $(pgrep -f '[C]assandraDaemon'); do cut -d' ' -f22 /proc/$pid/stat; done",
            yaml_path()
        );
        format!("{node}\n{}", on(&node, &line))
    };
    nodes().into_iter().map(|(name, _)| ask(name)).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
