//! A store must open with its password: Cassandra ends at its start with one that does not.

use super::finding::{Remark, error};
use crate::formats::store::StoreError;

pub fn of_failure(failure: &StoreError) -> Remark {
    let help =
        failure.help().unwrap_or("see what it holds: `keytool -list -keystore FILE` asks for its password");
    error(failure.to_string(), help)
}
