//! A store's password is one that every tool can type: printable ASCII, six characters at least.

use super::finding::{Remark, error, warning};
use super::subject::OnNode;
use crate::formats::store::StoreKind;

/// `com.sun.crypto.provider.PBEKey` refuses what is not printable ASCII; keytool refuses what is shorter than six.
pub fn remarks(subject: &OnNode<'_>) -> Vec<Remark> {
    let Some(password) = subject.password.map(crate::secret::Secret::expose) else { return Vec::new() };
    let help = "make the store with another password, such as one of `openssl rand -hex 12`";
    let is_printable = password.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let store = subject.lone.store;
    match (is_printable, store.kind) {
        (false, StoreKind::Pkcs12) => {
            vec![error("its password is not printable ASCII, which Java does not take for PKCS12", help)]
        }
        (false, StoreKind::Pem) if store.key_cipher.is_some() => {
            vec![error(
                "its password is not printable ASCII, which Java does not take for a key in PEM",
                help,
            )]
        }
        (false, StoreKind::Jks | StoreKind::Pem) => {
            vec![warning("its password is not printable ASCII, which not every tool can type", help)]
        }
        (true, StoreKind::Jks | StoreKind::Pkcs12) if password.len() < 6 => {
            vec![warning("its password has less than 6 characters: keytool does not work with it", help)]
        }
        (true, StoreKind::Jks | StoreKind::Pkcs12 | StoreKind::Pem) => Vec::new(),
    }
}
