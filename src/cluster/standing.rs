//! The stores that stand on nodes and that a playbook names without bringing them, opened for the rules.

use super::stores::absolute;
use super::survey::chain;
use super::{AT_ONCE, Cluster};
use crate::facts::Facts;
use crate::formats::store::Store;
use crate::node::files;
use crate::plan::change::sha256_hex;
use crate::plan::judge::Named;
use crate::plan::material::{Standing, StoreKey};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What could be read of them. Which could not is said by whoever judges.
pub async fn open(cluster: &Cluster, facts: &Facts, named: Vec<Named>) -> BTreeMap<StoreKey, Standing> {
    let reads = named.into_iter().map(|named| async move {
        let (node, seen) = (cluster.node(&named.key.node)?, facts.node(&named.key.node)?);
        match files::read(node.host.as_ref(), &absolute(&named.path, seen)).await {
            Ok(bytes) => Some((named, Zeroizing::new(bytes))),
            Err(error) => {
                tracing::debug!(node = node.name, "store not read: {}", chain(&error));
                None
            }
        }
    });
    let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let opened = |(Named { key, path, password }, bytes): (Named, Zeroizing<Vec<u8>>)| {
        let content = Store::open(&bytes, &password).map(Arc::new);
        (key, Standing { path, sha256: sha256_hex(&bytes), password, content })
    };
    read.into_iter().flatten().map(opened).collect()
}
