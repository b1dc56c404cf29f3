//! What a plan is made with and never holds: the stores' bytes and the secrets themselves.

use super::change::CertificateSummary;
use super::step::StoreName;
use crate::formats::store::{Store, StoreError};
use crate::secret::{Secret, SecretSource};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Beside the plan, in memory only. Not `Serialize`, and its `Debug` shows names.
#[derive(Clone, Default)]
pub struct Material {
    /// What is to stand on the nodes.
    pub stores: BTreeMap<StoreKey, LocalStore>,
    /// What stands on the nodes, and a phase names without bringing it.
    pub standing: BTreeMap<StoreKey, Standing>,
    /// What clients are known to trust, in the playbook's order.
    pub client_truststores: Vec<ClientTruststore>,
    /// By the text of the source.
    pub secrets: BTreeMap<String, Secret>,
}

/// Whose store, which of the two, and the phase that brings it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreKey {
    pub node: String,
    pub store: StoreName,
    pub phase: usize,
}

/// A store file on the operator's side.
#[derive(Clone)]
pub struct LocalStore {
    /// Where it was read.
    pub file: String,
    pub bytes: Zeroizing<Vec<u8>>,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
    /// The leaf that a node with this store serves; a truststore has none.
    pub certificate: Option<CertificateSummary>,
    /// What is in it, once it was opened; rules judge it.
    pub content: Option<Arc<Store>>,
}

/// A store that a node has and that a phase makes its Cassandra use: it is judged, not brought.
#[derive(Clone)]
pub struct Standing {
    /// On the node.
    pub path: String,
    /// SHA-256 of its bytes, lowercase hex.
    pub sha256: String,
    pub password: Secret,
    pub content: Result<Arc<Store>, StoreError>,
}

/// A truststore by which clients know the nodes.
#[derive(Clone)]
pub struct ClientTruststore {
    /// Where it was read.
    pub file: String,
    pub content: Arc<Store>,
}

impl Material {
    /// The store that a node has once a phase is done.
    pub fn store(&self, phase: usize, node: &str, store: StoreName) -> Option<&LocalStore> {
        let key = |phase| StoreKey { node: node.to_owned(), store, phase };
        self.stores.range(key(0)..=key(phase)).next_back().map(|(_, local)| local)
    }

    /// The store with these contents that any phase brings to a node; `sha256` as a plan has it.
    pub fn store_with(&self, sha256: &str, node: &str, store: StoreName) -> Option<&LocalStore> {
        let key = |phase| StoreKey { node: node.to_owned(), store, phase };
        let mut of_phases = self.stores.range(key(0)..=key(usize::MAX)).map(|(_, local)| local);
        of_phases.find(|local| local.sha256 == sha256)
    }

    /// The secret behind a source; the command line resolves all of them before it plans.
    pub fn secret(&self, source: &SecretSource) -> Option<&Secret> {
        self.secrets.get(&source.to_string())
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stores: Vec<_> = self.stores.iter().map(|(key, store)| (key, &store.sha256)).collect();
        f.debug_struct("Material").field("stores", &stores).field("secrets", &self.secrets.keys()).finish()
    }
}
