//! The directory of a CA: `ca.pem`, its certificate and those up to the root, and `ca.key`, its private key.

use super::{files, passwords, pki_problem, problem};
use crate::diagnostic::Diagnostic;
use crate::formats::bundle;
use crate::formats::certificate::Certificate;
use crate::formats::store::{Store, StoreError};
use crate::pki::authority::Authority;
use crate::pki::key::Key;
use crate::secret::{Secret, SecretSource};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

const AS_PKCS8: &str =
    "write it anew as PKCS#8: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in ca.key -out new.key`";

pub fn certificate_path(directory: &Path) -> PathBuf {
    directory.join("ca.pem")
}

pub fn key_path(directory: &Path) -> PathBuf {
    directory.join("ca.key")
}

/// Opens it; the password is asked for only if the key is encrypted. `beside`: other sources of this command.
pub fn open(
    directory: &Path,
    password: &SecretSource,
    beside: &[&SecretSource],
    now: Timestamp,
) -> Result<Authority, Diagnostic> {
    let certificates = certificates(&certificate_path(directory))?;
    let path = key_path(directory);
    let shown = path.display().to_string();
    let bytes = files::read(&path)?;
    let cannot = |error: StoreError| {
        // What `openssl req` and older tools write.
        let is_old = matches!(error, StoreError::KeyEncryption(_) | StoreError::NotPkcs8 { .. });
        let help = if is_old { Some(AS_PKCS8) } else { error.help() };
        problem(&shown, &error, help)
    };
    let store = match Store::open(&bytes, &Secret::new("")) {
        Err(StoreError::PasswordMissing) => {
            let secret = passwords::read(password, &format!("the password of {shown}"), beside)?;
            Store::open(&bytes, &secret).map_err(|error| match error {
                StoreError::WrongPassword => {
                    Diagnostic::new(&shown, "cannot open the CA's private key: the password is wrong")
                        .help("`--ca-password` says where its password comes from")
                }
                other => cannot(other),
            })?
        }
        opened => opened.map_err(cannot)?,
    };
    let Some(entry) = store.keys.first() else {
        return Err(Diagnostic::new(&shown, "no private key is in it")
            .help("the CA's directory holds its certificate in `ca.pem` and its key in `ca.key`"));
    };
    let key = Key::open(&entry.key).map_err(|error| pki_problem(&shown, &error))?;
    Authority::open(key, certificates, now)
        .map_err(|error| pki_problem(certificate_path(directory).display().to_string(), &error))
}

/// The certificates of a file: PEM, DER or PKCS#7.
pub fn certificates(path: &Path) -> Result<Vec<Certificate>, Diagnostic> {
    let bytes = files::read(path)?;
    bundle::read(&bytes).map_err(|error| problem(path.display().to_string(), &error, error.help()))
}
