//! A look into stores and at ports.

use crate::Desk;

#[test]
fn a_store_shows_its_key_its_chain_and_what_it_trusts() {
    let desk = Desk::with_stores("--node n1");
    let before_s = now_s();
    let shown = desk.stores("inspect stores/n1.p12 --password file:stores/keystore.password").done();
    let after_s = now_s();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "stores/n1.p12: PKCS12");
    for expected in [
        "private key and its certificate `n1`",
        "issuer of the one above `n1`",
        "  names     n1, 10.1.0.11",
        "  key       EC P-256, signed with ECDSA with SHA-384",
        "  key       EC P-384, signed with ECDSA with SHA-384, CA",
    ] {
        assert!(lines.contains(&expected), "{expected} is missing in\n{shown}");
    }
    // The certificate is for 397 days, and the command may see the last second of the first of them.
    let ends_s: u64 = desk
        .sh("openssl pkcs12 -in stores/n1.p12 -passin file:stores/keystore.password -nodes -clcerts 2>/dev/null | \
             openssl x509 -noout -enddate | cut -d= -f2 | xargs -I{} date -ud {} +%s")
        .trim()
        .parse()
        .unwrap();
    let days = [before_s, after_s].map(|now_s| (ends_s - now_s) / (24 * 60 * 60));
    assert!(days.iter().all(|days| [396, 397].contains(days)), "{days:?}");
    let is_told = |days: &u64| shown.contains(&format!(", {days} days from now\n"));
    assert!(days.iter().any(is_told), "{days:?}: {shown}");
    let shown =
        desk.stores("inspect stores/truststore.p12 --password file:stores/truststore.password").done();
    assert!(shown.contains("\ntrusted `ca`\n"), "{shown}");
}

fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn json_is_of_the_documented_form() {
    let desk = Desk::with_stores("--node n1 --type jks");
    let said =
        desk.stores("inspect stores/n1.jks --password file:stores/keystore.password --output json").done();
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&json["form"], &json["source"]), (&"JKS".into(), &"stores/n1.jks".into()));
    let roles: Vec<&str> =
        json["entries"].as_array().unwrap().iter().map(|entry| entry["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["key", "issuer"]);
    assert_eq!(json["entries"][0]["certificate"]["sans"], serde_json::json!(["n1", "10.1.0.11"]));

    let schema = schemars::schema_for!(ringwalk::report::inspect::Inspection);
    let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/inspect.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == schema,
        "UPDATE=1 cargo test --test stores writes {path}"
    );
}

#[test]
fn what_the_rules_find_stands_below_the_store() {
    let desk = Desk::with_ca();
    desk.issue("--days 5 --node n1").done();
    let shown = desk.stores("inspect stores/n1.p12 --password file:stores/keystore.password").done();
    assert!(shown.contains("\nwarning: ") && shown.contains("\nhelp: "), "{shown}");
    let fresh = Desk::with_stores("--node n1");
    let shown = fresh.stores("inspect stores/n1.p12 --password file:stores/keystore.password").done();
    assert!(!shown.contains("\nwarning: ") && !shown.contains("\nerror: "), "{shown}");
}

#[test]
fn a_locked_store_a_wrong_password_and_no_store_are_told_apart() {
    let desk = Desk::with_stores("--node n1");
    desk.write("wrong", "wrong\n");
    desk.write("text", "nothing\n");
    let cases = [
        (
            "stores/n1.p12",
            "stores/n1.p12",
            "it is locked, and no password is given",
            "help: add `--password env:NAME`, `file:PATH`, `command:…` or `prompt:`\n",
        ),
        (
            "stores/n1.p12 --password file:wrong",
            "stores/n1.p12",
            "the password is wrong, or the file is damaged",
            "help: try the password with `keytool -list -keystore FILE`\n",
        ),
        ("text", "text", "neither JKS nor PKCS12 nor PEM", ""),
        ("nothing-here", "nothing-here", "there is no such file, and it is no HOST:PORT", ""),
        ("127.0.0.1:1", "127.0.0.1:1", "nothing listens there", ""),
    ];
    for (words, place, message, help) in cases {
        desk.stores(&format!("inspect {words}"))
            .refused(&format!("error: {message}\n --> {place}\n{help}\n1 problem in {place}\n"));
    }
}

#[test]
fn a_port_shows_what_it_serves() {
    let desk = Desk::with_stores("--node n1");
    let server = crate::clients::Server::start(&desk, "");
    let shown = desk.stores(&format!("inspect 127.0.0.1:{}", server.1)).done();
    for expected in [
        "  plaintext refused\n",
        "  tls       TLS 1.3, TLS13_",
        "\nserved\n  subject   CN=n1\n",
        "certificate not asked for",
    ] {
        assert!(shown.contains(expected), "{expected} is missing in\n{shown}");
    }
}

#[test]
fn what_a_port_shows_is_judged_by_the_rules() {
    let desk = Desk::with_stores("--node n1");
    let finds = |certificate: &str, chain: &str| {
        let server = crate::clients::Server::with(&desk, certificate, chain);
        desk.stores(&format!("inspect 127.0.0.1:{}", server.1)).done()
    };
    desk.sh("openssl pkcs12 -in stores/n1.p12 -passin file:stores/keystore.password -nodes -out own.pem
         openssl req -newkey rsa:2048 -nodes -keyout old.key -out old.csr -subj /CN=old 2>&1
         printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=clientAuth\n' >ext
         openssl x509 -req -in old.csr -CA ca/ca.pem -CAkey ca/ca.key -days -1 -extfile ext -out old.crt 2>&1
         openssl x509 -req -in old.csr -CA ca/ca.pem -CAkey ca/ca.key -days 90 -extfile ext -out now.crt 2>&1
         openssl x509 -in old.crt -outform DER -out old.der
         cat old.key old.crt >ended.pem; cat old.key now.crt >now.pem");
    let own = finds("own.pem", "-cert_chain ca/ca.pem");
    let names = "warning: does not name 127.0.0.1, by which it was reached: drivers that check host names refuse it (names)";
    assert!(own.contains(names) && own.matches("\nhelp: ").count() == 1, "{own}");
    let ended = finds("ended.pem", "");
    for expected in [
        "\nerror: CN=old ended on ",
        " (validity)\n",
        "\nerror: CN=old is not for a TLS server: its extended key usage lacks serverAuth (server_use)\n",
    ] {
        assert!(ended.contains(expected), "{expected} is missing in\n{ended}");
    }
    assert!(!ended.contains("(names)") && !ended.contains("(chain)"), "{ended}");
    let strange = finds("now.pem", "-cert_chain old.crt");
    assert!(strange.contains("\nerror: its chain is not in order: after CN=old comes CN=old"), "{strange}");
    let file = desk.stores("inspect old.der").done();
    assert!(file.contains("(validity)") && !file.contains("(server_use)"), "{file}");
}

#[test]
fn a_jks_whose_key_is_locked_shows_its_certificates() {
    let desk = Desk::with_stores("--node n1 --type jks");
    desk.sh(
        "keytool -importkeystore -noprompt -srckeystore stores/n1.jks -srcstorepass:file stores/keystore.password \
         -srcalias n1 -destkeystore own.jks -deststoretype JKS -deststorepass:file stores/keystore.password \
         -destkeypass another 2>&1",
    );
    let shown = desk.stores("inspect own.jks --password file:stores/keystore.password").done();
    for expected in [
        "own.jks: JKS\n",
        "\nprivate key and its certificate `n1`\n",
        "\nissuer of the one above `n1`\n",
        "\nerror: the key `n1` has another password than the store, ",
        " (key_password)\nhelp: ",
    ] {
        assert!(shown.contains(expected), "{expected} is missing in\n{shown}");
    }
    desk.stores("inspect own.jks --password env:CA_PASSWORD").refused(
        "error: the password is wrong, or the file is damaged\n --> own.jks\n\
         help: try the password with `keytool -list -keystore FILE`\n\n1 problem in own.jks\n",
    );
}
