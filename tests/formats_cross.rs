//! Every kind of key with every length of chain in one store, in every format, between us and keytool and openssl.

#[path = "support/workshop.rs"]
mod workshop;

use jiff::Timestamp;
use ringwalk::formats::certificate::Certificate;
use ringwalk::formats::jks;
use ringwalk::formats::store::{Contents, Form, KeyCipher, KeyEntry, Store, StoreError, Strength};
use ringwalk::secret::Secret;
use std::ops::Deref;
use workshop::Workshop;

const PASSWORD: &str = "changeit";
const KINDS: [(&str, &str); 3] = [
    ("rsa", "RSA -pkeyopt rsa_keygen_bits:2048"),
    ("ec", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("ed25519", "Ed25519"),
];
const LONGEST_CHAIN: usize = 3;
const FORMS: [(&str, Form); 3] = [
    ("jks", Form::Jks),
    ("modern.p12", Form::Pkcs12(Strength::Modern)),
    ("legacy.p12", Form::Pkcs12(Strength::Legacy)),
];

/// Files made by openssl: for each kind, `<kind><length>.pem` is a key with a chain of that many certificates.
struct Keys {
    shop: Workshop,
    entries: Vec<KeyEntry>,
}

impl Deref for Keys {
    type Target = Workshop;

    fn deref(&self) -> &Workshop {
        &self.shop
    }
}

impl Keys {
    fn new() -> Keys {
        let mut keys = Keys { shop: Workshop::new(), entries: Vec::new() };
        keys.write("ca.cnf", b"basicConstraints=critical,CA:true\n");
        for (kind, algorithm) in KINDS {
            for length in 1..=LONGEST_CHAIN {
                let entry = keys.entry(&format!("{kind}{length}"), algorithm, length);
                keys.entries.push(entry);
            }
        }
        keys
    }

    fn entry(&self, name: &str, algorithm: &str, length: usize) -> KeyEntry {
        let mut chain = Vec::new();
        for level in 0..length {
            let me = format!("{name}-{level}");
            self.run(&format!("openssl genpkey -algorithm {algorithm} -out {me}.key"));
            self.run(&format!("openssl req -new -key {me}.key -subj /CN={me} -out {me}.csr"));
            let by = match level {
                0 => format!("-signkey {me}.key"),
                _ => format!("-CA {name}-{0}.crt -CAkey {name}-{0}.key -CAcreateserial", level - 1),
            };
            self.run(&format!("openssl x509 -req -in {me}.csr {by} -days 20 -extfile ca.cnf -out {me}.crt"));
            chain = [self.read(&format!("{me}.crt")), chain].concat();
        }
        let key = self.read(&format!("{name}-{}.key", length - 1));
        self.write(&format!("{name}.pem"), &[key, chain].concat());
        let mut store = self.open(&format!("{name}.pem"), "");
        let entry = store.keys.remove(0);
        assert_eq!(entry.chain.len(), length, "{name}");
        KeyEntry { alias: name.to_owned(), ..entry }
    }

    fn open(&self, name: &str, password: &str) -> Store {
        Store::open(&self.read(name), &Secret::new(password))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn import(&self, from: &str, to: &str, form: &str) {
        self.run(&format!(
            "keytool -importkeystore -noprompt -srckeystore {from} -srcstorepass {PASSWORD} -destkeystore {to} \
             -deststorepass {PASSWORD} {form}"
        ));
    }

    /// Alias, key and chain of every entry, in the order of aliases.
    fn assert_holds_all(&self, name: &str) {
        let mut keys = self.open(name, PASSWORD).keys;
        keys.sort_by(|one, other| one.alias.cmp(&other.alias));
        let mut expected = self.entries.clone();
        expected.sort_by(|one, other| one.alias.cmp(&other.alias));
        assert!(keys == expected, "{name}: {keys:?}");
    }
}

#[test]
fn nine_keys_with_their_chains_pass_between_us_and_keytool() {
    let shop = Keys::new();
    let trusted = vec![("trusted".to_owned(), shop.entries[0].chain[0].clone())];
    let contents = Contents { keys: shop.entries.clone(), trusted, ignored: Vec::new() };
    for (ours, form) in FORMS {
        let bytes = Store::write(&contents, form, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD)).unwrap();
        shop.write(ours, &bytes);
        shop.assert_holds_all(ours);
        let list = shop.run(&format!("keytool -list -keystore {ours} -storepass {PASSWORD}"));
        let count = |kind: &str| list.matches(kind).count();
        assert_eq!((count("PrivateKeyEntry"), count("trustedCertEntry")), (9, 1), "{ours}\n{list}");
        if ours != "jks" {
            // Every key once more, as openssl understands the store.
            let all = shop.run(&format!("openssl pkcs12 -in {ours} -passin pass:{PASSWORD} -nodes -legacy"));
            assert_eq!(all.matches("-----BEGIN PRIVATE KEY-----").count(), 9, "{ours}");
            for (kind, _) in KINDS {
                for length in 1..=LONGEST_CHAIN {
                    let key = shop.read(&format!("{kind}{length}-{}.key", length - 1));
                    assert!(all.contains(&String::from_utf8(key).unwrap()), "{ours}: {kind}{length}");
                }
            }
        }
    }
    // And back: what keytool makes of ours, in each of its own forms.
    for (to, form) in [
        ("back.jks", "-deststoretype JKS"),
        ("back.p12", "-deststoretype PKCS12"),
        ("back-legacy.p12", "-deststoretype PKCS12 -J-Dkeystore.pkcs12.legacy"),
    ] {
        let from = if to == "back.jks" { "modern.p12" } else { "jks" };
        shop.import(from, to, form);
        shop.assert_holds_all(to);
    }
    let bytes = shop.read("back.jks");
    assert!(*jks::write::rewrite(&bytes, &Secret::new(PASSWORD)).unwrap() == bytes);
}

#[test]
fn every_key_with_its_chain_is_read_from_openssl() {
    let shop = Keys::new();
    for entry in &shop.entries {
        for (ext, options) in [("p12", ""), ("legacy.p12", "-legacy"), ("nomac.p12", "-nomac")] {
            let (name, file) = (&entry.alias, format!("{}.{ext}", entry.alias));
            shop.run(&format!(
                "openssl pkcs12 -export -in {name}.pem -name {name} -passout pass:{PASSWORD} {options} -out {file}"
            ));
            assert_eq!(shop.open(&file, PASSWORD).keys, std::slice::from_ref(entry), "{file}");
        }
        let length = entry.chain.len() - 1;
        let certificates: Vec<u8> =
            (0..=length).rev().flat_map(|level| shop.read(&format!("{}-{level}.crt", entry.alias))).collect();
        for (options, rounds, cipher) in [
            ("-v2 aes-256-cbc", 1, KeyCipher::Aes),
            ("-v2 aes-256-cbc", 10_000, KeyCipher::Aes),
            ("-v1 PBE-SHA1-3DES", 1, KeyCipher::TripleDes),
            ("-v1 PBE-SHA1-3DES", 10_000, KeyCipher::TripleDes),
        ] {
            shop.run(&format!(
                "openssl pkcs8 -topk8 -in {}-{length}.key {options} -iter {rounds} -passout pass:{PASSWORD} -out key.p8",
                entry.alias
            ));
            shop.write("sealed.pem", &[shop.read("key.p8"), certificates.clone()].concat());
            let mut store = shop.open("sealed.pem", PASSWORD);
            assert_eq!(store.key_cipher, Some(cipher), "{}", entry.alias);
            let opened = store.keys.remove(0);
            assert!(opened.key == entry.key && opened.chain == entry.chain, "{}", entry.alias);
            let wrong = Store::open(&shop.read("sealed.pem"), &Secret::new("another"));
            assert_eq!(wrong, Err(StoreError::WrongPassword), "{}", entry.alias);
        }
    }
}

#[test]
fn a_pkcs12_key_with_a_password_of_its_own_is_told_from_a_wrong_store_password() {
    let bytes = include_bytes!("formats/key-password-differs.p12");
    let open = |password| Store::open(bytes, &Secret::new(password)).unwrap_err();
    assert_eq!(open(PASSWORD), StoreError::KeyPasswordDiffers { alias: "ec".to_owned() });
    assert_eq!(open("another"), StoreError::WrongPassword);
}

/// keytool gives a key of JKS a password of its own; of PKCS12 it says that it cannot ("Different store and key passwords
/// not supported") and takes the store's.
#[test]
fn keys_with_a_password_of_their_own_are_named_whatever_their_kind_and_chain() {
    let shop = Keys::new();
    for entry in &shop.entries {
        let contents = Contents { keys: vec![entry.clone()], ..Contents::default() };
        let bytes =
            Store::write(&contents, Form::Jks, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD)).unwrap();
        let (alias, ours) = (&entry.alias, format!("{}.jks", entry.alias));
        shop.write(&ours, &bytes);
        for (kind, theirs) in [("JKS", format!("{alias}-own.jks")), ("PKCS12", format!("{alias}-own.p12"))] {
            shop.run(&format!(
                "keytool -importkeystore -noprompt -srckeystore {ours} -srcstorepass {PASSWORD} -srcalias {alias} \
                 -destkeystore {theirs} -deststorepass {PASSWORD} -destkeypass another -deststoretype {kind}"
            ));
            let bytes = shop.read(&theirs);
            let opened = Store::open(&bytes, &Secret::new(PASSWORD));
            if kind == "PKCS12" {
                assert_eq!(opened.unwrap().keys, std::slice::from_ref(entry), "{theirs}");
                continue;
            }
            assert_eq!(opened, Err(StoreError::KeyPasswordDiffers { alias: alias.clone() }), "{theirs}");
            assert!(*jks::write::rewrite(&bytes, &Secret::new(PASSWORD)).unwrap() == bytes, "{theirs}");
            let locked = jks::locked(&bytes, &Secret::new(PASSWORD)).unwrap();
            assert!(locked.chains == [(alias.clone(), entry.chain.clone())], "{theirs}");
            assert!(jks::locked(&bytes, &Secret::new("another")).is_err(), "{theirs}");
        }
    }
}

/// `openssl pkcs12 -jdktrust serverAuth` writes another value of Oracle's attribute than keytool does.
#[test]
fn what_bears_oracles_attribute_is_trusted_whatever_it_says() {
    let shop = Keys::new();
    let none = "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE";
    shop.run(&format!(
        "keytool -importcert -noprompt -alias ca -file rsa1-0.crt -storetype PKCS12 -keystore any.p12 \
         -storepass {PASSWORD} {none}"
    ));
    // anyExtendedKeyUsage, 2.5.29.37.0, becomes another key usage of the same length.
    let any = [6, 4, 0x55, 0x1d, 0x25, 0];
    let mut bytes = shop.read("any.p12");
    let windows = bytes.windows(any.len()).enumerate();
    let at: Vec<usize> = windows.filter(|(_, window)| **window == any).map(|(at, _)| at).collect();
    let [at] = at[..] else { panic!("it stands there once: {at:?}") };
    bytes[at + any.len() - 1] = 1;
    shop.write("other.p12", &bytes);
    for store in ["any.p12", "other.p12"] {
        let list = shop.run(&format!("keytool -list -keystore {store} -storepass {PASSWORD}"));
        assert!(list.contains("trustedCertEntry"), "{store}: {list}");
        let opened = shop.open(store, PASSWORD);
        assert_eq!((opened.trusted.len(), opened.ignored.len()), (1, 0), "{store}");
        assert_eq!(opened.trusted[0].0, "ca", "{store}");
    }
    // In safes that are encrypted, by each of keytool's ciphers.
    for (to, options) in [("sealed.p12", ""), ("legacy.p12", "-J-Dkeystore.pkcs12.legacy")] {
        shop.import("any.p12", to, &format!("-deststoretype PKCS12 {options}"));
        assert_eq!(shop.open(to, PASSWORD).trusted.len(), 1, "{to}");
    }
}

#[test]
fn aliases_of_any_script_are_what_keytool_calls_them() {
    let shop = Keys::new();
    let entry = |alias: &str| KeyEntry { alias: alias.to_owned(), ..shop.entries[3].clone() };
    let contents =
        Contents { keys: vec![entry("knoten-ä"), entry("ノード"), entry("𝄞")], ..Contents::default() };
    let bytes = Store::write(&contents, Form::Jks, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD)).unwrap();
    shop.write("names.jks", &bytes);
    let list = format!(
        "keytool -J-Dfile.encoding=UTF-8 -J-Dstdout.encoding=UTF-8 -list -keystore names.jks -storepass {PASSWORD}"
    );
    let list = shop.run(&list);
    for alias in ["knoten-ä", "ノード", "𝄞"] {
        assert!(list.contains(alias), "{alias}\n{list}");
    }
    shop.import("names.jks", "again.jks", "-deststoretype JKS");
    let bytes = shop.read("again.jks");
    assert!(*jks::write::rewrite(&bytes, &Secret::new(PASSWORD)).unwrap() == bytes);
    let mut aliases: Vec<String> =
        shop.open("again.jks", PASSWORD).keys.into_iter().map(|key| key.alias).collect();
    aliases.sort();
    assert_eq!(aliases, ["knoten-ä", "ノード", "𝄞"]);
}

#[test]
fn what_a_format_would_lose_is_refused() {
    let shop = Keys::new();
    let pem = |contents: &Contents| {
        Store::write(contents, Form::Pem, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD))
            .unwrap_err()
            .to_string()
    };
    let both = Contents { keys: shop.entries.clone(), ..Contents::default() };
    assert_eq!(pem(&both), "PEM cannot hold more than one key, or a key beside trusted certificates");
    assert_eq!(pem(&Contents::default()), "PEM cannot hold a store without entries");
    let [one, other] = [&shop.entries[4], &shop.entries[5]];
    let of = |keys: Vec<KeyEntry>, trusted: Vec<(String, Certificate)>| Contents {
        keys,
        trusted,
        ignored: Vec::new(),
    };
    let same_alias = of(vec![one.clone()], vec![(one.alias.to_uppercase(), other.chain[0].clone())]);
    let strange = KeyEntry { chain: vec![one.chain[0].clone(), other.chain[0].clone()], ..one.clone() };
    for (contents, forms, why) in [
        (same_alias, &FORMS[..], "the entry `EC2` cannot be written: another entry has the same alias"),
        (
            of(vec![strange], Vec::new()),
            &FORMS[1..],
            "the entry `ec2` cannot be written: a certificate of its chain is not followed by its issuer",
        ),
    ] {
        for (name, form) in forms {
            let refused = Store::write(&contents, *form, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD));
            assert_eq!(refused.unwrap_err().to_string(), why, "{name}");
        }
    }
}
