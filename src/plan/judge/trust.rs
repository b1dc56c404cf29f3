//! A truststore trusts somebody in Java's eyes: one that opens and trusts nobody refuses every client.

use super::finding::{Remark, error, warning};
use super::subject::Lone;
use crate::formats::store::StoreKind;

/// `sun.security.validator.TrustStoreUtil` takes trusted entries, and the first certificate of each key entry.
pub fn remarks(lone: &Lone<'_>) -> Vec<Remark> {
    let is_empty = lone.store.trusted.is_empty() && lone.store.keys.iter().all(|key| key.chain.is_empty());
    if lone.role.is_keystore() || !is_empty {
        return Vec::new();
    }
    let (why, help) = match lone.store.kind {
        StoreKind::Pkcs12 => (
            ": without Oracle's trustedKeyUsage attribute, as `openssl pkcs12 -export -nokeys` makes it, a certificate in PKCS12 counts for nothing",
            "make it with `keytool -importcert -noprompt -alias ca -file CA.pem -keystore FILE -storetype PKCS12`",
        ),
        StoreKind::Jks | StoreKind::Pem => {
            ("", "add the CA: `keytool -importcert -alias ca -file CA.pem -keystore FILE`")
        }
    };
    let reason = format!("trusts nobody in Java's eyes{why}");
    vec![match lone.asks_clients {
        Some(true) | None => error(format!("{reason}; every client certificate would be refused"), help),
        // Cassandra does not even load it.
        Some(false) => warning(format!("{reason}; it comes to light with `require_client_auth`"), help),
    }]
}
