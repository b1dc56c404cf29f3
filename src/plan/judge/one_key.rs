//! A keystore holds one private key with its certificate: with none Cassandra starts and every handshake fails.

use super::finding::{Remark, error, warning};
use super::subject::Lone;

pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    if !lone.role.is_keystore() {
        return Vec::new();
    }
    let keys = &lone.store.keys;
    let mut remarks = Vec::new();
    if keys.is_empty() {
        remarks.push(error(
            "holds no private key: Cassandra would start with it, and every TLS handshake would fail",
            "put key and certificates into it: `openssl pkcs12 -export -inkey KEY -in CERTIFICATE -certfile CA -out FILE`",
        ));
    }
    for key in keys.iter().filter(|key| key.chain.is_empty()) {
        remarks.push(error(
            format!("has no certificate for its key `{}`", key.alias),
            "put the certificate into the store with its key, in one `openssl pkcs12 -export -inkey … -in …`",
        ));
    }
    if keys.len() > 1 {
        let aliases: Vec<String> = keys.iter().map(|key| format!("`{}`", key.alias)).collect();
        remarks.push(warning(
            format!("holds {} keys ({}): which one a client gets is up to Java, so the served certificate cannot be held to one", keys.len(), aliases.join(", ")),
            "keep one: `keytool -delete -alias ALIAS -keystore FILE`",
        ));
    }
    remarks
}
