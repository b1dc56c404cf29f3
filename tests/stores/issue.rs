//! Keystores that a CA signed.

use crate::Desk;

#[test]
fn a_node_is_verified_by_chain_host_name_address_and_purpose() {
    for key in ["p256", "rsa-3072"] {
        let desk = Desk::with_stores(&format!("--key {key} --san cassandra.example"));
        desk.leaf("stores/n2.p12", "stores/keystore.password", "n2");
        for host in ["-verify_hostname n2", "-verify_hostname cassandra.example", "-verify_ip 10.1.0.12"] {
            for purpose in ["sslserver", "sslclient"] {
                desk.sh(&format!(
                    "openssl verify -x509_strict -purpose {purpose} {host} -CAfile ca/ca.pem n2.crt"
                ));
            }
        }
        for host in ["-verify_hostname n1", "-verify_ip 10.1.0.11"] {
            desk.sh(&format!("! openssl verify {host} -CAfile ca/ca.pem n2.crt"));
        }
    }
}

#[test]
fn java_sees_one_key_with_its_whole_chain_and_trusts_the_ca() {
    for (kind, extension) in [("pkcs12", "p12"), ("jks", "jks")] {
        let desk = Desk::with_stores(&format!("--type {kind}"));
        let keystore = desk.sh(&format!(
            "keytool -list -v -keystore stores/n1.{extension} -storepass:file stores/keystore.password 2>/dev/null"
        ));
        for expected in
            ["contains 1 entry", "Alias name: n1", "PrivateKeyEntry", "chain length: 2", "CN=OrdersCA"]
        {
            assert!(keystore.contains(expected), "{expected} is missing in\n{keystore}");
        }
        let truststore = desk.sh(&format!(
            "keytool -list -keystore stores/truststore.{extension} -storepass:file stores/truststore.password 2>/dev/null"
        ));
        assert!(
            truststore.contains("contains 1 entry") && truststore.contains("trustedCertEntry"),
            "{truststore}"
        );
        // The key opens too: it can be put into another store.
        desk.sh(&format!(
            "keytool -importkeystore -noprompt -srckeystore stores/n1.{extension} -srcstorepass:file stores/keystore.password \
             -destkeystore out.p12 -deststoretype PKCS12 -deststorepass:file stores/keystore.password 2>&1"
        ));
    }
}

#[test]
fn a_pem_keystore_is_an_encrypted_key_and_its_chain() {
    let desk = Desk::with_stores("--type pem");
    let text = desk.read("stores/n1.pem");
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{text}");
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2);
    desk.sh("openssl pkey -in stores/n1.pem -passin file:stores/keystore.password -noout");
    desk.sh("openssl verify -purpose sslserver -CAfile stores/truststore.pem stores/n1.pem");
}

#[test]
fn what_holds_a_secret_is_its_owners_alone() {
    let desk = Desk::with_stores("");
    for (name, mode) in [
        ("stores", 0o700),
        ("stores/n1.p12", 0o600),
        ("stores/truststore.p12", 0o600),
        ("stores/keystore.password", 0o600),
        ("stores/truststore.password", 0o600),
    ] {
        assert_eq!(format!("{:o}", desk.mode(name)), format!("{mode:o}"), "{name}");
    }
}

#[test]
fn a_cas_key_is_encrypted_with_the_password_that_was_chosen() {
    for (key, kind) in [("p384", "EC Private-Key: (384 bit)"), ("rsa-4096", "Private-Key: (4096 bit")] {
        let desk = Desk::empty();
        desk.stores(&format!("new-ca --name OrdersCA --key {key} --password env:CA_PASSWORD --out ca"))
            .done();
        assert!(desk.read("ca/ca.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
        let shown = desk.sh("openssl pkey -in ca/ca.key -passin 'pass:correct horse' -noout -text");
        assert!(shown.contains(kind.trim_start_matches("EC ")), "{shown}");
        desk.sh("! openssl pkey -in ca/ca.key -passin pass:wrong -noout 2>&1");
        let shown = desk.sh("openssl x509 -in ca/ca.pem -noout -text");
        for expected in ["CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "CN = OrdersCA"] {
            assert!(shown.contains(expected), "{expected} is missing in\n{shown}");
        }
        desk.sh("openssl verify -x509_strict -CAfile ca/ca.pem ca/ca.pem");
        let modes = desk.sh("stat -c '%n %a' ca ca/*");
        assert_eq!(modes, "ca 700\nca/ca.key 600\nca/ca.pem 644\n");
    }
}

#[test]
fn no_secret_is_printed() {
    let desk = Desk::with_sealed_ca();
    let said = desk.issue("-vv");
    let everything = said.out + &said.err;
    for password in ["stores/keystore.password", "stores/truststore.password"].map(|name| desk.read(name)) {
        assert!(password.trim().len() >= 32 && !everything.contains(password.trim()), "{everything}");
    }
    assert!(!everything.contains(crate::CA_PASSWORD), "{everything}");
    assert_ne!(desk.read("stores/keystore.password"), desk.read("stores/truststore.password"));
}

#[test]
fn the_playbooks_lines_are_printed_and_a_playbook_takes_them() {
    let desk = Desk::with_ca();
    let said = desk.issue("").done();
    let expected = "\
keystores of 3 nodes in stores, signed by CN=OrdersCA, until DAY
  n1  n1, 10.1.0.11
  n2  n2, 10.1.0.12
  n3  n3, 10.1.0.13
note: the names of all nodes rest on the inventory alone: `--offline` was asked for

For a playbook in this directory:
stores:
  keystore:   { from: \"stores/{node}.p12\", to: \"/etc/cassandra/tls/keystore.p12\", password: \"file:stores/keystore.password\" }
  truststore: { from: \"stores/truststore.p12\", to: \"/etc/cassandra/tls/truststore.p12\", password: \"file:stores/truststore.password\" }
";
    let day = said.split("until ").nth(1).unwrap()[..10].to_owned();
    assert_eq!(said.replace(&day, "DAY"), expected);
    let stores = &said[said.find("stores:\n").unwrap()..];
    let playbook = format!(
        "playbook: p\n{stores}phases:\n  - name: a\n    client_encryption_options: {{ enabled: true, optional: true }}\n"
    );
    let source = ringwalk::input::Source { file: "playbook.yaml", text: &playbook };
    let read = ringwalk::input::read_playbook(source).unwrap();
    assert_eq!(read.stores.keystore.unwrap().from, "stores/{node}.p12");
}

#[test]
fn nothing_is_ever_overwritten() {
    let desk = Desk::with_stores("");
    let before = desk.everything();
    desk.issue("").refused(
        "error: it and 2 other files exist already, and nothing is overwritten\n --> stores/n1.p12\n\
         help: `--renew` makes new ones beside them; `--node` names those that have none yet\n\n1 problem in stores/n1.p12\n",
    );
    desk.stores("new-ca --name Other --password env:CA_PASSWORD --out ca").refused(
        "error: it and ca/ca.key exist already, and nothing is overwritten\n --> ca/ca.pem\n\
         help: name another directory with `--out`\n\n1 problem in ca/ca.pem\n",
    );
    assert!(desk.everything() == before);
}

#[test]
fn a_node_that_joins_gets_a_keystore_beside_the_others() {
    let desk = Desk::with_stores("--node n1 --node n3");
    assert!(!desk.path("stores/n2.p12").exists());
    let before = desk.everything();
    desk.issue("--node n2").done();
    let now = desk.everything();
    assert!(before.iter().all(|file| now.contains(file)), "what was there has changed");
    assert_eq!(now.len(), before.len() + 1);
    desk.leaf("stores/n2.p12", "stores/keystore.password", "n2");
    desk.sh("openssl verify -verify_ip 10.1.0.12 -CAfile ca/ca.pem n2.crt");
}

#[test]
fn a_renewal_lies_beside_with_the_same_password_and_every_name() {
    let desk = Desk::with_stores("--san shared.example");
    let before = desk.everything();
    let first = desk.issue("--renew").done();
    let directory = first.split(" in ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert!(first.contains(&format!("from: \"{directory}/{{node}}.p12\"")), "{first}");
    assert!(
        first.contains("from: \"stores/truststore.p12\"") && first.contains("file:stores/keystore.password"),
        "{first}"
    );
    let second = desk.issue("--renew").done();
    assert!(second.contains(&format!("{directory}-2/{{node}}.p12")), "{second}");
    let now = desk.everything();
    assert!(before.iter().all(|file| now.contains(file)), "what was there has changed");
    assert_eq!(now.len(), before.len() + 6);
    let fingerprint = |name: &str| desk.sh(&format!("openssl x509 -in {name}.crt -noout -pubkey"));
    for (keystore, name) in
        [("stores".to_owned(), "old"), (directory.clone(), "new"), (directory + "-2", "newer")]
    {
        desk.leaf(&format!("{keystore}/n1.p12"), "stores/keystore.password", name);
        for host in ["-verify_hostname shared.example", "-verify_ip 10.1.0.11"] {
            desk.sh(&format!("openssl verify {host} -CAfile ca/ca.pem {name}.crt"));
        }
    }
    assert_ne!(fingerprint("old"), fingerprint("new"), "a renewal makes a new key");
    assert_ne!(fingerprint("new"), fingerprint("newer"));
}

#[test]
fn a_part_of_the_nodes_that_is_renewed_is_said_to_be_one() {
    let desk = Desk::with_stores("");
    let said = desk.issue("--renew --node n2").done();
    assert!(said.contains("note: 1 of 3 nodes are renewed"), "{said}");
}

#[test]
fn a_ca_that_another_signed_brings_its_chain() {
    let desk = Desk::empty();
    desk.sh(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout root.key -out root.pem -days 3650 \
         -subj '/DC=example/O=Example/CN=Root' 2>&1
         mkdir ca; openssl genrsa -aes256 -passout 'pass:correct horse' -out ca/ca.key 2048 2>&1
         openssl req -new -key ca/ca.key -passin 'pass:correct horse' -out ca.csr \
         -subj '/C=DE/O=Example/OU=Data/CN=Issuing' 2>&1
         printf 'basicConstraints=critical,CA:true,pathlen:0\\nkeyUsage=critical,keyCertSign\\nsubjectKeyIdentifier=hash\\n' >ext
         openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3000 -extfile ext -out own.pem 2>&1
         cat own.pem root.pem >ca/ca.pem",
    );
    desk.issue("").done();
    desk.leaf("stores/n1.p12", "stores/keystore.password", "n1");
    desk.sh("openssl verify -verify_ip 10.1.0.11 -CAfile root.pem -untrusted own.pem n1.crt");
    let keystore = desk
        .sh("keytool -list -v -keystore stores/n1.p12 -storepass:file stores/keystore.password 2>/dev/null");
    assert!(keystore.contains("chain length: 3"), "{keystore}");
}

#[test]
fn json_says_what_was_made_and_where_each_name_comes_from() {
    let desk = Desk::with_ca();
    let said = desk.issue("--node n1 --san shared.example --output json").done();
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    let node = &json["nodes"][0];
    assert_eq!(node["file"], "stores/n1.p12");
    let expected = serde_json::json!([
        { "san": "n1", "origin": "inventory" },
        { "san": "10.1.0.11", "origin": "inventory" },
        { "san": "shared.example", "origin": "command_line" },
    ]);
    assert_eq!(node["names"], expected);
    assert_eq!(node["ring_unknown"], "`--offline` was asked for");
    assert_eq!(json["stores"]["keystore"]["password"], "file:stores/keystore.password");
    desk.leaf("stores/n1.p12", "stores/keystore.password", "n1");
    let fingerprint = desk.sh("openssl x509 -in n1.crt -noout -fingerprint -sha256");
    let hex = fingerprint.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
    assert_eq!(node["certificate"]["sha256"], hex.as_str());
}
