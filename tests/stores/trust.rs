//! Truststores of several CAs, and what keytool and openssl say of them.

use crate::Desk;

/// With two CAs of the same name, and stores that the first signed.
fn desk() -> Desk {
    let desk = Desk::with_stores("");
    desk.sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout new.key -out new.pem -days 3650 \
             -subj /CN=OrdersCA 2>&1");
    desk
}

fn fingerprint(desk: &Desk, file: &str) -> String {
    let said = desk.sh(&format!("openssl x509 -in {file} -noout -fingerprint -sha256"));
    said.trim().split_once('=').unwrap().1.to_owned()
}

#[test]
fn both_cas_are_trusted_in_every_form_under_the_password_that_is_there() {
    let desk = desk();
    let expected = [fingerprint(&desk, "ca/ca.pem"), fingerprint(&desk, "new.pem")];
    let before = desk.read("stores/truststore.password");
    for ext in ["p12", "jks"] {
        // The first a second time is the same one.
        let said = desk.stores(&format!("trust --out stores/both.{ext} ca/ca.pem new.pem ca/ca.pem")).done();
        assert!(
            said.starts_with(&format!("stores/both.{ext} trusts 2 certificates\n  CN=OrdersCA until 20")),
            "{said}"
        );
        let line = format!(
            "  truststore: {{ from: \"stores/both.{ext}\", to: \"/etc/cassandra/tls/truststore.{ext}\", \
             password: \"file:stores/truststore.password\" }}\n"
        );
        assert!(said.ends_with(&line), "{said}");
        let listed = desk.sh(&format!(
            "keytool -list -keystore stores/both.{ext} -storepass:file stores/truststore.password 2>/dev/null"
        ));
        assert_eq!(listed.matches("trustedCertEntry").count(), 2, "{listed}");
        assert!(expected.iter().all(|fingerprint| listed.contains(fingerprint)), "{listed}");
        assert_eq!(desk.mode(&format!("stores/both.{ext}")), 0o600);
    }
    desk.stores("trust --out stores/both.pem ca/ca.pem new.pem").done();
    assert_eq!(desk.read("stores/both.pem").matches("BEGIN CERTIFICATE").count(), 2);
    desk.leaf("stores/n1.p12", "stores/keystore.password", "n1");
    desk.sh("openssl verify -CAfile stores/both.pem n1.crt");
    assert_eq!(desk.read("stores/truststore.password"), before);
}

#[test]
fn a_password_and_a_form_may_be_named() {
    let desk = desk();
    let said =
        desk.stores("trust --out new/both --type jks --password env:CA_PASSWORD ca/ca.pem new.pem").done();
    assert!(said.contains("password: \"env:CA_PASSWORD\""), "{said}");
    let list = "keytool -list -keystore new/both -storetype JKS -storepass:env CA_PASSWORD 2>/dev/null";
    let listed = desk.sh(&format!("CA_PASSWORD='correct horse' {list}"));
    assert_eq!(listed.matches("trustedCertEntry").count(), 2, "{listed}");
    let said = desk.stores("trust --out new/one.p12 --output json new.pem").done();
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&json["file"], &json["certificates"][0]["subject"]),
        (&"new/one.p12".into(), &"CN=OrdersCA".into())
    );
    assert!(desk.path("new/truststore.password").exists());
}

#[test]
fn cas_come_as_pkcs7_and_der_too() {
    let desk = desk();
    desk.sh("openssl crl2pkcs7 -nocrl -certfile ca/ca.pem -certfile new.pem -out both.p7b
             openssl pkcs7 -in both.p7b -outform DER -out der.p7b
             sed 's/PKCS7/CERTIFICATE/' both.p7b >windows.p7b
             openssl x509 -in new.pem -outform DER -out new.der");
    for (at, files) in ["both.p7b", "der.p7b", "windows.p7b", "new.der ca/ca.pem"].iter().enumerate() {
        desk.stores(&format!("trust --out {at}.pem {files}")).done();
        assert_eq!(desk.read(&format!("{at}.pem")).matches("BEGIN CERTIFICATE").count(), 2, "{files}");
    }
}

#[test]
fn what_is_no_ca_is_refused_and_nothing_is_overwritten() {
    let desk = desk();
    desk.leaf("stores/n1.p12", "stores/keystore.password", "n1");
    let before = desk.everything();
    for (words, message, place, help) in [
        (
            "--out both.p12 n1.crt",
            "`CN=n1` is no CA: who has a certificate of its issuer would not be trusted",
            "n1.crt",
            "name the certificate of its issuer, `CN=OrdersCA`",
        ),
        (
            "--out both.p12 stores/n1.p12",
            "no certificate: neither PEM nor DER nor PKCS#7",
            "stores/n1.p12",
            "certificates are wanted here; out of a store comes one with `keytool -exportcert -rfc -alias ALIAS -keystore STORE`",
        ),
        (
            "--out stores/truststore.p12 ca/ca.pem",
            "it exists already, and nothing is overwritten",
            "stores/truststore.p12",
            "name another file with `--out`",
        ),
        (
            "--out both ca/ca.pem",
            "its name does not say which form it is to have",
            "both",
            "end it in `.p12`, `.jks` or `.pem`, or give `--type`",
        ),
    ] {
        desk.stores(&format!("trust {words}"))
            .refused(&format!("error: {message}\n --> {place}\nhelp: {help}\n\n1 problem in {place}\n"));
        assert!(desk.everything() == before, "{words}");
    }
}
