//! For each rule, stores that break it and no other; made by keytool and openssl on the spot.

use super::desk::{ENABLE, yaml};
use ringwalk::facts::version::Version;
use ringwalk::facts::{NodeFacts, PortShows};
use ringwalk::plan::judge::Rule;
use ringwalk::plan::judge::Severity::{self, Error, Warning};
use ringwalk::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// What is spoiled, and what is said of it.
pub struct Case {
    pub name: &'static str,
    /// In the directory of the good stores; `good.sh` has the words.
    pub spoil: &'static str,
    /// Beneath `stores`.
    pub stores: &'static str,
    /// In `client_encryption_options`.
    pub options: &'static str,
    /// What is unusual about n1.
    pub n1: fn(&mut NodeFacts),
    pub rule: Rule,
    pub severity: Severity,
    /// On which nodes, each with how many findings.
    pub on: &'static [(&'static str, usize)],
    /// Words of the reason.
    pub says: &'static str,
}

const ON_N1: &[(&str, usize)] = &[("n1", 1)];
const ON_ALL: &[(&str, usize)] = &[("n1", 1), ("n2", 1), ("n3", 1)];
const BOTH_ON_ALL: &[(&str, usize)] = &[("n1", 2), ("n2", 2), ("n3", 2)];
const FOUR_ON_ALL: &[(&str, usize)] = &[("n1", 4), ("n2", 4), ("n3", 4)];
const DAY_S: i64 = 86_400;

pub const TRUSTSTORE: &str =
    "  truststore: { from: truststore.store, to: /etc/cassandra/tls/truststore, password: file:password }";
const PEM: &str = "enabled: true, optional: false, ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }";
const PBES2: &str = "pem; { sealed n1 -v2 aes-256-cbc; cat n1.pem ca.pem; } >n1.store";
/// Beside the good stores: `new` with those of another CA.
const NEW_CA: &str = "authority other Other; mkdir keep new; mv *.store keep; trust other; for n in n1 n2 n3; do certificate $n other \"$(usual $n)\"; store $n other; done; mv *.store new; mv keep/* .";
const IN_ONE_LEAP: &str = "enabled: true, optional: false }\n  - name: new\n    stores: { keystore: { from: \"new/{node}.store\" }, truststore: { from: new/truststore.store }";
const NO_NEW_LEAVES: &str = "enabled: true, optional: false }\n  - name: new\n    stores: { truststore: { from: new/truststore.store }";
/// The truststore has it under its earlier, longer time: what counts is the one that is shown.
const ENDED_CA: &str = "authority old Old; rm truststore.store; trust old
    printf 'basicConstraints=critical,CA:true' >old.ext; openssl req -new -key old.key -subj /CN=Old -out old.csr
    openssl x509 -req -in old.csr -signkey old.key -days -1 -extfile old.ext -out ended.pem
    for n in n1 n2 n3; do certificate $n old \"$(usual $n)\"; store $n ended; done";
/// The CA's key under a certificate that begins tomorrow, in n1's chain alone.
const LATER_CA: &str = "openssl pkcs12 -export -name ca -inkey ca.key -in ca.pem -out ca.p12 -passout file:password
    keytool -selfcert -alias ca -keystore ca.p12 -storepass:file password -startdate +1d -validity 3650 -ext bc:critical=ca:true
    keytool -exportcert -rfc -alias ca -keystore ca.p12 -storepass:file password >later.pem; store n1 later";
const MUTUAL: &str = "enabled: true, optional: false, require_client_auth: true";
const MUTUAL_AND_BACK: &str = "enabled: true, optional: false, require_client_auth: true }\n  - name: back\n    goes_back: true\n    client_encryption_options: { require_client_auth: false";
const FACTORY_LATER: &str = "enabled: true, optional: false }\n  - name: later\n    client_encryption_options: { ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }";

const INTERNODE: &str =
    "enabled: true, optional: false }\n    internode: { internode_encryption: all, optional: false";
const INTERNODE_MUTUAL: &str = "enabled: true, optional: false }\n    internode: { internode_encryption: all, optional: false, require_client_auth: true";
const FOR_SERVERS: &str =
    "certificate n1 ca 'subjectAltName=IP:10.0.0.1\\nextendedKeyUsage=serverAuth\\n'; store n1 ca";
const INTERNODE_AS_JCEKS: &str = "enabled: true, optional: false }\n    internode: { internode_encryption: all, optional: false, store_type: JCEKS";
const INTERNODE_STORES: &str = "  truststore: { from: truststore.store, to: /etc/cassandra/tls/truststore, password: file:password }
  internode_keystore: { from: \"{node}.store\", to: /etc/cassandra/internode/keystore, password: file:password }
  internode_truststore: { from: truststore.store, to: /etc/cassandra/internode/truststore, password: file:password }";

/// A case of n1's keystore.
const fn case(
    rule: Rule,
    severity: Severity,
    name: &'static str,
    spoil: &'static str,
    says: &'static str,
) -> Case {
    Case { name, spoil, stores: TRUSTSTORE, options: ENABLE, n1: |_| {}, rule, severity, on: ON_N1, says }
}

#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let mut cases = of_stores();
    cases.extend(of_nodes());
    cases
}

#[rustfmt::skip]
fn of_stores() -> Vec<Case> {
    vec![
        case(Rule::OneKey, Error, "a certificate without its key", "openssl pkcs12 -export -nokeys -in n1.pem -out n1.store -passout file:password", "holds no private key"),
        case(Rule::OneKey, Warning, "a second key", "keytool -genkeypair -alias other -dname CN=other -keyalg EC -keystore n1.store -storepass:file password", "holds 2 keys"),
        Case { options: PEM, ..case(Rule::KeyFits, Error, "the key of another certificate", "pem; { sealed n2; cat n1.pem ca.pem; } >n1.store", "is not the key of its certificate (CN=n1)") },
        Case { options: PEM, ..case(Rule::Chain, Error, "an intermediate after its issuer",
            "pem; key middle; certificate middle ca 'basicConstraints=critical,CA:true\\n'; certificate n1 middle \"$(usual n1)\"; { sealed n1; cat n1.pem ca.pem middle.pem; } >n1.store",
            "after CN=n1 comes CN=Orders CA, and its issuer is CN=middle") },
        Case { options: PEM, ..case(Rule::Chain, Error, "another CA of the same name", "pem; authority same 'Orders CA'; { sealed n1; cat n1.pem same.pem ca.pem; } >n1.store", "CN=n1 is not signed by the CN=Orders CA") },
        case(Rule::Issuer, Warning, "a keystore of another CA", "authority other Other; certificate n1 other \"$(usual n1)\"; store n1 other", "its issuer, CN=Other, is not in the truststore"),
        Case { on: ON_ALL, ..case(Rule::Issuer, Warning, "a truststore of another CA", "authority other Other; rm truststore.store; trust other", "is not in the truststore") },
        Case { on: ON_ALL, options: IN_ONE_LEAP, ..case(Rule::CaOverlap, Error, "leaves of a new CA before anybody trusts it", NEW_CA, "its issuer, CN=Other, is not the CA of what the node shows before") },
        Case { on: ON_ALL, options: NO_NEW_LEAVES, ..case(Rule::CaOverlap, Error, "a truststore without the CA of what nodes show", NEW_CA, "drops the CA of the certificate that the node shows still") },
        Case { on: ON_ALL, stores: "  client_truststores: [ { from: clients.pem } ]", ..case(Rule::ClientTrust, Error, "clients that know another CA", "authority other Other; mv other.pem clients.pem", "clients.pem: clients that trust by that would refuse the node") },
        Case { on: ON_ALL, ..case(Rule::Validity, Error, "a CA that ended", ENDED_CA, "CN=Old, the CA that signed it, ended on 20") },
        case(Rule::Validity, Error, "a certificate that ended", "certificate n1 ca \"$(usual n1)\" -days -1; store n1 ca", "CN=n1 ended on 20"),
        Case { n1: |n1| n1.clock_offset_s = 398 * DAY_S, ..case(Rule::Validity, Error, "a node whose clock is ahead by a year", "", "CN=n1 ended on 20") },
        Case { n1: |n1| n1.clock_offset_s = -10 * DAY_S, ..case(Rule::Validity, Error, "a node whose clock is behind", "openssl pkcs12 -export -name n1 -inkey n1.key -in n1.pem -out n1.store -passout file:password", "CN=n1 is not valid before 20") },
        case(Rule::Validity, Warning, "a root of tomorrow", LATER_CA, "CN=Orders CA is not valid before 20"),
        case(Rule::Validity, Error, "an intermediate that ended", "key middle; certificate middle ca 'basicConstraints=critical,CA:true\\n' -days -1; certificate n1 middle \"$(usual n1)\"; cat middle.pem ca.pem >both.pem; store n1 both", "CN=middle ended on 20"),
        Case { stores: "  allow_expired: true", ..case(Rule::Validity, Warning, "a certificate that ended, and a playbook that allows it", "certificate n1 ca \"$(usual n1)\" -days -1; store n1 ca", "CN=n1 ended on 20") },
        case(Rule::Validity, Warning, "a certificate that ends soon", "certificate n1 ca \"$(usual n1)\" -days 12; store n1 ca", "CN=n1 ends in 1"),
        case(Rule::Names, Warning, "a name alone", "certificate n1 ca 'subjectAltName=DNS:n1\\n'; store n1 ca", "does not name 10.0.0.1"),
        case(Rule::Names, Warning, "a wildcard", "certificate n1 ca 'subjectAltName=DNS:*.example\\n'; store n1 ca", "does not name 10.0.0.1"),
        case(Rule::Names, Warning, "a common name alone", "certificate n1 ca ''; store n1 ca", "has no subjectAltName"),
        case(Rule::ServerUse, Error, "a client's certificate", "certificate n1 ca 'subjectAltName=IP:10.0.0.1\\nextendedKeyUsage=clientAuth\\n'; store n1 ca", "lacks serverAuth"),
        case(Rule::ServerUse, Error, "a certificate that may only sign", "certificate n1 ca 'subjectAltName=IP:10.0.0.1\\nkeyUsage=keyCertSign\\n'; store n1 ca", "neither signatures nor key exchange"),
        Case { on: ON_ALL, ..case(Rule::OwnKey, Warning, "one key for all", "for n in n2 n3; do cp n1.key $n.key; certificate $n ca \"$(usual $n)\"; store $n ca; done", "3 nodes share one private key") },
        Case { on: &[("n1", 1), ("n2", 1)], ..case(Rule::OwnStore, Error, "two stores changed for one another", "mv n1.store x; mv n2.store n1.store; mv x n2.store", "was made for `n") },
        case(Rule::Signature, Warning, "a signature with SHA-1", "certificate n1 ca \"$(usual n1)\" -sha1; store n1 ca", "CN=n1 is signed by ECDSA with SHA-1"),
        case(Rule::Signature, Error, "a signature with MD5", "authority old Old rsa rsa_keygen_bits:2048; trust old; certificate n1 old \"$(usual n1)\" -md5; store n1 old", "CN=n1 is signed by MD5 with RSA"),
        case(Rule::KeySize, Warning, "RSA of 1024 bits", "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out n1.key; certificate n1 ca \"$(usual n1)\"; store n1 ca", "an RSA key of 1024 bits"),
        case(Rule::KeySize, Error, "RSA of 512 bits", "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out n1.key; certificate n1 ca \"$(usual n1)\"; store n1 ca", "an RSA key of 512 bits"),
        Case { on: ON_ALL, ..case(Rule::Trust, Warning, "a truststore made by openssl", "openssl pkcs12 -export -nokeys -in ca.pem -out truststore.store -passout file:password", "trusts nobody in Java's eyes") },
        Case { on: ON_ALL, options: MUTUAL, ..case(Rule::Trust, Error, "a truststore made by openssl, and clients have to show certificates", "openssl pkcs12 -export -nokeys -in ca.pem -out truststore.store -passout file:password", "every client certificate would be refused") },
        Case { on: ON_ALL, options: MUTUAL_AND_BACK, ..case(Rule::Trust, Error, "a truststore made by openssl, and clients have to show certificates in the first phase", "openssl pkcs12 -export -nokeys -in ca.pem -out truststore.store -passout file:password", "every client certificate would be refused") },
        case(Rule::Opens, Error, "another password", "openssl pkcs12 -export -inkey n1.key -in n1.pem -certfile ca.pem -out n1.store -passout pass:another", "the password is wrong"),
        Case { options: "enabled: true, optional: false, keystore_password: \"file:other\"", ..case(Rule::Opens, Error, "another password that the phase writes out", "printf another >other", "n1.store: the password is wrong") },
        Case { options: "enabled: true, optional: false }\n  - name: second\n    client_encryption_options: { truststore_password: \"file:other\"",
            ..case(Rule::Opens, Error, "another password that a later phase writes out", "printf another >other", "truststore.store: the password is wrong") },
        Case { options: "enabled: true, optional: false }\n  - name: second\n    stores: { keystore: { from: \"{node}.store\", password: \"file:other\" }",
            ..case(Rule::Opens, Error, "another password that a later phase has for the same file", "printf another >other", "n1.store: the password is wrong") },
        case(Rule::Opens, Error, "half a store", "head -c 100 n1.store >half; mv half n1.store", "cannot open"),
        case(Rule::KeyPassword, Error, "a key with a password of its own",
            "keytool -importkeystore -noprompt -srckeystore n1.store -srcstorepass:file password -destkeystore n1.jks -deststoretype JKS -deststorepass:file password -alias n1 -srckeypass changeit -destkeypass another; mv n1.jks n1.store",
            "has another password than the store"),
        Case { on: ON_ALL, stores: "", ..case(Rule::Password, Warning, "a short password", "printf abcde >password; for n in n1 n2 n3; do store $n ca; done", "less than 6 characters") },
        Case { options: PEM, ..case(Rule::PemKey, Error, "a key that is not encrypted", "pem; cat n1.key n1.pem ca.pem >n1.store", "is not encrypted") },
        Case { options: PEM, ..case(Rule::PemKey, Error, "a key of today and a Java of yesterday", PBES2, "with PBES2, which Cassandra cannot read on the node's Java 17.0.15") },
        Case { options: PEM, n1: |n1| n1.java = None, ..case(Rule::PemKey, Warning, "a key of today and a Java that is not known", PBES2, "which Java the node has is not known") },
        Case { options: PEM, ..case(Rule::PemKey, Error, "a key that Cassandra does not read from PEM", "openssl genpkey -algorithm ED25519 -out n1.key; certificate n1 ca \"$(usual n1)\"; pem", "its private key is Ed25519") },
        Case { options: PEM, on: ON_ALL, stores: "", ..case(Rule::Password, Error, "a password of keys in PEM that is not ASCII", "printf pässwörd >password; pem", "does not take for a key in PEM") },
        Case { on: ON_ALL, stores: "", ..case(Rule::Password, Error, "a password that is not ASCII", "printf pässwörd >password; for n in n1 n2 n3; do store $n ca; done", "not printable ASCII") },
    ]
}

/// TLS with a leaf of another CA than that of the good stores, which its truststore has.
pub fn serves_of_old_ca(node: &mut NodeFacts) {
    serves_of_an_unknown_ca(node);
    node.trusts = Some(BTreeMap::from([("00".into(), "CN=Old CA".into())]));
}

/// The same, and its truststore could not be read.
fn serves_of_an_unknown_ca(node: &mut NodeFacts) {
    node.yaml.text = Secret::new("client_encryption_options:\n  enabled: true\n  optional: false\n");
    let shows = PortShows {
        plaintext: false,
        tls: true,
        certificate: Some("11".into()),
        issuers: BTreeSet::from(["00".into()]),
        issuer: Some("CN=Old CA".into()),
        is_whole: true,
    };
    node.shows = BTreeMap::from([(9042, shows)]);
}

/// TLS to other nodes, whom it knows by another CA than that of the good stores.
fn speaks_by_old_ca(node: &mut NodeFacts) {
    node.yaml.text = yaml(
        "server_encryption_options:\n  internode_encryption: all\n  keystore: /etc/cassandra/internode/keystore\n",
    );
    node.internode_trusts = Some(BTreeMap::from([("00".into(), "CN=Old CA".into())]));
}

/// It trusts by a CA that is not that of its own certificate.
fn asks_clients_of_another_ca(node: &mut NodeFacts) {
    node.yaml.text = yaml("  require_client_auth: true\n");
    node.trusts = Some(BTreeMap::from([("00".into(), "CN=Old CA".into())]));
}

#[rustfmt::skip]
fn of_nodes() -> Vec<Case> {
    vec![
        Case { options: "enabled: true, optional: false, store_type: JKS", on: BOTH_ON_ALL, ..case(Rule::StoreType, Warning, "PKCS12 that is called JKS", "", "is PKCS12, and `store_type` says JKS") },
        Case { options: "enabled: true, optional: false, store_type: BCFKS", on: BOTH_ON_ALL, ..case(Rule::StoreType, Error, "a type that Java lacks", "", "is PKCS12, and `store_type` says BCFKS, as which Java does not open it") },
        Case { n1: |n1| n1.yaml.text = yaml("  store_type: JCEKS\n"), on: &[("n1", 2)], ..case(Rule::StoreType, Error, "a type that stays", "", "is PKCS12, and `store_type` says JCEKS") },
        Case { options: "enabled: true, optional: false, store_type: JCEKS", on: BOTH_ON_ALL, ..case(Rule::StoreType, Warning, "JKS that is called JCEKS",
            "for s in n1 n2 n3 truststore; do keytool -importkeystore -noprompt -srckeystore $s.store -srcstorepass:file password -destkeystore $s.jks -deststoretype JKS -deststorepass:file password; mv $s.jks $s.store; done", "is JKS, and `store_type` says JCEKS: Java opens it") },
        Case { n1: |n1| n1.java = Some("1.8.0_292".into()), on: &[("n1", 2)], ..case(Rule::OldJava, Error, "a Java of yesterday", "", "which the node's Java 1.8.0_292 does not know") },
        Case { options: INTERNODE, stores: INTERNODE_STORES, n1: |n1| n1.java = Some("1.8.0_292".into()), on: &[("n1", 4)],
            ..case(Rule::OldJava, Error, "a Java of yesterday, between nodes too", "", "which the node's Java 1.8.0_292 does not know") },
        Case { options: INTERNODE_AS_JCEKS, stores: INTERNODE_STORES, on: BOTH_ON_ALL, ..case(Rule::StoreType, Error, "a type that stores between nodes are not", "", "is PKCS12, and `store_type` says JCEKS, as which Java does not open it") },
        Case { on: BOTH_ON_ALL, ..case(Rule::PemFactory, Error, "PEM without its factory", "pem", "nothing says so to Cassandra") },
        Case { options: INTERNODE, stores: INTERNODE_STORES, on: FOUR_ON_ALL, ..case(Rule::PemFactory, Error, "PEM without its factory, between nodes too", "pem", "nothing says so to Cassandra") },
        Case { options: FACTORY_LATER, on: BOTH_ON_ALL, ..case(Rule::PemFactory, Error, "PEM one phase before its factory", "pem", "nothing says so to Cassandra") },
        Case { options: FACTORY_LATER, on: BOTH_ON_ALL, ..case(Rule::PemFactory, Error, "PKCS12 that stays when the factory of PEM comes", "", "is no PEM") },
        Case { options: PEM, n1: |n1| n1.version = Version::new(4, 0, 19), on: &[("n1", 2)], ..case(Rule::PemFactory, Error, "PEM before 4.1", "pem", "is PEM, which 4.0.19 does not read") },
        Case { options: PEM, on: BOTH_ON_ALL, ..case(Rule::PemFactory, Error, "PKCS12 for the factory of PEM", "", "is no PEM") },
        Case { n1: |n1| n1.yaml.text = yaml("server_encryption_options:\n  internode_encryption: none\n  keystore: /opt/cassandra/conf/.keystore\n"),
            ..case(Rule::SharedPath, Error, "the path of an internode keystore that is not used", "", "internode TLS turns itself on") },
        Case { n1: |n1| n1.yaml.text = yaml("server_encryption_options:\n  internode_encryption: all\n  keystore: /opt/cassandra/conf/.keystore\n  keystore_password: another\n"),
            ..case(Rule::SharedPath, Error, "the path of an internode keystore with another password", "", "with another password: the node would not start") },
        Case { n1: |n1| n1.yaml.text = yaml("server_encryption_options:\n  internode_encryption: all\n  keystore: /opt/cassandra/conf/.keystore\n  keystore_password: changeit\n"),
            ..case(Rule::SharedPath, Warning, "the path of an internode keystore", "", "the nodes' own TLS changes with it") },
        Case { n1: |n1| n1.yaml.text = yaml("server_encryption_options:\n  internode_encryption: none\n  optional: true\n  keystore: /opt/cassandra/conf/.keystore\n  keystore_password: another\n"),
            ..case(Rule::SharedPath, Error, "the path of an internode keystore that is optional, with another password", "", "with another password: the node would not start") },
        Case { n1: |n1| { n1.version = Version::new(4, 1, 1); n1.yaml.text = yaml("server_encryption_options:\n  internode_encryption: all\n  keystore: /opt/cassandra/conf/.keystore\n") },
            ..case(Rule::SharedPath, Error, "the path of an internode keystore with the default password of before 4.1.2", "", "with another password: the node would not start") },
        Case { n1: |n1| n1.yaml.text = yaml("server_encryption_options:\n  internode_encryption: all\n  keystore: /opt//cassandra/data/../conf/.keystore\n  keystore_password: changeit\n"),
            ..case(Rule::SharedPath, Warning, "the path of an internode keystore, written otherwise", "", "the nodes' own TLS changes with it") },
        Case { stores: "", options: "enabled: true, optional: false, require_client_auth: true, truststore: /etc/t.p12, truststore_password: env:PATH", on: ON_ALL,
            ..case(Rule::Opens, Warning, "a truststore that is only named", "", "is only named, and could not be read") },
        Case { n1: |n1| n1.yaml.text = Secret::new("rpc_address: 10.0.0.1\nbroadcast_rpc_address: 192.0.2.1\n"), ..case(Rule::Names, Warning, "an address that the ring does not tell", "", "does not name 192.0.2.1,") },
        Case { n1: |n1| n1.yaml.text = Secret::new("rpc_address: 0.0.0.0\nbroadcast_rpc_address: orders-1.example\n"), ..case(Rule::Names, Warning, "a host name of its file", "", "does not name orders-1.example,") },
        Case { n1: |n1| n1.process.as_mut().unwrap().cwd = "/opt/cassandra".into(), ..case(Rule::SharedPath, Error, "the default path of internode encryption",
            "", "server_encryption_options.keystore") },
        Case { stores: "", options: "enabled: true, optional: false", n1: |n1| n1.yaml.text = yaml("  require_client_auth: true\n  truststore: conf/.truststore\n"),
            ..case(Rule::RelativePath, Warning, "a relative truststore that stays", "", "`truststore` stays conf/.truststore") },
        Case { n1: serves_of_old_ca, ..case(Rule::CaOverlap, Error, "a leaf whose CA the node does not trust, where it trusts that of today",
            "", "its issuer, CN=Orders CA, is not the CA of what the node shows before, and is not in the truststore of before") },
        Case { n1: serves_of_an_unknown_ca, ..case(Rule::CaOverlap, Error, "a leaf of another CA than that of today", "", "its issuer, CN=Orders CA, is not the CA of what the node shows before") },
        Case { options: INTERNODE, stores: INTERNODE_STORES, ..case(Rule::ServerUse, Warning, "a leaf between nodes that is for servers alone", FOR_SERVERS, "lacks clientAuth, which nodes with `require_client_auth` ask of each other") },
        Case { options: INTERNODE_MUTUAL, stores: INTERNODE_STORES, ..case(Rule::ServerUse, Error, "a leaf between nodes that is for servers alone, and nodes ask for more", FOR_SERVERS, "lacks clientAuth, and other nodes ask for it") },
        Case { options: INTERNODE, stores: INTERNODE_STORES, n1: |n1| n1.internode_trusts = Some(BTreeMap::from([("00".into(), "CN=Old CA".into())])), on: &[("n2", 1), ("n3", 1)],
            ..case(Rule::CaOverlap, Error, "a leaf for other nodes of a CA that one of them does not trust", "", "its issuer, CN=Orders CA, is not in the internode truststores that other nodes have today") },
        Case { options: INTERNODE, stores: INTERNODE_STORES, n1: speaks_by_old_ca, on: &[("n1", 1), ("n2", 1), ("n3", 1)],
            ..case(Rule::CaOverlap, Error, "a leaf for other nodes of a CA that one of them does not trust, and whose own is dropped", "", "today") },
        Case { options: MUTUAL, n1: asks_clients_of_another_ca, ..case(Rule::KnownClients, Warning, "a truststore that drops the CA of today", "", "drops CN=Old CA") },
        Case { options: MUTUAL_AND_BACK, n1: asks_clients_of_another_ca, ..case(Rule::KnownClients, Warning, "a truststore that drops the CA of today before certificates are asked for no more", "", "drops CN=Old CA") },
        Case { options: MUTUAL, n1: |n1| { asks_clients_of_another_ca(n1); n1.tls_clients = Some(7) },
            ..case(Rule::KnownClients, Error, "a truststore that drops the CA of connected clients", "", "7 connected clients would be refused") },
        Case { n1: |n1| n1.yaml.file.mode = 0o644, ..case(Rule::ReadableYaml, Warning, "a yaml that everybody reads", "", "may be read by every user") },
    ]
}
