//! The way to a host: what the inventory and ssh_config say together, and through which jump hosts.

use super::Target;
use super::pool::Pool;
use super::session::Link;
use crate::secret::Secret;
use crate::transport::HostError;
use crate::transport::known_hosts::KnownHosts;
use crate::transport::ssh_config::{Request, Resolved, StrictHostKeys};
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// A host as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    pub host: String,
    pub user: Option<String>,
    pub port: Option<u16>,
    pub jump: Option<String>,
}

/// What the inventory says that holds for a node and for the jump hosts before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub identities: Vec<PathBuf>,
    pub passphrase: Option<Secret>,
    pub accept_new: bool,
    pub known_hosts: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub connect_timeout: Duration,
}

// A secret is left out of the hash, which is allowed: equal values still have equal hashes.
impl Hash for Access {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.identities, &self.known_hosts, &self.config).hash(state);
    }
}

/// A host with everything decided.
pub struct Endpoint {
    pub resolved: Resolved,
    pub access: Access,
    pub known_hosts: Arc<RwLock<KnownHosts>>,
    pub connect_timeout: Duration,
    pub via: Option<Arc<Link>>,
}

impl Hop {
    pub fn of(target: &Target) -> Hop {
        Hop {
            host: target.address.clone(),
            user: target.user.clone(),
            port: target.port,
            jump: target.jump.clone(),
        }
    }

    /// Takes the last hop off a chain `a,b,c`: `c`, reached through `a,b`.
    fn last_of(chain: &str) -> Result<Hop, HostError> {
        let (before, last) = match chain.rsplit_once(',') {
            Some((before, last)) => (Some(before.trim().to_owned()), last.trim()),
            None => (None, chain.trim()),
        };
        let wrong = || HostError::Config(format!("`{chain}` is not a jump host: [user@]host[:port], …"));
        let spec = last.strip_prefix("ssh://").unwrap_or(last).trim_end_matches('/');
        let (user, place) = match spec.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, spec),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']').ok_or_else(wrong)?;
                (host, rest.strip_prefix(':'))
            }
            None => match place.split_once(':') {
                // More than one colon: an IPv6 address without a port.
                Some((_, rest)) if rest.contains(':') => (place, None),
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = port.map(|port| port.parse().map_err(|_| wrong())).transpose()?;
        if host.is_empty() || user.as_deref() == Some("") {
            return Err(wrong());
        }
        Ok(Hop { host: host.to_owned(), user, port, jump: before })
    }
}

impl Access {
    pub fn of(target: &Target) -> Access {
        Access {
            identities: target.identities.clone(),
            passphrase: target.passphrase.clone(),
            accept_new: target.accept_new,
            known_hosts: target.known_hosts.clone(),
            config: target.config.clone(),
            connect_timeout: target.connect_timeout,
        }
    }
}

impl Endpoint {
    /// Decides how to reach a host. Nothing is connected yet.
    pub fn decide(pool: &Pool, hop: &Hop, access: &Access) -> Result<Endpoint, HostError> {
        let config = pool.config(access.config.as_deref())?;
        let request =
            Request { host: &hop.host, user: hop.user.as_deref(), port: hop.port, jump: hop.jump.as_deref() };
        let mut resolved = config
            .resolve(&request, pool.environment())
            .map_err(|error| HostError::Config(error.to_string()))?;
        if let Some(file) = &access.known_hosts {
            resolved.user_known_hosts = vec![file.clone()];
        }
        match resolved.strict_host_keys {
            StrictHostKeys::No => {
                tracing::warn!(
                    "{}: `StrictHostKeyChecking no` is not honoured: host keys are checked",
                    hop.host
                );
            }
            StrictHostKeys::AcceptNew if !access.accept_new => tracing::warn!(
                "{}: `StrictHostKeyChecking accept-new` is not honoured: say `ssh: {{ accept_new_host_keys: true }}` in \
                 the inventory if you want it",
                hop.host
            ),
            StrictHostKeys::AcceptNew | StrictHostKeys::Ask | StrictHostKeys::Yes => {}
        }
        let files = [resolved.user_known_hosts.clone(), resolved.global_known_hosts.clone()].concat();
        let via = match &resolved.jump {
            Some(chain) => jump(pool, hop, chain, access)?,
            None => None,
        };
        Ok(Endpoint {
            known_hosts: pool.known_hosts(&files)?,
            connect_timeout: resolved.connect_timeout.unwrap_or(access.connect_timeout),
            resolved,
            access: access.clone(),
            via,
        })
    }

    /// `host:port`, as error texts name it.
    pub fn address(&self) -> String {
        format!("{}:{}", self.resolved.host_name, self.resolved.port)
    }

    /// The name under which known_hosts has the host, and the port that belongs to it.
    pub fn known_as(&self) -> (&str, u16) {
        match &self.resolved.host_key_alias {
            // An alias is a name without a port (sshconnect.c, get_hostfile_hostname_ipaddr).
            Some(alias) => (alias, crate::transport::known_hosts::DEFAULT_PORT),
            None => (&self.resolved.host_name, self.resolved.port),
        }
    }
}

/// The link to the last host of a chain.
fn jump(pool: &Pool, hop: &Hop, chain: &str, access: &Access) -> Result<Option<Arc<Link>>, HostError> {
    let Some(last) = next_hop(hop, chain)? else { return Ok(None) };
    must_end(pool, &last, access)?;
    Ok(Some(pool.jump(last, access)))
}

/// The host to go through. `Host *` with a `ProxyJump` also applies to the jump host: it is not its own.
fn next_hop(hop: &Hop, chain: &str) -> Result<Option<Hop>, HostError> {
    let last = Hop::last_of(chain)?;
    Ok((!last.host.eq_ignore_ascii_case(&hop.host)).then_some(last))
}

/// Follows the way to its first host: two jump hosts that lead through one another would wait for each other for ever.
fn must_end(pool: &Pool, first: &Hop, access: &Access) -> Result<(), HostError> {
    /// More hops than any network has.
    const MAX_HOPS: usize = 8;
    let config = pool.config(access.config.as_deref())?;
    let mut hop = first.clone();
    for _ in 0..MAX_HOPS {
        let request = Request { host: &hop.host, jump: hop.jump.as_deref(), ..Request::default() };
        let resolved = config.resolve(&request, pool.environment());
        let Some(chain) = resolved.map_err(|error| HostError::Config(error.to_string()))?.jump else {
            return Ok(());
        };
        match next_hop(&hop, &chain)? {
            Some(next) => hop = next,
            None => return Ok(()),
        }
    }
    Err(HostError::Config(format!("the way to jump host {} has more than {MAX_HOPS} hops", first.host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_chain_is_taken_apart_from_its_end() {
        let cases = [
            ("bastion", (None, "bastion", None, None)),
            ("ops@bastion:2222", (Some("ops"), "bastion", Some(2222), None)),
            ("a, b@c:22", (Some("b"), "c", Some(22), Some("a"))),
            ("a,b,c", (None, "c", None, Some("a,b"))),
            ("[fd00::1]:2222", (None, "fd00::1", Some(2222), None)),
            ("fd00::1", (None, "fd00::1", None, None)),
            ("ssh://u@h:33/", (Some("u"), "h", Some(33), None)),
            ("u@dom@h", (Some("u@dom"), "h", None, None)),
        ];
        for (chain, (user, host, port, jump)) in cases {
            let expected = Hop {
                host: host.to_owned(),
                user: user.map(str::to_owned),
                port,
                jump: jump.map(str::to_owned),
            };
            assert_eq!(Hop::last_of(chain).unwrap(), expected, "{chain}");
        }
        for chain in ["", "u@", "@h", "h:port", "h:99999", "[fd00::1", "a,"] {
            assert!(Hop::last_of(chain).is_err(), "{chain}");
        }
    }
}
