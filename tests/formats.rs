//! Stores as keytool and openssl make them: opened, told apart from what is none, and never believed when damaged.

#[path = "support/workshop.rs"]
mod workshop;

use ringwalk::formats::certificate::Certificate;
use ringwalk::formats::store::{Store, StoreError, StoreKind};
use ringwalk::secret::Secret;
use workshop::Workshop;

const PASSWORD: &str = "changeit";
const KEYTOOL_KEYS: [(&str, &[&str], &str); 3] = [
    ("rsa", &["-keyalg", "RSA", "-keysize", "2048"], "RSA 2048"),
    ("ec", &["-keyalg", "EC", "-groupname", "secp256r1"], "EC P-256"),
    ("ed25519", &["-keyalg", "Ed25519"], "Ed25519"),
];

impl Workshop {
    fn join(&self, from: &[&str], to: &str) {
        let bytes: Vec<u8> = from.iter().flat_map(|name| self.read(name)).collect();
        self.write(to, &bytes);
    }

    fn open(&self, name: &str, password: &str) -> Result<Store, StoreError> {
        Store::open(&self.read(name), &Secret::new(password))
    }

    /// The fingerprints that keytool shows, in the notation of `Certificate::sha256`.
    fn keytool_fingerprints(&self, store: &str) -> Vec<String> {
        let shown = self.run(&format!("keytool -list -v -keystore {store} -storepass {PASSWORD}"));
        let lines = shown.lines().filter_map(|line| line.trim().strip_prefix("SHA256: "));
        lines.map(|fingerprint| fingerprint.replace(':', "").to_lowercase()).collect()
    }

    fn openssl_fingerprint(&self, certificate: &str) -> String {
        let shown = self.run(&format!("openssl x509 -in {certificate} -noout -fingerprint -sha256"));
        shown.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase()
    }

    /// `ca.crt` signs `node.crt`, whose key is `node.key`; `node-chain.crt` has both.
    fn with_pki(self) -> Workshop {
        self.write(
            "san.cnf",
            b"subjectAltName=DNS:orders-1.example,IP:10.0.1.11,IP:fd00::1,email:a@b.example\n",
        );
        self.run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ca.key");
        self.run("openssl req -x509 -new -key ca.key -subj /O=Example/CN=Orders-CA -days 30 -out ca.crt");
        self.run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out node.key");
        self.run("openssl req -new -key node.key -subj /CN=orders-1 -out node.csr");
        self.run("openssl x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 20 -extfile san.cnf -out node.crt");
        self.join(&["node.crt", "ca.crt"], "node-chain.crt");
        self
    }
}

#[test]
fn what_keytool_makes_opens_with_the_fingerprint_that_keytool_shows() {
    let shop = Workshop::new();
    for (name, key, expected) in KEYTOOL_KEYS {
        shop.run(&format!(
            "keytool -genkeypair -alias {name} -dname CN={name} {} -storetype PKCS12 -keystore {name}.p12 -storepass {PASSWORD}",
            key.join(" ")
        ));
        let fingerprints = shop.keytool_fingerprints(&format!("{name}.p12"));
        for (to, options, kind) in [
            ("p12", "", StoreKind::Pkcs12),
            ("legacy.p12", "-deststoretype PKCS12 -J-Dkeystore.pkcs12.legacy", StoreKind::Pkcs12),
            ("jks", "-deststoretype JKS", StoreKind::Jks),
        ] {
            let store = format!("{name}.{to}");
            if !options.is_empty() {
                shop.run(&format!(
                    "keytool -importkeystore -noprompt -srckeystore {name}.p12 -srcstorepass {PASSWORD} -destkeystore {store} \
                     -deststorepass {PASSWORD} {options}"
                ));
            }
            let opened = shop.open(&store, PASSWORD).unwrap();
            assert_eq!((opened.kind, opened.keys.len(), opened.trusted.len()), (kind, 1, 0), "{store}");
            assert_eq!(opened.keys[0].alias, name, "{store}");
            let leaf = opened.leaf().unwrap();
            assert_eq!(
                (leaf.key.as_str(), leaf.subject.as_str()),
                (expected, format!("CN={name}").as_str()),
                "{store}"
            );
            assert_eq!(vec![leaf.sha256.clone()], fingerprints, "{store}");
            assert_eq!(shop.open(&store, "wrong!"), Err(StoreError::WrongPassword), "{store}");
        }
    }
}

#[test]
fn what_openssl_makes_opens_with_its_chain() {
    let shop = Workshop::new().with_pki();
    let input = "-inkey node.key -in node.crt -certfile ca.crt -name orders-1";
    let legacy_key =
        "openssl pkcs8 -topk8 -in node.key -v2 aes-256-cbc -passout pass:changeit -out node.enc.p8";
    shop.run(&format!("openssl pkcs12 -export {input} -passout pass:changeit -out modern.p12"));
    shop.run(&format!("openssl pkcs12 -export -legacy {input} -passout pass:changeit -out legacy.p12"));
    shop.run(legacy_key);
    shop.join(&["node.key", "node-chain.crt"], "plain.pem");
    shop.join(&["node.enc.p8", "node-chain.crt"], "encrypted.pem");
    let chain = [shop.openssl_fingerprint("node.crt"), shop.openssl_fingerprint("ca.crt")];
    let plain = shop.open("plain.pem", "").unwrap();
    for (name, kind) in [
        ("modern.p12", StoreKind::Pkcs12),
        ("legacy.p12", StoreKind::Pkcs12),
        ("plain.pem", StoreKind::Pem),
        ("encrypted.pem", StoreKind::Pem),
    ] {
        let opened = shop.open(name, PASSWORD).unwrap();
        assert_eq!((opened.kind, opened.keys.len(), opened.trusted.len()), (kind, 1, 0), "{name}");
        let shown: Vec<_> =
            opened.keys[0].chain.iter().map(|certificate| certificate.sha256.as_str()).collect();
        assert_eq!(shown, chain, "{name}");
        assert_eq!(opened.keys[0].key, plain.keys[0].key, "{name}");
    }
    for name in ["modern.p12", "legacy.p12", "encrypted.pem"] {
        assert_eq!(shop.open(name, "wrong!"), Err(StoreError::WrongPassword), "{name}");
    }
    assert_eq!(shop.open("encrypted.pem", ""), Err(StoreError::PasswordMissing));
}

#[test]
fn a_certificate_says_what_openssl_says() {
    let shop = Workshop::new().with_pki();
    let node = &shop.open("node.crt", "").unwrap().trusted[0].1;
    let ca = &shop.open("ca.crt", "").unwrap().trusted[0].1;
    assert_eq!((node.subject.as_str(), node.issuer.as_str()), ("CN=orders-1", "O=Example, CN=Orders-CA"));
    assert_eq!(node.sans, ["orders-1.example", "10.0.1.11", "fd00::1", "email:a@b.example"]);
    assert_eq!((node.key.as_str(), ca.key.as_str()), ("EC P-256", "EC P-384"));
    assert_eq!((node.is_ca, ca.is_ca), (false, true));
    let shown = shop.run("openssl x509 -in node.crt -noout -serial -startdate -enddate -dateopt iso_8601");
    let iso = |time: jiff::Timestamp| time.to_string().replace('T', " ");
    let said = format!(
        "serial={}\nnotBefore={}\nnotAfter={}\n",
        node.serial.to_uppercase(),
        iso(node.not_before),
        iso(node.not_after)
    );
    assert_eq!(shown, said);
    let mut longer = node.der.clone();
    longer.push(0);
    assert!(Certificate::from_der(&longer).is_err());
}

#[test]
fn a_trust_store_trusts_only_what_java_trusts() {
    let shop = Workshop::new().with_pki();
    for (store, kind) in [("trust.jks", "JKS"), ("trust.p12", "PKCS12")] {
        for alias in ["ca", "node"] {
            shop.run(&format!(
                "keytool -importcert -noprompt -alias {alias} -file {alias}.crt -storetype {kind} -keystore {store} -storepass {PASSWORD}"
            ));
        }
        let opened = shop.open(store, PASSWORD).unwrap();
        let mut trusted: Vec<_> = opened
            .trusted
            .iter()
            .map(|(alias, certificate)| (alias.as_str(), certificate.sha256.clone()))
            .collect();
        trusted.sort();
        let expected =
            [("ca", shop.openssl_fingerprint("ca.crt")), ("node", shop.openssl_fingerprint("node.crt"))];
        assert_eq!(trusted, expected, "{store}");
        assert!(opened.keys.is_empty() && opened.leaf().is_none(), "{store}");
    }
    // Java loads this one with no entry, and every client certificate is refused.
    shop.run("openssl pkcs12 -export -nokeys -in ca.crt -passout pass:changeit -out openssl.p12");
    assert!(shop.open("openssl.p12", PASSWORD).unwrap().trusted.is_empty());
    let pem = shop.open("node-chain.crt", "ignored").unwrap();
    assert_eq!((pem.kind, pem.keys.len(), pem.trusted.len()), (StoreKind::Pem, 0, 2));
}

#[test]
fn a_key_without_its_certificate_is_a_key_with_an_empty_chain() {
    let shop = Workshop::new().with_pki();
    shop.run("openssl pkcs12 -export -nocerts -inkey node.key -passout pass:changeit -out keyonly.p12");
    let opened = shop.open("keyonly.p12", PASSWORD).unwrap();
    assert_eq!((opened.keys.len(), opened.keys[0].chain.len()), (1, 0));
    assert!(opened.leaf().is_none());
}

/// As Cassandra does from 4.1.2 on where no `truststore_password` is written.
#[test]
fn a_jks_truststore_opens_without_a_password_and_a_key_stays_locked() {
    let shop = Workshop::new().with_pki();
    shop.run("keytool -importcert -noprompt -alias ca -file ca.crt -storetype JKS -keystore trust.jks -storepass changeit");
    let opened = shop.open("trust.jks", "").unwrap();
    assert_eq!(opened.trusted.len(), 1);
    assert_eq!(shop.open("trust.jks", "another"), Err(StoreError::WrongPassword));
    shop.run(
        "keytool -genkeypair -alias node -dname CN=node -keyalg EC -groupname secp256r1 -storetype JKS -keystore key.jks \
         -storepass changeit",
    );
    assert!(shop.open("key.jks", "").is_err());
}

#[test]
fn a_key_with_a_password_of_its_own_is_told_from_a_wrong_store_password() {
    let shop = Workshop::new();
    shop.run(
        "keytool -genkeypair -alias node -dname CN=node -keyalg EC -groupname secp256r1 -storetype JKS -keystore differs.jks \
         -storepass changeit -keypass another",
    );
    let differs = StoreError::KeyPasswordDiffers { alias: "node".to_string() };
    assert_eq!(shop.open("differs.jks", PASSWORD), Err(differs));
    assert_eq!(shop.open("differs.jks", "another"), Err(StoreError::WrongPassword));
}

#[test]
fn what_is_no_store_is_named() {
    let shop = Workshop::new().with_pki();
    shop.run("openssl ec -in node.key -out sec1.key");
    shop.run("openssl genrsa -traditional -out pkcs1.key 2048");
    shop.run("openssl x509 -in node.crt -outform DER -out node.der");
    shop.run(
        "keytool -genseckey -alias k -keyalg AES -keysize 128 -storetype JCEKS -keystore jceks -storepass changeit",
    );
    for (cipher, file) in [("PBE-MD5-DES", "old.p8"), ("PBE-SHA1-RC2-40", "rare.p8")] {
        shop.run(&format!(
            "openssl pkcs8 -topk8 -in node.key -v1 {cipher} -provider legacy -provider default -passout pass:changeit -out {file}"
        ));
    }
    shop.run("openssl pkcs8 -topk8 -in node.key -scrypt -passout pass:changeit -out scrypt.p8");
    shop.write("empty", b"");
    shop.write("text", b"keystore\n");
    for (name, expected) in [
        ("empty", "the file is empty"),
        ("text", "neither JKS nor PKCS12 nor PEM"),
        ("node.der", "a certificate in DER, not a store"),
        ("jceks", "a JCEKS store, which Cassandra does not open as JKS or PKCS12"),
        (
            "sec1.key",
            "the private key is `EC PRIVATE KEY`, and Java reads only PKCS#8 (`PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`)",
        ),
        (
            "pkcs1.key",
            "the private key is `RSA PRIVATE KEY`, and Java reads only PKCS#8 (`PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`)",
        ),
        ("old.p8", "the private key is encrypted in an old way (PBES1 of PKCS#5)"),
        ("rare.p8", "the private key is encrypted in a rare way"),
        ("scrypt.p8", "the private key is encrypted in a way that Java does not know"),
    ] {
        assert_eq!(shop.open(name, PASSWORD).unwrap_err().to_string(), expected, "{name}");
    }
}

/// What Java opens, or not, by what OpenSSL was told.
#[test]
fn pkcs12_opens_with_as_many_rounds_and_in_the_ciphers_that_java_takes() {
    let shop = Workshop::new().with_pki();
    let export = "openssl pkcs12 -export -inkey node.key -in node.crt -passout pass:changeit";
    shop.run(&format!("{export} -iter 600000 -out many.p12"));
    shop.run(&format!("{export} -keypbe AES-192-CBC -certpbe AES-256-CBC -out aes192.p12"));
    shop.run("openssl pkcs8 -topk8 -in node.key -v2 aes-256-cbc -v2prf hmacWithSHA1 -passout pass:changeit -out sha1.p8");
    shop.join(&["sha1.p8", "node-chain.crt"], "sha1.pem");
    // A certificate that names AES-192 among the ciphers of its owner's mail (S/MIME capabilities, as AD CS writes them).
    shop.write("mail.cnf", b"1.2.840.113549.1.9.15=DER:300D300B0609608648016503040116\n");
    shop.run("openssl x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 20 -extfile mail.cnf -out mail.crt");
    shop.run("openssl pkcs12 -export -inkey node.key -in mail.crt -passout pass:changeit -out mail.p12");
    assert!(shop.open("mail.p12", PASSWORD).is_ok());
    assert!(shop.open("many.p12", PASSWORD).is_ok());
    assert!(shop.open("sha1.pem", PASSWORD).is_ok());
    assert_eq!(shop.open("sha1.pem", "another"), Err(StoreError::WrongPassword));
    let error = shop.open("aes192.p12", PASSWORD).unwrap_err().to_string();
    assert!(error.contains("an encryption that Java does not know (AES-192)"), "{error}");
    let keytool = std::process::Command::new("keytool")
        .args(["-importkeystore", "-srckeystore", "aes192.p12", "-srcstorepass", "changeit"])
        .args(["-destkeystore", "copy.p12", "-deststorepass", "changeit"])
        .current_dir(shop.path("."))
        .output();
    assert!(!keytool.unwrap().status.success(), "Java opens it after all");
}

#[test]
fn a_store_cut_short_is_never_opened() {
    let shop = Workshop::new().with_pki();
    small_stores(&shop);
    for name in ["small.jks", "small.p12"] {
        let bytes = shop.read(name);
        for length in 0..bytes.len() {
            let opened = Store::open(&bytes[..length], &Secret::new(PASSWORD));
            assert!(opened.is_err(), "{name} cut to {length} of {} bytes", bytes.len());
        }
    }
    // The lines of PEM stand for themselves: what is missing at the end is a certificate, seen as a shorter chain.
    let bytes = shop.read("small.pem");
    let whole = shop.open("small.pem", PASSWORD).unwrap();
    let content = bytes.trim_ascii_end().len();
    for length in 0..content {
        let opened = Store::open(&bytes[..length], &Secret::new(PASSWORD));
        let is_shorter = |store: Store| store.keys[0].chain.len() < whole.keys[0].chain.len();
        assert!(
            opened.is_ok_and(is_shorter) || Store::open(&bytes[..length], &Secret::new(PASSWORD)).is_err()
        );
    }
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing() {
    let shop = Workshop::new().with_pki();
    small_stores(&shop);
    // Each try on the PKCS12 store derives keys ten thousand times over; a prime step visits every kind of place.
    for (name, step) in [("small.jks", 1), ("small.p12", 149)] {
        let bytes = shop.read(name);
        let whole = shop.open(name, PASSWORD).unwrap();
        for bit in (0..bytes.len() * 8).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(opened) = Store::open(&flipped, &Secret::new(PASSWORD)) {
                assert_eq!(opened, whole, "{name}, bit {bit}");
            }
        }
    }
    let bytes = shop.read("small.pem");
    for bit in (0..bytes.len() * 8).step_by(37) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // A check sum is what PEM lacks; the signature in a certificate is the client's to check.
        let _no_panic = Store::open(&flipped, &Secret::new(PASSWORD));
    }
}

#[test]
fn a_length_in_a_store_is_believed_only_as_far_as_there_are_bytes() {
    let header = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2];
    for rest in [
        &[0xff; 40][..],
        &[
            0, 0, 0, 1, 0, 0, 0, 1, 0, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0,
        ],
        &[
            0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0,
        ],
    ] {
        let bytes = [&header[..], rest].concat();
        assert!(
            matches!(Store::open(&bytes, &Secret::new(PASSWORD)), Err(StoreError::Damaged(_))),
            "{rest:?}"
        );
    }
}

#[test]
fn a_private_key_is_never_shown() {
    let shop = Workshop::new().with_pki();
    small_stores(&shop);
    let opened = shop.open("small.p12", PASSWORD).unwrap();
    let shown = format!("{opened:?}");
    assert!(shown.contains("[private key]"), "{shown}");
    assert!(shown.len() < 1500, "{shown}");
}

fn small_stores(shop: &Workshop) {
    shop.run("openssl pkcs12 -export -inkey node.key -in node-chain.crt -name node -passout pass:changeit -out small.p12");
    shop.run(
        "keytool -importkeystore -noprompt -srckeystore small.p12 -srcstorepass changeit -destkeystore small.jks \
         -deststorepass changeit -deststoretype JKS",
    );
    shop.join(&["node.key", "node-chain.crt"], "small.pem");
}
