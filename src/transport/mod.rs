//! How to reach one host: run a command there, or open a connection from there.

mod command;
pub mod here;
pub mod known_hosts;
mod pattern;
pub mod ssh;
pub mod ssh_config;
pub mod transcript;

pub use command::{Command, Output, Privilege, Stdin};

use crate::secret::Secret;
use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// One machine. The only seam between us and the world.
#[async_trait]
pub trait Host: Send + Sync {
    /// The node's name in the inventory.
    fn name(&self) -> &str;

    /// Runs a command to its end. An exit code other than 0 is an `Output`, not an error.
    async fn run(&self, command: &Command) -> Result<Output, HostError>;

    /// Opens a TCP connection from this host to `address:port`, as a process on it would. Whoever holds it has to
    /// read what arrives, or drop it: unread data in the end stops everything else on the way to the host.
    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError>;
}

#[async_trait]
impl Host for std::sync::Arc<dyn Host> {
    fn name(&self) -> &str {
        (**self).name()
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        (**self).run(command).await
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        (**self).connect(address, port).await
    }
}

/// A byte stream to somewhere behind a host.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// Why a host could not be used. The texts say what was tried; the layer above adds the node's name.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("cannot connect to {address}")]
    Unreachable {
        address: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{problem}")]
    HostKey { problem: String, help: String },
    #[error("{user}@{address} refused every key that was offered ({tried})")]
    AuthenticationRefused { user: String, address: String, tried: String },
    #[error("cannot use SSH key {path}: {problem}")]
    Key { path: String, problem: String },
    #[error("the SSH connection was lost while {doing}")]
    Lost { doing: String },
    #[error("no answer within {seconds} s while {doing}")]
    Deadline { doing: String, seconds: u64 },
    #[error("cannot open a connection to {address}:{port} from the node: {problem}")]
    Refused { address: String, port: u16, problem: String },
    #[error("{doing}: {problem}")]
    Unusable { doing: String, problem: String },
    #[error("{0}")]
    Config(String),
}

impl HostError {
    /// What the operator can do about it.
    pub fn help(&self) -> String {
        match self {
            HostError::HostKey { help, .. } => help.clone(),
            HostError::Unreachable { source, .. } if is_out_of_files(source) => {
                "each node takes an open file: raise the limit, `ulimit -n 65536`, and run it again".into()
            }
            HostError::Config(_) => {
                "mend that file, or name another in the inventory: `ssh: { config: FILE }`".into()
            }
            HostError::Unreachable { .. }
            | HostError::AuthenticationRefused { .. }
            | HostError::Key { .. }
            | HostError::Lost { .. }
            | HostError::Deadline { .. }
            | HostError::Refused { .. }
            | HostError::Unusable { .. } => "see that `ssh NODE true` works".into(),
        }
    }
}

/// Of this process, or of the machine.
fn is_out_of_files(error: &std::io::Error) -> bool {
    let of = |errno: rustix::io::Errno| error.raw_os_error() == Some(errno.raw_os_error());
    of(rustix::io::Errno::MFILE) || of(rustix::io::Errno::NFILE)
}

/// Asks for the passphrase of the private key at a path, when it is needed and not before; `None` gives up on the key.
pub type AskPassphrase = std::sync::Arc<dyn Fn(&str) -> Option<Secret> + Send + Sync>;
