//! Whole files to damage: small ones, so that damage hits what matters, with few rounds of key derivation.

use jiff::Timestamp;
use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2::Parameters;
use ringwalk::formats::store::{Contents, Form, Store};
use ringwalk::secret::Secret;
use std::path::Path;
use std::process::Command;

pub const PASSWORD: &str = "changeit";

/// A key with a chain of two, as plain PEM, made by openssl.
fn pem_of(kind: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap());
        assert!(
            command.args(words).current_dir(directory.path()).output().unwrap().status.success(),
            "{line}"
        );
    };
    run(&format!("openssl genpkey -algorithm {kind} -out ca.key"));
    run(&format!("openssl genpkey -algorithm {kind} -out leaf.key"));
    run("openssl req -x509 -new -key ca.key -subj /CN=ca -days 3000 -out ca.crt");
    run(
        "openssl req -new -key leaf.key -subj /CN=leaf -addext subjectAltName=IP:10.0.0.1,DNS:leaf -out leaf.csr",
    );
    run(
        "openssl x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -copy_extensions copy -days 3000 -out leaf.crt",
    );
    let read = |name: &str| std::fs::read(directory.path().join(name)).unwrap();
    [read("leaf.key"), read("leaf.crt"), read("ca.crt")].concat()
}

fn contents() -> Vec<Contents> {
    ["EC -pkeyopt ec_paramgen_curve:P-256", "Ed25519", "RSA -pkeyopt rsa_keygen_bits:1024"]
        .into_iter()
        .map(|kind| {
            let store = Store::open(&pem_of(kind), &Secret::new("")).unwrap();
            let trusted = vec![("ca".to_owned(), store.keys[0].chain[1].clone())];
            Contents { keys: store.keys, trusted, ignored: Vec::new() }
        })
        .collect()
}

pub fn jks() -> Vec<Vec<u8>> {
    let write = |contents: &Contents| {
        Store::write(contents, Form::Jks, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD)).unwrap().to_vec()
    };
    contents().iter().map(write).collect()
}

/// Sealed ones, and ones without a seal, into which damage reaches further.
pub fn pkcs12() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for contents in contents() {
        let mut store = KeyStore::new();
        let entry = &contents.keys[0];
        let key = PrivateKey::from_der(entry.key.as_pkcs8()).unwrap();
        let chain = entry.chain.iter().map(|one| p12_keystore::Certificate::from_der(&one.der).unwrap());
        store.add_entry("a", KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new("a", key, chain)));
        let trusted = p12_keystore::Certificate::from_der(&contents.trusted[0].1.der).unwrap();
        store.add_entry("ca", KeyStoreEntry::Certificate(trusted));
        let sealed = store.writer(PASSWORD).encryption_iterations(2).mac_iterations(2).write().unwrap();
        seeds.push(without_seal(&sealed));
        seeds.push(sealed);
    }
    seeds
}

/// PFX is version, content and seal, in a sequence whose length takes two bytes.
fn without_seal(sealed: &[u8]) -> Vec<u8> {
    assert_eq!(sealed[..2], [0x30, 0x82]);
    let body = &sealed[4..];
    assert_eq!((body[..3].to_vec(), body[3], body[4]), (vec![2, 1, 3], 0x30, 0x82));
    let end = 3 + 4 + usize::from(u16::from_be_bytes([body[5], body[6]]));
    let mut open = vec![0x30, 0x82];
    open.extend(u16::try_from(end).unwrap().to_be_bytes());
    open.extend(&body[..end]);
    assert!(Store::open(&open, &Secret::new(PASSWORD)).is_ok(), "a store without a seal opens");
    open
}

pub fn pem() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for contents in contents() {
        let plain = pem_of("EC -pkeyopt ec_paramgen_curve:P-256");
        let info = PrivateKeyInfoRef::try_from(contents.keys[0].key.as_pkcs8()).unwrap();
        let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(2, b"saltsalt", [7; 16]).unwrap();
        let encrypted = info.encrypt_with_params(parameters, PASSWORD).unwrap();
        let encrypted = encrypted.to_pem("ENCRYPTED PRIVATE KEY", pkcs8::LineEnding::LF).unwrap();
        let certificates =
            plain.windows(27).position(|window| window == b"-----BEGIN CERTIFICATE-----").unwrap();
        seeds.push([encrypted.as_bytes(), &plain[certificates..]].concat());
        seeds.push(plain);
    }
    seeds
}

/// The sections that are edited, as releases ship them and as people write them.
pub fn yaml() -> Vec<Vec<u8>> {
    let stock = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/yaml").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        let at = text.find("\nclient_encryption_options:").unwrap();
        let from = text[..at].rfind("\n\n").unwrap_or(0);
        text[from..].chars().take(2500).collect::<String>().into_bytes()
    };
    let written = [
        "client_encryption_options: { enabled: false, optional: false } # none\nnative_transport_port: 9042\n",
        "cluster_name: 'a'\nclient_encryption_options:\n  enabled: true\n  keystore: \"a\"\n  # optional: x\n\nb: [1, 2]\n",
        "a: &x { enabled: false }\nclient_encryption_options: *x\nc: |\n  text\n  more\n",
        "cluster_name: x\r\nclient_encryption_options:\r\n    enabled: false\r\n    keystore_password: 'p'\r\nd: ~",
        "cluster_name: x\n",
    ];
    ["stock-3.11.yaml", "stock-5.0.yaml"]
        .map(stock)
        .into_iter()
        .chain(written.map(|text| text.as_bytes().to_vec()))
        .collect()
}
