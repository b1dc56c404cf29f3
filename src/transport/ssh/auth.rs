//! Logging in: which keys are offered to a host, in what order, and what is said when it takes none.

use super::host_key::Guard;
use super::keys::{KeyFile, named_certificates};
use super::pool::Pool;
use super::route::Endpoint;
use super::session::{Ended, timed_out};
use crate::secret::Secret;
use crate::transport::ssh_config::IdentityAgent;
use crate::transport::{AskPassphrase, HostError};
use russh::client::{AuthResult, Handle};
use russh::keys::agent::{AgentIdentity, client::AgentClient};
use russh::keys::signature::Signer as _;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Why no connection came about.
pub enum Failure {
    Host(HostError),
    Refused {
        tried: String,
    },
    /// The host closed the connection after it had refused these.
    ClosedAfter {
        tried: String,
    },
    Closed,
    /// The host closed the connection after it had waited for a person for long.
    ClosedWhileWaiting,
}

/// OpenSSH closes the connection at the sixth key that it refuses (MaxAuthTries).
const MAX_ATTEMPTS: usize = 5;
/// Waiting longer than this was waiting for a person; sshd gives up after 120 s (LoginGraceTime), some after 20 s.
const A_PERSON: Duration = Duration::from_secs(15);

/// Nobody answers any more: an agent without a screen asks for ever, and the host has long closed the connection.
const NOBODY: Duration = Duration::from_secs(300);

impl From<HostError> for Failure {
    fn from(error: HostError) -> Failure {
        Failure::Host(error)
    }
}

impl Failure {
    /// A connection that ended by itself is no verdict on the keys: that is one only where the host says so.
    pub fn explained_by(self, ended: &Ended) -> Failure {
        let said = ended.lock().unwrap_or_else(PoisonError::into_inner);
        let is_verdict = said.as_ref().is_some_and(|said| said.contains("Too many authentication failures"));
        match self {
            Failure::ClosedAfter { .. } if !is_verdict => Failure::Closed,
            other => other,
        }
    }

    pub fn into_host_error(self, endpoint: &Endpoint) -> HostError {
        let address = endpoint.address();
        match self {
            Failure::Host(error) => error,
            Failure::Refused { tried } => {
                HostError::AuthenticationRefused { user: endpoint.resolved.user.clone(), address, tried }
            }
            Failure::ClosedAfter { tried } => {
                let tried = format!(
                    "{tried}; then it closed the connection, as sshd does after `MaxAuthTries`: name the key with `identity` \
                     in the inventory, or with `IdentityFile` and `IdentitiesOnly yes`"
                );
                HostError::AuthenticationRefused { user: endpoint.resolved.user.clone(), address, tried }
            }
            Failure::Closed | Failure::ClosedWhileWaiting => HostError::Unreachable {
                address,
                source: std::io::Error::new(
                    std::io::ErrorKind::ConnectionReset,
                    "it closed the connection during authentication",
                ),
            },
        }
    }
}

/// A key that can be offered.
struct Candidate {
    /// How it is named in an error text.
    label: String,
    public: PublicKey,
    certificate: Option<Certificate>,
    signer: Signer,
}

/// Who signs with a key.
#[derive(Clone)]
enum Signer {
    File { key: Arc<KeyFile>, passphrase: Option<Secret>, ask: Option<AskPassphrase> },
    Agent { socket: PathBuf, identity: Box<AgentIdentity> },
}

/// Logs in with the first key that the host takes.
pub async fn authenticate(
    handle: &mut Handle<Guard>,
    pool: &Pool,
    endpoint: &Endpoint,
) -> Result<(), Failure> {
    let (mut candidates, mut tried) = candidates(pool, endpoint).await?;
    let not_offered = candidates.split_off(candidates.len().min(MAX_ATTEMPTS)).len();
    let (mut rsa_hash, mut refused) = (None, 0);
    for candidate in candidates {
        if is_rsa(&candidate) && rsa_hash.is_none() {
            rsa_hash = Some(best_rsa_hash(handle).await);
        }
        let hash = rsa_hash.filter(|_| is_rsa(&candidate));
        let started = Instant::now();
        let label = candidate.label.clone();
        match attempt(handle, endpoint, candidate, hash).await? {
            Ok(AuthResult::Success) => return Ok(()),
            Ok(AuthResult::Failure { .. }) if handle.is_closed() => {
                let waited = started.elapsed() > A_PERSON;
                return Err(match refused {
                    _ if waited => Failure::ClosedWhileWaiting,
                    0 => Failure::Closed,
                    _ => Failure::ClosedAfter { tried: [tried, vec![label]].concat().join(", ") },
                });
            }
            Ok(AuthResult::Failure { partial_success: true, .. }) => {
                tried.push(format!("{label}: accepted, but the host wants more than a key"));
            }
            Ok(AuthResult::Failure { .. }) => {
                refused += 1;
                tried.push(label);
            }
            Err(problem) => tried.push(format!("{label}: {problem}")),
        }
    }
    if not_offered > 0 {
        tried.push(format!(
            "{not_offered} more were not offered: `identity` in the inventory names the right one"
        ));
    }
    if tried.is_empty() {
        tried.push("there is no key in ~/.ssh, no agent, and none in the inventory".to_owned());
    }
    Err(Failure::Refused { tried: tried.join(", ") })
}

fn is_rsa(candidate: &Candidate) -> bool {
    matches!(candidate.public.algorithm(), Algorithm::Rsa { .. })
}

/// SHA-1 is what a server without the extension is assumed to know; none that runs today stops there.
async fn best_rsa_hash(handle: &Handle<Guard>) -> HashAlg {
    handle.best_supported_rsa_hash().await.ok().flatten().flatten().unwrap_or(HashAlg::Sha512)
}

/// Offers one key. The host has the connection's time limit for its answers; a person who types a passphrase or
/// touches a token has five minutes.
async fn attempt(
    handle: &mut Handle<Guard>,
    endpoint: &Endpoint,
    candidate: Candidate,
    hash: Option<HashAlg>,
) -> Result<Result<AuthResult, String>, Failure> {
    let user = endpoint.resolved.user.clone();
    let begun = Instant::now();
    let signing = Arc::new(AtomicBool::new(false));
    let mut watched = Watched { signer: candidate.signer, signing: signing.clone() };
    let mut answer = std::pin::pin!(async {
        match candidate.certificate {
            Some(certificate) => {
                handle.authenticate_certificate_with(user, certificate, hash, &mut watched).await
            }
            None => handle.authenticate_publickey_with(user, candidate.public, hash, &mut watched).await,
        }
    });
    loop {
        match tokio::time::timeout(endpoint.connect_timeout, &mut answer).await {
            Ok(Ok(result)) => return Ok(Ok(result)),
            Ok(Err(SignError::Closed)) => return Err(Failure::Closed),
            Ok(Err(SignError::Key(problem))) => return Ok(Err(problem)),
            Err(_) if signing.load(Ordering::Relaxed) && begun.elapsed() < NOBODY => {}
            Err(_) if signing.load(Ordering::Relaxed) => {
                return Ok(Err(format!("nobody answered for it within {} s", NOBODY.as_secs())));
            }
            Err(_) => return Err(timed_out(endpoint).into()),
        }
    }
}

/// The keys to offer, and what could not be offered.
///
/// First those that the inventory names, then those of ssh_config, then what else the agent holds (unless
/// `IdentitiesOnly`), and the default keys if none was named. A certificate goes before its bare key, and the agent
/// signs for a key that it holds.
async fn candidates(pool: &Pool, endpoint: &Endpoint) -> Result<(Vec<Candidate>, Vec<String>), HostError> {
    let resolved = &endpoint.resolved;
    let named = &endpoint.access.identities;
    let socket = match &resolved.identity_agent {
        IdentityAgent::Environment => pool.options.agent.as_deref(),
        IdentityAgent::None => None,
        IdentityAgent::Socket(path) => Some(path.as_path()),
    };
    let in_agent = match socket {
        Some(socket) => pool.agent_identities(socket).await,
        None => Vec::new(),
    };
    let (certificates, unusable) = named_certificates(&resolved.certificate_files);
    let mut offers =
        Offers { endpoint, pool, socket, in_agent: &in_agent, certificates, list: Vec::new(), unusable };
    for path in named {
        offers.add_file(pool.key(path)?).await;
    }
    let is_none = |path: &&PathBuf| path.as_os_str() != "none";
    for path in resolved.identity_files.iter().filter(is_none) {
        match pool.key(path) {
            Ok(key) => offers.add_file(key).await,
            Err(error) => offers.unusable.push(error.to_string()),
        }
    }
    if !resolved.identities_only {
        offers.add_agent();
    }
    if named.is_empty() && resolved.identity_files.is_empty() {
        let directory = pool.environment().home.join(".ssh");
        let defaults = ["id_ed25519", "id_ecdsa", "id_rsa"].map(|name| directory.join(name));
        for path in defaults.iter().filter(|path| path.exists()) {
            match pool.key(path) {
                Ok(key) => offers.add_file(key).await,
                Err(error) => offers.unusable.push(error.to_string()),
            }
        }
    }
    Ok((offers.list, offers.unusable))
}

struct Offers<'a> {
    endpoint: &'a Endpoint,
    pool: &'a Pool,
    socket: Option<&'a Path>,
    in_agent: &'a [AgentIdentity],
    /// Those that ssh_config names.
    certificates: Vec<Certificate>,
    list: Vec<Candidate>,
    /// What could not be offered, and why.
    unusable: Vec<String>,
}

impl Offers<'_> {
    /// Offers a key file: with the certificate beside it, with those that ssh_config names, and bare.
    async fn add_file(&mut self, key: Arc<KeyFile>) {
        let label = key.path.display().to_string();
        let passphrase = self.endpoint.access.passphrase.as_ref();
        let ask = self.pool.options.ask_passphrase.as_ref();
        let public = match key.public(passphrase, ask).await {
            Ok(public) => public,
            Err(problem) => {
                self.unusable.push(format!("{label}: {problem}"));
                return;
            }
        };
        let held = |identity: &&AgentIdentity| match identity {
            AgentIdentity::PublicKey { key, .. } => key.key_data() == public.key_data(),
            AgentIdentity::Certificate { .. } => false,
        };
        let signer = match (self.socket, self.in_agent.iter().find(held)) {
            (Some(socket), Some(identity)) => {
                Signer::Agent { socket: socket.to_owned(), identity: Box::new(identity.clone()) }
            }
            _ if !key.has_private() => {
                self.unusable.push(format!("{label}: only the public key is there, and not in the agent"));
                return;
            }
            _ => Signer::File { key: key.clone(), passphrase: passphrase.cloned(), ask: ask.cloned() },
        };
        let named = self.certificates.clone();
        for certificate in key.certificate.clone().into_iter().chain(named) {
            if certificate.public_key() == public.key_data() {
                let label = format!("{label} with its certificate");
                self.push(label, public.clone(), Some(certificate), signer.clone());
            }
        }
        self.push(label, public, None, signer);
    }

    /// Offers all that the agent holds, certificates first.
    fn add_agent(&mut self) {
        let Some(socket) = self.socket else { return };
        let is_key = |identity: &&AgentIdentity| matches!(identity, AgentIdentity::PublicKey { .. });
        let (keys, certificates): (Vec<_>, Vec<_>) = self.in_agent.iter().partition(is_key);
        for identity in certificates.into_iter().chain(keys) {
            let (certificate, kind) = match identity {
                AgentIdentity::Certificate { certificate, .. } => (Some(certificate.clone()), "certificate"),
                AgentIdentity::PublicKey { .. } => (None, "key"),
            };
            let label = format!("the agent's {kind} {}", identity.comment());
            let signer = Signer::Agent { socket: socket.to_owned(), identity: Box::new(identity.clone()) };
            let public = identity.public_key().into_owned();
            let of_it = |named: &&Certificate| named.public_key() == public.key_data();
            for named in self.certificates.iter().filter(of_it).cloned().collect::<Vec<_>>() {
                self.push(
                    format!("{label} with its certificate"),
                    public.clone(),
                    Some(named),
                    signer.clone(),
                );
            }
            self.push(label, identity.public_key().into_owned(), certificate, signer);
        }
    }

    fn push(&mut self, label: String, public: PublicKey, certificate: Option<Certificate>, signer: Signer) {
        let same = |other: &Candidate| {
            other.public.key_data() == public.key_data() && other.certificate == certificate
        };
        if !self.list.iter().any(same) {
            self.list.push(Candidate { label, public, certificate, signer });
        }
    }
}

/// A signer that says when it is at work.
struct Watched {
    signer: Signer,
    signing: Arc<AtomicBool>,
}

enum SignError {
    Closed,
    Key(String),
}

impl From<russh::SendError> for SignError {
    fn from(_: russh::SendError) -> SignError {
        SignError::Closed
    }
}

impl russh::Signer for Watched {
    type Error = SignError;

    /// Signs what the host wants signed; called only once it has said that it takes the key.
    async fn auth_sign(
        &mut self,
        _offered: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        self.signing.store(true, Ordering::Relaxed);
        let signed = match &self.signer {
            Signer::File { key, passphrase, ask } => {
                sign_with_file(key, passphrase.as_ref(), ask.as_ref(), hash, data).await
            }
            Signer::Agent { socket, identity } => sign_with_agent(socket, identity, hash, data).await,
        };
        self.signing.store(false, Ordering::Relaxed);
        signed.map_err(SignError::Key)
    }
}

async fn sign_with_file(
    key: &KeyFile,
    passphrase: Option<&Secret>,
    ask: Option<&AskPassphrase>,
    hash: Option<HashAlg>,
    mut data: Vec<u8>,
) -> Result<Vec<u8>, String> {
    let private = key.private(passphrase, ask).await?;
    let signature = match private.key_data() {
        KeypairData::Rsa(pair) => (pair, hash).try_sign(&data),
        other => other.try_sign(&data),
    };
    let encoded = signature
        .map_err(|error| error.to_string())
        .and_then(|signature| Vec::<u8>::try_from(signature).map_err(|error| error.to_string()))?;
    data.extend_from_slice(&(encoded.len() as u32).to_be_bytes());
    data.extend_from_slice(&encoded);
    Ok(data)
}

async fn sign_with_agent(
    socket: &Path,
    identity: &AgentIdentity,
    hash: Option<HashAlg>,
    data: Vec<u8>,
) -> Result<Vec<u8>, String> {
    let signing = async { AgentClient::connect_uds(socket).await?.sign_request(identity, hash, data).await };
    signing.await.map_err(|error: russh::keys::Error| format!("the agent did not sign: {error}"))
}
