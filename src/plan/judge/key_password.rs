//! A key must have the password of its store: Cassandra opens both with `keystore_password` ("Cannot recover key").

use super::finding::{Remark, error};
use crate::formats::store::StoreError;

pub fn of_failure(failure: &StoreError) -> Option<Remark> {
    match failure {
        StoreError::KeyPasswordDiffers { .. } => {
            Some(error(failure.to_string(), failure.help().unwrap_or_default()))
        }
        StoreError::Empty
        | StoreError::NotAStore
        | StoreError::CertificateOnly
        | StoreError::Jceks
        | StoreError::WrongPassword
        | StoreError::NotPkcs8 { .. }
        | StoreError::KeyEncryption(_)
        | StoreError::PasswordMissing
        | StoreError::Damaged(_)
        | StoreError::Certificate { .. }
        | StoreError::Unsupported(_)
        | StoreError::NotWritable { .. }
        | StoreError::NotForPem(_)
        | StoreError::NoRandomness => None,
    }
}
