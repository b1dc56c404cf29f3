//! The contents of a keystore and of a truststore, from keys and certificates.

use super::key::Key;
use crate::formats::certificate::Certificate;
use crate::formats::store::{Contents, KeyEntry};

/// One key with its chain: a second one in a store, and Java may serve either.
pub fn keystore(alias: &str, key: &Key, chain: Vec<Certificate>) -> Contents {
    let entry = KeyEntry { alias: alias.to_owned(), chain, key: key.private() };
    Contents { keys: vec![entry], ..Contents::default() }
}

/// What is trusted, under names that tell it apart.
pub fn truststore(trusted: &[Certificate]) -> Contents {
    let alias = |at: usize| if trusted.len() == 1 { "ca".to_owned() } else { format!("ca-{}", at + 1) };
    let entries = trusted.iter().enumerate().map(|(at, certificate)| (alias(at), certificate.clone()));
    Contents { trusted: entries.collect(), ..Contents::default() }
}
