//! A host reached over SSH: one connection, opened at first use, kept, and opened again when it died.

mod auth;
mod exec;
mod host_key;
mod keys;
mod pool;
mod route;
mod session;

pub use pool::{Pool, PoolOptions};

use super::{Command, Connection, Host, HostError, Output};
use crate::secret::Secret;
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use session::{Link, OpenError, Session};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the inventory says about reaching one node. What is `None` or empty is left to ssh_config and its defaults.
#[derive(Clone, Debug)]
pub struct Target {
    /// The node's name in the inventory.
    pub name: String,
    /// What one would give to `ssh`: a name, an address, or an alias in ssh_config.
    pub address: String,
    pub user: Option<String>,
    pub port: Option<u16>,
    /// Private keys, tried before all others, here and on the jump hosts.
    pub identities: Vec<PathBuf>,
    /// The passphrase of those of the keys that are encrypted.
    pub passphrase: Option<Secret>,
    /// `[user@]host[:port]`, several separated by commas; `none` overrides ssh_config.
    pub jump: Option<String>,
    /// Whether `Privilege::Become` means `sudo -n`.
    pub become_root: bool,
    /// Whether the key of a host that is not in known_hosts is accepted and recorded.
    pub accept_new: bool,
    /// Stands in for the user's known_hosts files; the system's are read all the same.
    pub known_hosts: Option<PathBuf>,
    /// Stands in for `~/.ssh/config`.
    pub config: Option<PathBuf>,
    /// The limit for connecting where ssh_config has no `ConnectTimeout` for the host.
    pub connect_timeout: Duration,
}

/// One node behind sshd.
pub struct SshHost {
    target: Target,
    pool: Arc<Pool>,
    link: Link,
}

impl SshHost {
    pub fn new(target: Target, pool: Arc<Pool>) -> SshHost {
        let link = Link::new(route::Hop::of(&target), route::Access::of(&target));
        SshHost { target, pool, link }
    }

    /// Opens something on the kept connection. If that turns out to be dead, nothing has been asked of the node yet,
    /// so that one more connection is tried.
    async fn open<'a, T>(
        &'a self,
        doing: &str,
        open: impl Fn(Arc<Session>) -> BoxFuture<'a, Result<T, OpenError>> + Send + Sync,
    ) -> Result<T, HostError> {
        let mut reopened = false;
        loop {
            let session = self.link.session(&self.pool).await?;
            match open(session.clone()).await {
                Ok(opened) => return Ok(opened),
                Err(OpenError::Refused(error)) => return Err(error),
                Err(OpenError::Lost) if reopened => return Err(session.lost(doing)),
                Err(OpenError::Lost) => {
                    self.link.forget(&session).await;
                    reopened = true;
                }
            }
        }
    }
}

#[async_trait]
impl Host for SshHost {
    fn name(&self) -> &str {
        &self.target.name
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        let doing = format!("running `{}`", command.shown());
        let exec = |session: Arc<Session>| session.exec_channel(doing.clone()).boxed();
        let channel = self.open(&doing, exec).await?;
        exec::run(channel, command, self.target.become_root, &doing).await
    }

    async fn connect(&self, address: &str, port: u16) -> Result<Box<dyn Connection>, HostError> {
        let doing = format!("connecting to {address}:{port} from the node");
        let tunnel = |session: Arc<Session>| session.tunnel(address.to_owned(), port).boxed();
        let stream = self.open(&doing, tunnel).await?;
        Ok(Box::new(stream))
    }
}
