//! A private key in a file: read once, decrypted once, and only when a host accepts it.

use crate::secret::Secret;
use crate::transport::{AskPassphrase, HostError};
use russh::keys::{self, Certificate, PrivateKey, PublicKey};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

/// A key file and the certificate beside it.
pub struct KeyFile {
    pub path: PathBuf,
    /// Missing only for an encrypted PEM key without its `.pub` file.
    public: Option<PublicKey>,
    /// `<key>-cert.pub`.
    pub certificate: Option<Certificate>,
    source: Source,
    private: OnceCell<Result<Arc<PrivateKey>, String>>,
}

enum Source {
    /// The file's text, which needs a passphrase.
    Encrypted(Arc<Zeroizing<String>>),
    Plain(Arc<PrivateKey>),
    /// Only the public key is here; the private one may be in the agent.
    PublicOnly,
}

/// As many as ssh gives.
const PASSPHRASE_ATTEMPTS: usize = 3;

impl KeyFile {
    /// Reads a key and what lies beside it. A file of a public key alone is good for the agent's private one.
    pub fn read(path: &Path) -> Result<KeyFile, HostError> {
        let failed = |problem: String| HostError::Key { path: path.display().to_string(), problem };
        let beside = |suffix: &str| std::fs::read_to_string(format!("{}{suffix}", path.display())).ok();
        let beside_public = || beside(".pub").and_then(|text| PublicKey::from_openssh(text.trim()).ok());
        let (source, public) = match std::fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => match PublicKey::from_openssh(text.trim()) {
                Ok(public) => (Source::PublicOnly, Some(public)),
                Err(_) => parse(text, beside_public).map_err(failed)?,
            },
            Err(error) => match beside_public().filter(|_| error.kind() == io::ErrorKind::NotFound) {
                Some(public) => (Source::PublicOnly, Some(public)),
                None => return Err(failed(error.to_string())),
            },
        };
        let certificate = beside("-cert.pub").and_then(|text| Certificate::from_openssh(text.trim()).ok());
        Ok(KeyFile { path: path.to_owned(), public, certificate, source, private: OnceCell::new() })
    }

    /// Whether this process may come to sign with it, with or without a passphrase.
    pub fn has_private(&self) -> bool {
        match self.source {
            Source::Encrypted(_) | Source::Plain(_) => true,
            Source::PublicOnly => false,
        }
    }

    /// The public key; an encrypted PEM key without its `.pub` file has to be decrypted for it.
    pub async fn public(
        &self,
        passphrase: Option<&Secret>,
        ask: Option<&AskPassphrase>,
    ) -> Result<PublicKey, String> {
        match &self.public {
            Some(public) => Ok(public.clone()),
            None => Ok(self.private(passphrase, ask).await?.public_key().clone()),
        }
    }

    /// The private key. If it is encrypted, it is decrypted with the passphrase given, or with one that is asked for;
    /// once, whatever comes of it.
    pub async fn private(
        &self,
        passphrase: Option<&Secret>,
        ask: Option<&AskPassphrase>,
    ) -> Result<Arc<PrivateKey>, String> {
        let text = match &self.source {
            Source::Plain(key) => return Ok(key.clone()),
            Source::PublicOnly => return Err("only the public key is there".to_owned()),
            Source::Encrypted(text) => text.clone(),
        };
        let unlock = async || {
            let (passphrase, ask) = (passphrase.cloned(), ask.cloned());
            let path = self.path.display().to_string();
            // Both the question and the key derivation take long.
            let unlocked = tokio::task::spawn_blocking(move || unlock(&text, passphrase, ask, &path));
            unlocked.await.unwrap_or_else(|_| Err("it could not be decrypted".to_owned()))
        };
        self.private.get_or_init(unlock).await.clone()
    }
}

fn parse(
    text: Zeroizing<String>,
    beside_public: impl Fn() -> Option<PublicKey>,
) -> Result<(Source, Option<PublicKey>), String> {
    if let Ok(key) = PrivateKey::from_openssh(text.as_bytes()) {
        let public = Some(key.public_key().clone());
        let source =
            if key.is_encrypted() { Source::Encrypted(Arc::new(text)) } else { Source::Plain(Arc::new(key)) };
        return Ok((source, public));
    }
    match keys::decode_secret_key(&text, None) {
        Ok(key) => {
            let public = Some(key.public_key().clone());
            Ok((Source::Plain(Arc::new(key)), public))
        }
        Err(_) if text.contains("ENCRYPTED") => Ok((Source::Encrypted(Arc::new(text)), beside_public())),
        Err(_) => Err("it is not a private key in the OpenSSH, PKCS#8 or PEM format".to_owned()),
    }
}

fn unlock(
    text: &str,
    passphrase: Option<Secret>,
    ask: Option<AskPassphrase>,
    path: &str,
) -> Result<Arc<PrivateKey>, String> {
    let wrong = || "the passphrase is wrong".to_owned();
    let decrypt = |passphrase: &Secret| {
        keys::decode_secret_key(text, Some(passphrase.expose())).map(Arc::new).map_err(|_| wrong())
    };
    if let Some(passphrase) = passphrase {
        return decrypt(&passphrase);
    }
    let Some(ask) = ask else { return Err("it is encrypted and no passphrase is given".to_owned()) };
    for _ in 0..PASSPHRASE_ATTEMPTS {
        let Some(passphrase) = ask(path) else { return Err("no passphrase was given".to_owned()) };
        if let Ok(key) = decrypt(&passphrase) {
            return Ok(key);
        }
    }
    Err(wrong())
}

/// The certificates in these files, and what could not be read, with the reason.
pub fn named_certificates(files: &[PathBuf]) -> (Vec<Certificate>, Vec<String>) {
    let (mut certificates, mut unusable) = (Vec::new(), Vec::new());
    for path in files {
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let parsed =
            read.and_then(|text| Certificate::from_openssh(text.trim()).map_err(|error| error.to_string()));
        match parsed {
            Ok(certificate) => certificates.push(certificate),
            Err(why) => unusable.push(format!("certificate {}: {why}", path.display())),
        }
    }
    (certificates, unusable)
}
