//! PEM files are read by a factory of their own, from 4.1 on: Cassandra would not start with them otherwise.

use super::finding::{Remark, error};
use super::subject::OnNode;
use crate::facts::version::Version;
use crate::formats::store::StoreKind;
use crate::input::options::OptionKey;

/// CASSANDRA-17031. An unknown factory may read whatever it likes.
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let is_pem = subject.lone.store.kind == StoreKind::Pem;
    let factory = subject.on.option(OptionKey::SslContextFactory);
    let version = subject.seen.version;
    match (is_pem, &factory) {
        (true, _) if subject.seen.flavour.apache_base(version) < Version::new(4, 1, 0) => vec![error(
            format!("is PEM, which {version} does not read (4.1 and later do)"),
            "make a PKCS12 of it: `openssl pkcs12 -export -inkey FILE -in FILE -out FILE.p12`",
        )],
        (true, None) => vec![error(
            "is PEM, and nothing says so to Cassandra, which would read it as JKS (`Invalid keystore format`)",
            "add `ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }`",
        )],
        (false, Some(_)) if is_cassandras(subject) => vec![error(
            "is no PEM, and `ssl_context_factory` is the one that reads PEM only",
            "leave `ssl_context_factory` out, or bring key and certificates as PEM",
        )],
        (true, Some(_)) | (false, Some(_)) | (false, None) => Vec::new(),
    }
}

/// Whether Cassandra's own reader of PEM will read the store.
pub fn is_cassandras(subject: &OnNode<'_>) -> bool {
    subject.on.option(OptionKey::SslContextFactory).is_some_and(|class| class.contains("PEMBased"))
}
