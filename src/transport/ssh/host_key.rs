//! The check of the key that a host shows, and which key it is asked for.

use super::route::Endpoint;
use super::session::Ended;
use crate::transport::known_hosts::{HostKey, KnownHosts, OfCertificate, Verdict, line_for, lookup_name};
use russh::Preferred;
use russh::client::{DisconnectReason, Handler};
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::{Fingerprint, public::KeyData};
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Lets a connection go on only if the host is who it should be.
pub struct Guard {
    host: String,
    port: u16,
    known_hosts: Arc<RwLock<KnownHosts>>,
    /// Whether new hosts are accepted, and the file that their keys are recorded in.
    accept_new: bool,
    record_in: Option<PathBuf>,
    ended: Ended,
}

/// What ends a session: a host key that is refused, or anything that russh reports.
#[derive(Debug)]
pub enum SessionError {
    HostKey { problem: String, help: String },
    Ssh(russh::Error),
}

impl From<russh::Error> for SessionError {
    fn from(error: russh::Error) -> SessionError {
        SessionError::Ssh(error)
    }
}

impl Guard {
    pub fn new(endpoint: &Endpoint, ended: Ended) -> Guard {
        let (host, port) = endpoint.known_as();
        let first_file = endpoint.resolved.user_known_hosts.first();
        Guard {
            host: host.to_owned(),
            port,
            known_hosts: endpoint.known_hosts.clone(),
            accept_new: endpoint.access.accept_new,
            // `none` names no file, and what is written to `/dev/null` is on no record.
            record_in: first_file.filter(|file| !file.exists() || file.is_file()).cloned(),
            ended,
        }
    }

    fn check_key(&self, key: &HostKey) -> Result<(), SessionError> {
        let verdict = self.known(|known| known.judge(&self.host, self.port, key));
        match &self.record_in {
            Some(file) if self.accept_new && verdict == Verdict::Unknown => self.record(file, key),
            None if self.accept_new && verdict == Verdict::Unknown => Err(SessionError::HostKey {
                problem: format!(
                    "the key of {} is not known, and there is no file to record it in",
                    self.host
                ),
                help: "set `ssh: { known_hosts: FILE }` in the inventory: `UserKnownHostsFile` names none"
                    .to_owned(),
            }),
            _ => refusal(&lookup_name(&self.host, self.port), key, &verdict),
        }
    }

    /// Checks a host certificate as OpenSSH does: an authority on record vouches for it, else the key in it has to
    /// be known by itself.
    fn check_certificate(&self, certificate: &Certificate) -> Result<(), SessionError> {
        let key = host_key_of(certificate.public_key())?;
        let authority = host_key_of(certificate.signature_key())?;
        match self.known(|known| known.judge_certificate(&self.host, self.port, &authority, &key)) {
            OfCertificate::Vouched => {}
            OfCertificate::ByItsKey => return self.check_key(&key),
            OfCertificate::Revoked { key, file, line } => {
                return refusal(&self.host, &key, &Verdict::Revoked { file, line });
            }
        }
        certificate_problem(certificate, &self.host).map_or(Ok(()), |problem| {
            Err(SessionError::HostKey {
                problem: format!("the host certificate of {} is not valid: {problem}", self.host),
                help: "ask the host's owner for a new certificate".to_owned(),
            })
        })
    }

    fn known<T>(&self, ask: impl FnOnce(&KnownHosts) -> T) -> T {
        ask(&self.known_hosts.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn record(&self, file: &Path, key: &HostKey) -> Result<(), SessionError> {
        let line = line_for(&self.host, self.port, key);
        // The lock is held while the file is written, so that lines of many new hosts do not mix.
        let mut known = self.known_hosts.write().unwrap_or_else(PoisonError::into_inner);
        append(file, &line).map_err(|error| SessionError::HostKey {
            problem: format!("cannot record the key of {} in {}: {error}", self.host, file.display()),
            help: "make the file writable, or record the key yourself".to_owned(),
        })?;
        known.add(file, &line);
        tracing::warn!("{}: recorded its new key {} in {}", self.host, key.fingerprint(), file.display());
        Ok(())
    }
}

impl Handler for Guard {
    type Error = SessionError;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, SessionError> {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.check_key(&host_key_of(key.key_data())?)?,
            PublicKeyOrCertificate::Certificate(certificate) => self.check_certificate(certificate)?,
        }
        Ok(true)
    }

    async fn disconnected(&mut self, reason: DisconnectReason<SessionError>) -> Result<(), SessionError> {
        let (text, result) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                (format!("the host said: {}", info.message), Ok(()))
            }
            DisconnectReason::Error(SessionError::Ssh(russh::Error::KeepaliveTimeout)) => {
                ("the host stopped answering".to_owned(), Ok(()))
            }
            DisconnectReason::Error(SessionError::Ssh(error)) => {
                (error.to_string(), Err(SessionError::Ssh(error)))
            }
            DisconnectReason::Error(refused @ SessionError::HostKey { .. }) => return Err(refused),
        };
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        result
    }
}

/// The algorithms to ask a host for: first those of the keys on record, as ssh does, since a host has several keys
/// and a key of a type that is not on record counts as changed.
pub fn preferred(endpoint: &Endpoint) -> Preferred {
    let (host, port) = endpoint.known_as();
    let known = endpoint.known_hosts.read().unwrap_or_else(PoisonError::into_inner);
    let on_record = known.types_on_record(host, port);
    // RSA with SHA-1 is left out, as OpenSSH has done since 8.8.
    let safe = |algorithm: &&Algorithm| !matches!(algorithm, Algorithm::Rsa { hash: None });
    let mut keys: Vec<Algorithm> = Preferred::DEFAULT.key.iter().filter(safe).cloned().collect();
    keys.sort_by_key(|algorithm| !on_record.iter().any(|kind| kind == key_type(algorithm)));
    let certificates = if known.has_authority(host, port) { keys.clone() } else { Vec::new() };
    Preferred { key: keys.into(), host_key_certificates: certificates.into(), ..Preferred::DEFAULT }
}

/// The type of the key that an algorithm signs with.
fn key_type(algorithm: &Algorithm) -> &str {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa",
        other => other.as_str(),
    }
}

fn host_key_of(key: &KeyData) -> Result<HostKey, SessionError> {
    let blob = PublicKey::from(key.clone()).to_bytes().map_err(|error| SessionError::Ssh(error.into()))?;
    HostKey::from_blob(blob).ok_or(SessionError::Ssh(russh::Error::CouldNotReadKey))
}

fn refusal(name: &str, key: &HostKey, verdict: &Verdict) -> Result<(), SessionError> {
    let (kind, fingerprint) = (key.kind(), key.fingerprint());
    let shown = format!("it shows {kind} {fingerprint}");
    let (problem, help) = match verdict {
        Verdict::Known => return Ok(()),
        Verdict::Unknown => (
            format!("the host key of {name} is not known: {shown}"),
            "ask the host's owner whether the fingerprint is right, then connect once with `ssh`, which records it; or, to \
             take every new host at its word, set `ssh: { accept_new_host_keys: true }` in the inventory"
                .to_owned(),
        ),
        Verdict::Changed { file, line, recorded } => {
            let place = format!("{}:{line}", file.display());
            let what = if recorded.iter().any(|recorded| recorded == kind) {
                format!("{place} has another key")
            } else {
                format!("{place} has a key of another type ({})", recorded.join(", "))
            };
            (
                format!("the host key of {name} has changed: {shown}, but {what}"),
                format!(
                    "someone may be in the middle; if its owner confirms the new fingerprint, run \
                     `ssh-keygen -R '{name}' -f {}` and record the new key",
                    file.display()
                ),
            )
        }
        Verdict::Revoked { file, line } => (
            format!("the host key of {name} is revoked: {kind} {fingerprint}, {}:{line}", file.display()),
            "do not connect; ask the host's owner".to_owned(),
        ),
        Verdict::CertificateAuthority(_) => (
            format!("{name} shows a bare key, but only a certificate authority is on record for it: {shown}"),
            "ask the host's owner whether sshd has its HostCertificate".to_owned(),
        ),
    };
    Err(SessionError::HostKey { problem, help })
}

/// What is wrong with a certificate that an authority on record has signed, if anything.
fn certificate_problem(certificate: &Certificate, host: &str) -> Option<String> {
    if certificate.cert_type() != CertType::Host {
        return Some("it is not a host certificate".to_owned());
    }
    let principals = certificate.valid_principals();
    let matches = |principal: &String| crate::transport::pattern::matches(host, &principal.to_lowercase());
    // A host certificate without names is refused by OpenSSH since 8.5; so is it here.
    if !principals.iter().any(matches) {
        return Some(format!("it is for {}", principals.join(", ")));
    }
    if certificate.critical_options().iter().next().is_some() {
        return Some("it has critical options".to_owned());
    }
    let authority = Fingerprint::new(HashAlg::Sha256, certificate.signature_key());
    match certificate.validate([&authority]) {
        Ok(()) => None,
        Err(_) => Some("it has expired, is not valid yet, or its signature is wrong".to_owned()),
    }
}

/// Appends a line to a known_hosts file, after a line feed if the file's last line has none.
fn append(file: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut file = options.open(file)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let separator = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{separator}{line}").as_bytes())?;
    file.sync_data()
}
