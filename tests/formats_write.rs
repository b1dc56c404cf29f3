//! Stores as we write them: keytool and openssl find in them what we put there, and we find what they put into theirs.

#[path = "support/workshop.rs"]
mod workshop;

use jiff::Timestamp;
use ringwalk::formats::store::{Contents, Form, KeyCipher, Seal, Store, Strength};
use ringwalk::formats::{jks, pem};
use ringwalk::secret::Secret;
use sha2::{Digest, Sha256};
use std::path::Path;
use workshop::Workshop;

const PASSWORD: &str = "changeit";
const KEYS: [(&str, &str); 4] = [
    ("rsa", "RSA -pkeyopt rsa_keygen_bits:2048"),
    ("p256", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p384", "EC -pkeyopt ec_paramgen_curve:P-384"),
    ("ed25519", "Ed25519"),
];
const FORMS: [(&str, Form); 4] = [
    ("jks", Form::Jks),
    ("modern.p12", Form::Pkcs12(Strength::Modern)),
    ("legacy.p12", Form::Pkcs12(Strength::Legacy)),
    ("pem", Form::Pem),
];

impl Workshop {
    /// A CA, as many CAs beneath it as make the chain long enough, and a leaf of this kind of key; one PEM store of it.
    fn store(&self, name: &str, key: &str, chain: usize) -> Store {
        self.write("ca.cnf", b"basicConstraints=critical,CA:true\n");
        self.write("leaf.cnf", b"subjectAltName=DNS:orders-1,IP:10.0.1.11\nextendedKeyUsage=serverAuth\n");
        let mut text = Vec::new();
        for level in 0..chain {
            let me = format!("{name}{level}");
            let kind = if level + 1 == chain { key } else { "EC -pkeyopt ec_paramgen_curve:P-384" };
            self.run(&format!("openssl genpkey -algorithm {kind} -out {me}.key"));
            let extensions = if level + 1 == chain { "leaf.cnf" } else { "ca.cnf" };
            self.run(&format!("openssl req -new -key {me}.key -subj /CN={me} -out {me}.csr"));
            let by = match level {
                0 => format!("-signkey {me}.key"),
                _ => format!("-CA {name}{0}.crt -CAkey {name}{0}.key -CAcreateserial", level - 1),
            };
            self.run(&format!(
                "openssl x509 -req -in {me}.csr {by} -days 20 -extfile {extensions} -out {me}.crt"
            ));
            text = [self.read(&format!("{me}.crt")), text].concat();
        }
        text = [self.read(&format!("{name}{}.key", chain - 1)), text].concat();
        Store::open(&text, &Secret::new("")).unwrap()
    }

    fn certificates(&self, keytool_lists: &str) -> usize {
        self.run(keytool_lists).matches("-----BEGIN CERTIFICATE-----").count()
    }
}

fn written(contents: &Contents, form: Form) -> Vec<u8> {
    Store::write(contents, form, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD)).unwrap().to_vec()
}

fn opened(bytes: &[u8]) -> Store {
    Store::open(bytes, &Secret::new(PASSWORD)).unwrap()
}

fn contents(store: &Store) -> Contents {
    Contents { keys: store.keys.clone(), trusted: store.trusted.clone(), ignored: Vec::new() }
}

#[test]
fn keytool_and_openssl_find_in_our_stores_what_we_put_there() {
    let shop = Workshop::new();
    for (name, key) in KEYS {
        // Two kinds of chain more would be two minutes more of starting Java.
        let lengths = if name == "p256" { 1..=3 } else { 2..=2 };
        for chain in lengths {
            let store = shop.store(name, key, chain);
            assert_eq!(store.keys[0].chain.len(), chain, "{name}");
            for (ext, form) in FORMS {
                let file = format!("{name}{chain}.{ext}");
                shop.write(&file, &written(&contents(&store), form));
                let again = opened(&shop.read(&file));
                assert_eq!(again.content_sha256(), store.content_sha256(), "{file}");
                if form == Form::Pem {
                    let key = shop.run(&format!("openssl pkey -in {file} -passin pass:{PASSWORD}"));
                    assert_eq!(key.as_bytes(), shop.read(&format!("{name}{}.key", chain - 1)), "{file}");
                    continue;
                }
                let list = format!("keytool -list -rfc -keystore {file} -storepass {PASSWORD}");
                assert!(shop.run(&list).contains("PrivateKeyEntry"), "{file}");
                assert_eq!(shop.certificates(&list), chain, "{file}");
                let out = format!("{file}.imported");
                shop.run(&format!(
                    "keytool -importkeystore -noprompt -srckeystore {file} -srcstorepass {PASSWORD} \
                     -destkeystore {out} -deststoretype PKCS12 -deststorepass {PASSWORD}"
                ));
                assert_eq!(opened(&shop.read(&out)).content_sha256(), store.content_sha256(), "{file}");
            }
        }
    }
}

/// `PemKey.java` reads as Cassandra does: on every Java what is written into stores, since 19 also what is written
/// beside a request.
#[test]
fn cassandras_reader_of_pem_reads_our_keys() {
    let shop = Workshop::new();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/PemKey.java");
    for ((name, kind), algorithm) in [(KEYS[0], "RSA"), (KEYS[1], "EC")] {
        let store = shop.store(name, kind, 1);
        let pem = written(&contents(&store), Form::Pem);
        assert_eq!(opened(&pem).key_cipher, Some(KeyCipher::TripleDes));
        shop.write("store.pem", &pem);
        let today =
            pem::write::sealed_key(&store.keys[0].key, &Secret::new(PASSWORD), KeyCipher::Aes).unwrap();
        shop.write("today.pem", today.as_bytes());
        let said = shop.run(&format!("java {} {PASSWORD} store.pem today.pem", program.display()));
        let sha256 = Sha256::digest(store.keys[0].key.as_pkcs8());
        let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = format!("{algorithm} {sha256}");
        let lines: Vec<&str> = said.lines().collect();
        let java: u32 = lines[0].parse().unwrap();
        let refused = "NoSuchAlgorithmException";
        assert_eq!(lines[1..], [key.as_str(), if java < 19 { refused } else { &key }], "Java {java}");
    }
}

#[test]
fn our_trust_stores_are_trusted_by_java() {
    let shop = Workshop::new();
    let chain = shop.store("p384", KEYS[2].1, 3).keys.remove(0).chain;
    let trusted = vec![("one".to_owned(), chain[1].clone()), ("two".to_owned(), chain[2].clone())];
    let trust = Contents { trusted, ..Contents::default() };
    for (ext, form) in FORMS {
        let file = format!("trust.{ext}");
        shop.write(&file, &written(&trust, form));
        let again = opened(&shop.read(&file));
        assert_eq!(again.trusted.len(), 2, "{file}");
        if form != Form::Pem {
            let list = shop.run(&format!("keytool -list -keystore {file} -storepass {PASSWORD}"));
            assert_eq!(list.matches("trustedCertEntry").count(), 2, "{list}");
        }
    }
}

#[test]
fn a_jks_of_keytool_is_written_again_byte_for_byte() {
    let shop = Workshop::new();
    for (alias, key) in [("rsa", "RSA -keysize 2048"), ("ec", "EC -groupname secp256r1")] {
        shop.run(&format!(
            "keytool -genkeypair -alias {alias} -keyalg {key} -dname CN={alias} -validity 20 -keystore k.jks \
             -storetype JKS -storepass {PASSWORD} -keypass {PASSWORD}"
        ));
    }
    shop.run(&format!("keytool -exportcert -alias ec -file ec.crt -keystore k.jks -storepass {PASSWORD}"));
    shop.run(&format!(
        "keytool -importcert -noprompt -alias trust -file ec.crt -keystore k.jks -storepass {PASSWORD}"
    ));
    let bytes = shop.read("k.jks");
    assert_eq!(*jks::write::rewrite(&bytes, &Secret::new(PASSWORD)).unwrap(), bytes);
}

#[test]
fn the_same_contents_are_the_same_store_in_other_bytes() {
    let shop = Workshop::new();
    let store = shop.store("rsa", KEYS[0].1, 2);
    let other = shop.store("rsa", KEYS[0].1, 2);
    for (ext, form) in FORMS {
        let [one, two] = [(); 2].map(|()| written(&contents(&store), form));
        assert_ne!(one, two, "{ext}: salts are random");
        assert_eq!(opened(&one).content_sha256(), opened(&two).content_sha256(), "{ext}");
        assert_ne!(opened(&one).content_sha256(), other.content_sha256(), "{ext}");
    }
}

#[test]
fn a_store_tells_how_it_is_sealed_and_a_key_tells_its_certificate() {
    let shop = Workshop::new();
    for (name, key) in KEYS {
        let store = shop.store(name, key, 2);
        let (private, chain) = (&store.keys[0].key, &store.keys[0].chain);
        assert_eq!(private.belongs_to(&chain[0]), Some(true), "{name}");
        assert_eq!(private.belongs_to(&chain[1]), Some(false), "{name}");
        assert!(
            chain[1].signed(&chain[0]) && chain[1].is_self_signed() && !chain[0].signed(&chain[1]),
            "{name}"
        );
        assert_eq!(chain[0].usages.map(|usages| (usages.server, usages.client)), Some((true, false)));
        assert_eq!((chain[0].host_names().count(), chain[0].addresses().count()), (1, 1));
        let seals = FORMS.map(|(_, form)| opened(&written(&contents(&store), form)).seal);
        assert_eq!(seals, [None, Some(Seal::HmacSha2), Some(Seal::HmacSha1), None]);
    }
    shop.run("openssl pkcs12 -export -inkey rsa1.key -in rsa1.crt -certfile rsa0.crt -out o.p12 -passout pass:changeit");
    assert_eq!(opened(&shop.read("o.p12")).seal, Some(Seal::HmacSha2));
    // Not trusted by Java: `openssl pkcs12` gives certificates no attribute of trust.
    shop.run("openssl pkcs12 -export -nokeys -in rsa0.crt -out t.p12 -passout pass:changeit");
    let trust = opened(&shop.read("t.p12"));
    assert_eq!((trust.trusted.len(), trust.ignored.len()), (0, 1));
}
