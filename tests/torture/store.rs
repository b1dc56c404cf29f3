//! The stores of the simulated operator: one for each year.

use super::desk::{PASSWORD, Playbook};
use jiff::Timestamp;
use ringwalk::formats::store::Store;
use ringwalk::secret::Secret;
use std::sync::OnceLock;

/// Made by openssl once a process: a keystore in PEM, whose bytes Java and we read alike.
pub fn store(playbook: Playbook) -> Vec<u8> {
    static STORES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    let stores = STORES.get_or_init(|| [make("2026"), make("2027")]);
    let is_second = matches!(playbook, Playbook::Rotate | Playbook::StagedRotate);
    stores[usize::from(is_second)].clone()
}

fn make(year: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let output = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "3650",
        ])
        .args(["-subj", &format!("/CN=sim {year}"), "-keyout", &path("key"), "-out", &path("crt")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pem = [std::fs::read(path("key")).unwrap(), std::fs::read(path("crt")).unwrap()].concat();
    let opened = Store::open(&pem, &Secret::new("")).unwrap();
    let contents = ringwalk::formats::store::Contents { keys: opened.keys, ..Default::default() };
    let form = ringwalk::formats::store::Form::Jks;
    Store::write(&contents, form, Timestamp::UNIX_EPOCH, &Secret::new(PASSWORD)).unwrap().to_vec()
}
