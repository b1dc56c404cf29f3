//! The edit of cassandra.yaml: what was edited can be edited again, and then nothing changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringwalk::formats::yaml::{Edit, EditValue, edit};

fuzz_target!(|bytes: &[u8]| {
    let option = |key: &str, value| Edit { path: vec!["client_encryption_options".into(), key.into()], value };
    let edits = [
        option("enabled", EditValue::Bool(true)),
        option("keystore", EditValue::Text("/etc/cassandra/tls/keystore.p12".into())),
    ];
    if let Ok(edited) = edit(bytes, &edits) {
        assert_eq!(edit(&edited, &edits).expect("an edited file can be edited"), edited);
    }
});
