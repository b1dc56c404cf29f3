//! From the inventory to hosts: one SSH connection a node, what they share in one pool.

use super::load::Loaded;
use crate::cluster::Cluster;
use crate::input::inventory::{Become, Node};
use crate::plan::material::Material;
use crate::secret::Secret;
use crate::transport::Host;
use crate::transport::ssh::{Pool, PoolOptions, SshHost, Target};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The inventory's nodes, with the way to each; nothing is connected before it is used.
pub fn cluster(loaded: &Loaded) -> Cluster {
    let pool = Pool::new(PoolOptions { ask_passphrase: Some(Arc::new(ask)), ..PoolOptions::default() });
    Cluster::new(&loaded.input.inventory, &loaded.material, &loaded.identities, |node| {
        let target = target(node, &loaded.material, &loaded.inventory_directory);
        Arc::new(SshHost::new(target, Arc::clone(&pool))) as Arc<dyn Host>
    })
}

fn target(node: &Node, material: &Material, directory: &Path) -> Target {
    let ssh = &node.ssh;
    let beside = |path: &PathBuf| beside(path, directory);
    Target {
        name: node.name.clone(),
        address: node.address.clone(),
        user: ssh.user.clone(),
        port: ssh.port,
        identities: ssh.identity.iter().map(beside).collect(),
        passphrase: ssh.passphrase.as_ref().and_then(|source| material.secret(source)).cloned(),
        jump: ssh.jump.clone(),
        become_root: ssh.become_ == Become::Sudo,
        accept_new: ssh.accept_new_host_keys,
        known_hosts: ssh.known_hosts.as_ref().map(beside),
        config: ssh.config.as_ref().map(beside),
        connect_timeout: ssh.connect_timeout,
    }
}

/// A path as the inventory means it: `~` is the operator's home, a relative one is relative to the inventory.
fn beside(path: &Path, directory: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        (_, _) => directory.join(path),
    }
}

fn ask(key: &str) -> Option<Secret> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    rpassword::prompt_password(format!("passphrase of {key}: ")).ok().map(Secret::new)
}
