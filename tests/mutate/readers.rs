//! What is done with damaged bytes: they are read, and what was read is tried out.

use ringwalk::formats::store::{Contents, Store};
use ringwalk::formats::yaml::{self, Edit, EditValue};
use ringwalk::formats::{bundle, jks, pem};
use ringwalk::secret::Secret;

pub const PASSWORD: &str = "changeit";

pub fn jks(bytes: &[u8]) {
    store(bytes);
    if let Ok(rewritten) = jks::write::rewrite(bytes, &Secret::new(PASSWORD)) {
        assert!(*rewritten == bytes, "taken apart and put together, it is another file");
    }
}

/// What opens can be asked, and is the same store when it is written and opened again.
pub fn store(bytes: &[u8]) {
    let password = Secret::new(PASSWORD);
    let Ok(store) = Store::open(bytes, &password) else { return };
    for entry in &store.keys {
        for certificate in &entry.chain {
            let _ = (entry.key.belongs_to(certificate), certificate.is_self_signed());
        }
    }
    let contents = Contents { keys: store.keys.clone(), trusted: store.trusted.clone(), ignored: Vec::new() };
    // Without key derivation: PKCS12 and an encrypted key would take ten thousand rounds, two hundred thousand times.
    let written =
        [jks::write::write(&contents, Default::default(), &password), pem::write::write(&contents, None)];
    for written in written.into_iter().flatten() {
        let again = Store::open(&written, &password).expect("what is written opens");
        assert!(again.content_sha256() == store.content_sha256(), "as {:?} it is another store", again.kind);
    }
}

pub fn bundle(bytes: &[u8]) {
    let _ = bundle::read(bytes);
}

pub fn yaml_edit(bytes: &[u8]) {
    let option =
        |key: &str, value| Edit { path: vec!["client_encryption_options".into(), key.into()], value };
    let edits = [
        option("enabled", EditValue::Bool(true)),
        option("optional", EditValue::Bool(false)),
        option("keystore", EditValue::Text("/etc/cassandra/tls/keystore.p12".into())),
        option("keystore_password", EditValue::Secret(Secret::new("p: #'\"\\"))),
        option("cipher_suites", EditValue::List(vec!["TLS_AES_128_GCM_SHA256".into()])),
        Edit { path: vec!["native_transport_port_ssl".into()], value: EditValue::Number(9142) },
    ];
    if let Ok(edited) = yaml::edit(bytes, &edits) {
        // What was done is found done.
        let again = yaml::edit(&edited, &edits).expect("an edited file can be edited");
        assert!(again == edited, "a second edit changes nothing");
    }
}
