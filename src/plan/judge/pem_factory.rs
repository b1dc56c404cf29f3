//! PEM files are read by a factory of their own, from 4.1 on: Cassandra would not start with them otherwise.

use super::finding::{Remark, error};
use super::subject::OnNode;
use crate::facts::version::Version;
use crate::formats::store::StoreKind;
use crate::input::options::OptionKey;

const ADD: &str = "add `ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }` \
    to the phase that brings it";
/// Between nodes a playbook sets no factory.
const AS_PKCS12: &str = "make a PKCS12 of it: `openssl pkcs12 -export -inkey FILE -in FILE -out FILE.p12`";

/// CASSANDRA-17031. An unknown factory may read whatever it likes.
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let is_pem = subject.lone.store.kind == StoreKind::Pem;
    let version = subject.seen.version;
    if is_pem && subject.seen.flavour.apache_base(version) < Version::new(4, 1, 0) {
        return vec![error(format!("is PEM, which {version} does not read (4.1 and later do)"), AS_PKCS12)];
    }
    let factories = subject.option(OptionKey::SslContextFactory);
    let add = if subject.lone.role.is_internode() { AS_PKCS12 } else { ADD };
    factories.iter().filter_map(|factory| with(is_pem, factory.as_deref(), add)).collect()
}

/// A store in a phase with this factory; `add`: what helps where there is none.
fn with(is_pem: bool, factory: Option<&str>, add: &str) -> Option<Remark> {
    match (is_pem, factory) {
        (true, None) => Some(error(
            "is PEM, and nothing says so to Cassandra, which would read it as JKS (`Invalid keystore format`)",
            add,
        )),
        (false, Some(class)) if is_of_cassandra(class) => Some(error(
            "is no PEM, and `ssl_context_factory` is the one that reads PEM only",
            "leave `ssl_context_factory` out, or bring key and certificates as PEM in the phase that sets it",
        )),
        (true, Some(_)) | (false, Some(_)) | (false, None) => None,
    }
}

fn is_of_cassandra(class: &str) -> bool {
    class.contains("PEMBased")
}

/// Whether Cassandra's own reader of PEM will read the store.
pub fn is_cassandras(subject: &OnNode<'_>) -> bool {
    subject.option(OptionKey::SslContextFactory).iter().flatten().any(|class| is_of_cassandra(class))
}
