//! Requests that openssl signs as the company's CA, and the chains that come back.

use crate::{Desk, Said};
use ringwalk::formats::store::Store;
use ringwalk::secret::Secret;

/// With requests, a root `root.pem`, an issuing CA `issuing.pem`, and each node's certificate signed in `signed/NODE.pem`.
fn desk() -> Desk {
    let desk = Desk::empty();
    desk.stores("issue -i inventory.yaml --offline --csr --out stores").done();
    desk.sh(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout root.key -out root.pem -days 3650 \
         -subj '/CN=Company Root' 2>&1
         openssl req -newkey rsa:2048 -nodes -keyout issuing.key -out issuing.csr -subj '/CN=Company Issuing' 2>&1
         printf 'basicConstraints=critical,CA:true\\nkeyUsage=critical,keyCertSign\\n' >ca.ext
         openssl x509 -req -in issuing.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3000 -extfile ca.ext -out issuing.pem 2>&1
         mkdir signed",
    );
    for node in ["n1", "n2", "n3"] {
        sign(&desk, node, "-copy_extensions copy");
    }
    desk
}

fn sign(desk: &Desk, node: &str, options: &str) {
    desk.sh(&format!(
        "openssl req -in stores/{node}.csr -verify -noout 2>&1
         openssl x509 -req -in stores/{node}.csr -CA issuing.pem -CAkey issuing.key -CAcreateserial {options} \
         -out signed/{node}.pem 2>&1"
    ));
}

fn import(desk: &Desk, options: &str) -> Said {
    desk.stores(&format!("import --out stores --signed signed {options}"))
}

#[test]
fn what_the_company_signed_becomes_keystores_with_the_whole_chain() {
    let pkcs7 = "openssl crl2pkcs7 -nocrl -certfile signed/$n.pem";
    for (order, ext, options) in [
        ("cat signed/$n.pem issuing.pem root.pem".to_owned(), "cer", ""),
        ("cat root.pem signed/$n.pem issuing.pem".to_owned(), "crt", ""),
        ("cat signed/$n.pem issuing.pem".to_owned(), "cer", "--ca-chain root.pem"),
        ("openssl x509 -in signed/$n.pem -outform DER".to_owned(), "cer", "--ca-chain both.pem"),
        (format!("{pkcs7} -certfile root.pem -certfile issuing.pem"), "p7b", ""),
        (format!("{pkcs7} -certfile both.pem -outform DER"), "p7b", ""),
        (format!("{pkcs7} -outform DER"), "cer", "--ca-chain both.p7b"),
    ] {
        let desk = desk();
        desk.sh(
            "cat issuing.pem root.pem >both.pem; openssl crl2pkcs7 -nocrl -certfile both.pem -outform DER -out both.p7b",
        );
        desk.sh(&format!("for n in n1 n2 n3; do {order} >signed/$n.{ext}; rm signed/$n.pem; done"));
        import(&desk, options).done();
        desk.leaf("stores/n1.p12", "stores/keystore.password", "n1");
        desk.sh("openssl verify -purpose sslserver -verify_ip 10.1.0.11 -CAfile root.pem -untrusted issuing.pem n1.crt");
        let keystore = desk.sh(
            "keytool -list -v -keystore stores/n1.p12 -storepass:file stores/keystore.password 2>/dev/null",
        );
        assert!(keystore.contains("chain length: 3"), "{order}: {keystore}");
        let issuing = desk.sh("openssl x509 -in issuing.pem -outform DER | sha256sum | cut -d' ' -f1");
        let opened = std::fs::read(desk.path("stores/n1.p12")).unwrap();
        let opened =
            Store::open(&opened, &Secret::new(desk.read("stores/keystore.password").trim())).unwrap();
        // The root is not asked for on the wire.
        assert_eq!(opened.issuers(), [issuing.trim().to_owned()].into());
        let truststore =
            desk.sh("keytool -list -v -keystore stores/truststore.p12 -storepass:file stores/truststore.password 2>/dev/null");
        assert!(
            truststore.contains("contains 1 entry") && truststore.contains("CN=Company Root"),
            "{truststore}"
        );
    }
}

/// What signs with a curve or a padding that is not verified here is known by its name.
#[test]
fn a_root_whose_signature_cannot_be_verified_ends_a_chain() {
    for key in ["ec -pkeyopt ec_paramgen_curve:P-521", "rsa-pss -pkeyopt rsa_keygen_bits:2048"] {
        let desk = desk();
        desk.sh(&format!(
            "openssl req -x509 -newkey {key} -nodes -keyout root.key -out root.pem -days 3650 -subj '/CN=Rare Root' 2>&1
             openssl x509 -req -in issuing.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3000 -extfile ca.ext \
             -out issuing.pem 2>&1; cat issuing.pem root.pem >both.pem"
        ));
        for node in ["n1", "n2", "n3"] {
            sign(&desk, node, "-copy_extensions copy");
        }
        import(&desk, "--ca-chain both.pem").done();
        let keystore = desk.sh(
            "keytool -list -v -keystore stores/n1.p12 -storepass:file stores/keystore.password 2>/dev/null",
        );
        assert!(keystore.contains("chain length: 3"), "{key}: {keystore}");
    }
}

#[test]
fn a_root_of_the_same_name_with_another_kind_of_key_is_not_the_issuer() {
    let desk = desk();
    desk.sh(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout old.key -out old.pem -days 3650 -subj '/CN=Company Root' 2>&1
         cat issuing.pem old.pem >both.pem",
    );
    let said = import(&desk, "--ca-chain both.pem");
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the certificate of its issuer, `CN=Company Root`, is missing"),
        "{}",
        said.err
    );
}

#[test]
fn keys_wait_encrypted_and_requests_ask_for_names_and_purposes() {
    let desk = desk();
    assert!(desk.read("stores/n1.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    assert_eq!(desk.mode("stores/n1.key"), 0o600);
    desk.sh("openssl pkey -in stores/n1.key -passin file:stores/keystore.password -noout");
    let request = desk.sh("openssl req -in stores/n1.csr -noout -text");
    for expected in
        ["CN = n1", "DNS:n1, IP Address:10.1.0.11", "TLS Web Server Authentication", "Digital Signature"]
    {
        assert!(request.contains(expected), "{expected} is missing in\n{request}");
    }
}

#[test]
fn those_that_have_come_are_taken_and_the_others_named() {
    let desk = desk();
    desk.sh("cat issuing.pem root.pem >both.pem; mkdir later; mv signed/n2.pem later/");
    let said = import(&desk, "--ca-chain both.pem").done();
    assert!(
        said.contains("keystores of 2 nodes") && said.contains("note: no certificate has come yet for n2\n"),
        "{said}"
    );
    desk.sh("mv later/n2.pem signed/");
    let said = import(&desk, "--ca-chain both.pem").done();
    assert!(said.contains("keystores of 1 nodes") && !said.contains("note:"), "{said}");
    import(&desk, "--ca-chain both.pem")
        .refused("error: every node of it has its keystore already\n --> stores\n\n1 problem in stores\n");
}

#[test]
fn names_that_the_ca_left_out_are_told() {
    let desk = desk();
    desk.write("n1.ext", "subjectAltName=DNS:n1\n");
    sign(&desk, "n1", "-extfile n1.ext");
    desk.sh("cat issuing.pem root.pem >both.pem");
    let said = import(&desk, "--ca-chain both.pem --node n1").done();
    assert!(
        said.contains("note: the certificate of n1 lacks names that its request has: 10.1.0.11\n"),
        "{said}"
    );
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_made() {
    let cases = [
        (
            "cp signed/n2.pem signed/n1.pem",
            "no certificate in it fits the private key",
            "each node's certificate must be made from its own request, `NODE.csr`",
        ),
        (
            "cat signed/n2.pem >>signed/n1.pem",
            "`CN=n2` belongs to no chain of the node's certificate",
            "leave in the file only the node's certificate and what signed it",
        ),
        (
            "cp issuing.pem both.pem",
            "the chain ends at `CN=Company Issuing`, and the certificate of its issuer, `CN=Company Root`, is missing",
            "name the CA's certificates up to its root with `--ca-chain FILE`",
        ),
        (
            "printf 'extendedKeyUsage=clientAuth\\n' >e; openssl x509 -req -in stores/n1.csr -CA issuing.pem \
             -CAkey issuing.key -days 9 -extfile e -out signed/n1.pem 2>&1",
            "the certificate `CN=n1` may not be used by a server",
            "ask the CA for a certificate with the extended key usage `serverAuth`",
        ),
    ];
    for (trouble, message, help) in cases {
        let desk = desk();
        desk.sh(&format!("cat issuing.pem root.pem >both.pem; {trouble}"));
        let before = desk.everything();
        import(&desk, "--ca-chain both.pem --node n1").refused(&format!(
            "error: {message}\n --> signed/n1.pem\nhelp: {help}\n\n1 problem in signed/n1.pem\n"
        ));
        assert!(desk.everything() == before, "{trouble}");
    }
}

#[test]
fn a_certificate_that_has_ended_is_refused() {
    let desk = desk();
    desk.sh("cat issuing.pem root.pem >both.pem");
    sign(&desk, "n1", "-copy_extensions copy -days -1");
    let said = import(&desk, "--ca-chain both.pem --node n1");
    assert!(said.err.starts_with("error: the certificate `CN=n1` ended on "), "{}", said.err);
    assert!(said.err.contains("\nhelp: ask the CA for a new certificate\n"), "{}", said.err);
}

#[test]
fn a_renewal_keeps_passwords_truststore_and_names() {
    let desk = desk();
    desk.sh("cat issuing.pem root.pem >both.pem");
    import(&desk, "--ca-chain both.pem").done();
    let mut before = desk.everything();
    before.retain(|(path, _)| path.starts_with(desk.path("stores")));
    let csr = "issue -i inventory.yaml --offline --csr --renew --out stores";
    let said = desk.stores(csr).done();
    let directory = said.split(" in ").nth(1).unwrap().split(':').next().unwrap().to_owned();
    assert!(directory.starts_with("stores/20"), "{said}");
    assert!(
        said.contains(&format!(
            "\n  ringwalk stores import --out {directory} --signed DIR --ca-chain FILE\n"
        )),
        "{said}"
    );
    desk.sh(&format!(
        "openssl pkey -in {directory}/n1.key -passin file:stores/keystore.password -noout; mkdir new
         for n in n1 n2 n3; do openssl x509 -req -in {directory}/$n.csr -CA issuing.pem -CAkey issuing.key \
         -CAcreateserial -copy_extensions copy -out new/$n.pem 2>&1; done"
    ));
    let import = |options: &str| {
        desk.stores(&format!("import --out {directory} --signed new --ca-chain both.pem {options}"))
    };
    import("--type jks").refused(
        "error: its stores are .p12, and .jks is asked for\n --> stores\n\
         help: `--type` says the form: a renewal keeps it\n\n1 problem in stores\n",
    );
    let said = import("").done();
    for expected in [
        format!("from: \"{directory}/{{node}}.p12\""),
        "password: \"file:stores/keystore.password\"".to_owned(),
        "from: \"stores/truststore.p12\"".to_owned(),
    ] {
        assert!(said.contains(&expected), "{expected} is missing in\n{said}");
    }
    let now = desk.everything();
    assert!(before.iter().all(|file| now.contains(file)), "what was there has changed");
    assert!(!desk.path(&format!("{directory}/keystore.password")).exists());
    desk.leaf("stores/n1.p12", "stores/keystore.password", "old");
    desk.leaf(&format!("{directory}/n1.p12"), "stores/keystore.password", "new");
    desk.sh("openssl verify -verify_ip 10.1.0.11 -CAfile root.pem -untrusted issuing.pem new.crt");
    assert_ne!(desk.read("old.crt"), desk.read("new.crt"));
}

#[test]
fn signed_certificates_where_keystores_of_the_same_name_would_go_are_refused() {
    let desk = desk();
    desk.sh("cat issuing.pem root.pem >both.pem; cp signed/*.pem stores/");
    let before = desk.everything();
    desk.stores("import --out stores --signed ./stores --ca-chain both.pem --type pem").refused(
        "error: the keystores would be NODE.pem too: `--signed` and `--out` are one directory\n --> ./stores\n\
         help: put the signed certificates into a directory of their own, and name it by `--signed`\n\n\
         1 problem in ./stores\n",
    );
    assert!(desk.everything() == before);
    desk.stores("import --out stores --signed stores --ca-chain both.pem").done();
}

#[test]
fn no_password_that_was_made_is_ever_shown() {
    let desk = desk();
    desk.sh("cat issuing.pem root.pem >both.pem");
    desk.stores("new-ca --name C --password env:CA_PASSWORD --out ca").done();
    let mut said = vec![import(&desk, "--ca-chain both.pem -vv")];
    for words in [
        "issue -i inventory.yaml --offline --ca ca --ca-password env:CA_PASSWORD --out own -vv",
        "issue -i inventory.yaml --offline --ca ca --ca-password env:CA_PASSWORD --out own --renew --output json -vv",
        "issue -i inventory.yaml --offline --ca ca --ca-password env:CA_PASSWORD --out own -vv",
        "issue -i inventory.yaml --offline --csr --out requests -vv",
        "issue -i inventory.yaml --offline --development --out development -vv",
        "trust --out own/truststore-both.p12 ca/ca.pem root.pem -vv",
        "client --user app --ca ca --ca-password env:CA_PASSWORD --out clients -vv",
        "inspect own/n1.p12 --password file:own/keystore.password -vv",
        "inspect own/n1.p12 --password file:own/truststore.password -vv",
        "inspect own/n1.p12 --password file:own/keystore.password --output json -vv",
    ] {
        said.push(desk.stores(words));
    }
    let passwords: Vec<String> = desk
        .everything()
        .into_iter()
        .filter(|(path, _)| path.to_string_lossy().ends_with("password"))
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap().trim().to_owned())
        .chain([crate::CA_PASSWORD.to_owned()])
        .collect();
    assert!(
        passwords.len() >= 7 && passwords.iter().all(|password| password.len() >= 12),
        "{}",
        passwords.len()
    );
    assert!(said.iter().filter(|said| said.code == 0).count() >= 9);
    for said in said {
        let all = said.out + &said.err;
        assert!(passwords.iter().all(|password| !all.contains(password.as_str())), "a password is in\n{all}");
    }
}
