//! What all hosts of a run share: parsed files, decrypted keys, jump connections, and the limit on connecting.

use super::keys::KeyFile;
use super::route::{Access, Hop};
use super::session::Link;
use crate::transport::known_hosts::KnownHosts;
use crate::transport::ssh_config::{Environment, Files, SshConfig};
use crate::transport::{AskPassphrase, HostError};
use russh::keys::agent::{AgentIdentity, client::AgentClient};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};

/// How a pool behaves. `PoolOptions::default()` is for production; tests put in their own home and a faster keepalive.
#[derive(Clone)]
pub struct PoolOptions {
    pub environment: Environment,
    /// The agent's socket, as `SSH_AUTH_SOCK` names it.
    pub agent: Option<PathBuf>,
    pub ask_passphrase: Option<AskPassphrase>,
    /// How long a connection may be silent before it is asked for a sign of life.
    pub keepalive_interval: Duration,
    /// How many signs of life may be missing before the connection counts as lost.
    pub keepalive_max: usize,
    /// How many connections may be in the making at a time.
    pub connecting: usize,
}

impl Default for PoolOptions {
    fn default() -> PoolOptions {
        PoolOptions {
            environment: Environment::of_this_process(),
            agent: std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from),
            ask_passphrase: None,
            // A node that is gone is noticed within a minute: 15 s x (3 + 1), as measured.
            keepalive_interval: Duration::from_secs(15),
            keepalive_max: 3,
            // More at once made 1,000 nodes no faster (measured: 0.71 s with 64, 0.77 s with 1,000).
            connecting: 64,
        }
    }
}

/// What all hosts of a run share. Every file is read and every key is decrypted once.
pub struct Pool {
    pub(super) options: PoolOptions,
    pub(super) connecting: Semaphore,
    configs: Mutex<HashMap<PathBuf, Arc<SshConfig>>>,
    known_hosts: Mutex<HashMap<Vec<PathBuf>, Arc<RwLock<KnownHosts>>>>,
    keys: Mutex<HashMap<PathBuf, Arc<KeyFile>>>,
    agents: Mutex<HashMap<PathBuf, Arc<OnceCell<Vec<AgentIdentity>>>>>,
    jumps: Mutex<HashMap<(Hop, Access), Arc<Link>>>,
}

impl Pool {
    pub fn new(options: PoolOptions) -> Arc<Pool> {
        Arc::new(Pool {
            connecting: Semaphore::new(options.connecting),
            options,
            configs: Mutex::default(),
            known_hosts: Mutex::default(),
            keys: Mutex::default(),
            agents: Mutex::default(),
            jumps: Mutex::default(),
        })
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.options.environment
    }

    /// The parsed ssh_config; `~/.ssh/config` may be missing, a file that the inventory names may not.
    pub(super) fn config(&self, named: Option<&Path>) -> Result<Arc<SshConfig>, HostError> {
        let path = named.map_or_else(|| self.environment().home.join(".ssh/config"), Path::to_owned);
        let mut configs = lock(&self.configs);
        if let Some(config) = configs.get(&path) {
            return Ok(config.clone());
        }
        let text = match read_lossy(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => String::new(),
            Err(error) => return Err(HostError::Config(format!("cannot read {}: {error}", path.display()))),
        };
        let files = Files { read: &read_lossy, list: &names_in };
        let config = SshConfig::parse(&path, &text, &files, self.environment());
        let config = Arc::new(config.map_err(|error| HostError::Config(error.to_string()))?);
        configs.insert(path, config.clone());
        Ok(config)
    }

    /// The entries of some known_hosts files.
    pub(super) fn known_hosts(&self, files: &[PathBuf]) -> Result<Arc<RwLock<KnownHosts>>, HostError> {
        let mut all = lock(&self.known_hosts);
        if let Some(known) = all.get(files) {
            return Ok(known.clone());
        }
        let known = KnownHosts::read(files, |path| std::fs::read(path))
            .map_err(|(path, error)| HostError::Config(format!("cannot read {}: {error}", path.display())))?;
        for warning in &known.warnings {
            tracing::warn!("{warning}");
        }
        let known = Arc::new(RwLock::new(known));
        all.insert(files.to_vec(), known.clone());
        Ok(known)
    }

    /// A key file, read but not decrypted.
    pub(super) fn key(&self, path: &Path) -> Result<Arc<KeyFile>, HostError> {
        let mut keys = lock(&self.keys);
        if let Some(key) = keys.get(path) {
            return Ok(key.clone());
        }
        let key = Arc::new(KeyFile::read(path)?);
        keys.insert(path.to_owned(), key.clone());
        Ok(key)
    }

    /// What an agent holds. An agent that does not answer holds nothing.
    pub(super) async fn agent_identities(&self, socket: &Path) -> Vec<AgentIdentity> {
        let cell = lock(&self.agents).entry(socket.to_owned()).or_default().clone();
        let listed = cell.get_or_init(async || {
            let listing = async { AgentClient::connect_uds(socket).await?.request_identities().await };
            match tokio::time::timeout(AGENT_LISTING, listing).await {
                Ok(Ok(identities)) => identities,
                Ok(Err(error)) => {
                    tracing::warn!("cannot use the SSH agent at {}: {error}", socket.display());
                    Vec::new()
                }
                Err(_) => {
                    tracing::warn!("the SSH agent at {} does not answer", socket.display());
                    Vec::new()
                }
            }
        });
        listed.await.clone()
    }

    /// The connection to a jump host that all nodes behind it share.
    pub(super) fn jump(&self, hop: Hop, access: &Access) -> Arc<Link> {
        let mut jumps = lock(&self.jumps);
        let link = jumps.entry((hop.clone(), access.clone()));
        link.or_insert_with(|| Arc::new(Link::new(hop, access.clone()))).clone()
    }
}

/// An agent lists its keys from memory.
const AGENT_LISTING: Duration = Duration::from_secs(5);

impl Environment {
    /// Who runs this process, from the user database, else from the variables that login(1) sets.
    pub fn of_this_process() -> Environment {
        let home = std::env::home_dir().unwrap_or_default();
        let user_id = user_id(&home);
        let database = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let entry = database.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields.get(2)?.parse::<u32>().ok()? == user_id).then(|| fields[0].to_owned())
        });
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let user = entry.or_else(|| variable("LOGNAME")).or_else(|| variable("USER")).unwrap_or_default();
        Environment { home, user, user_id }
    }
}

/// The user of this process; where there is no /proc, the owner of the home directory.
#[cfg(unix)]
fn user_id(home: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata("/proc/self").or_else(|_| std::fs::metadata(home));
    metadata.map(|metadata| metadata.uid()).unwrap_or_default()
}

#[cfg(not(unix))]
fn user_id(_home: &Path) -> u32 {
    0
}

/// A comment in an encoding of its own is no reason to refuse a file.
fn read_lossy(path: &Path) -> std::io::Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
