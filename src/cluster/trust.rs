//! Whom the nodes that speak TLS trust today, and how many clients are connected to those that ask for certificates.

use super::stores::absolute;
use super::survey::{chain, cql_connection};
use super::{AT_ONCE, Cluster, Node};
use crate::facts::version::Version;
use crate::facts::{NodeFacts, unwritten_password};
use crate::formats::store::Store;
use crate::formats::yaml;
use crate::node::cql::Session;
use crate::node::files;
use crate::plan::internode;
use crate::plan::ports::ClientOptions;
use crate::secret::Secret;
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A driver names itself; our own connection does not.
const TLS_CLIENTS: &str =
    "SELECT driver_name FROM system_views.clients WHERE ssl_enabled = true ALLOW FILTERING";

/// What one node told; what could not be read stays unknown: it is a rule's knowledge, not a gate's.
pub struct Trust {
    pub node: String,
    /// Of clients; subjects by fingerprint.
    pub trusts: Option<BTreeMap<String, String>>,
    /// Of other nodes.
    pub internode_trusts: Option<BTreeMap<String, String>>,
    pub tls_clients: Option<usize>,
}

/// Asks each node that speaks TLS to anybody, and no other.
pub async fn look(cluster: &Cluster, facts: &[NodeFacts]) -> Vec<Trust> {
    let looks = facts.iter().filter_map(|seen| {
        let named = Named::of(seen)?;
        let node = cluster.node(&seen.node)?;
        Some(async move {
            Trust {
                node: seen.node.clone(),
                trusts: trusts(node, named.of_clients).await,
                internode_trusts: trusts(node, named.of_nodes).await,
                tls_clients: if named.asks_clients { tls_clients(node, seen).await } else { None },
            }
        })
    });
    stream::iter(looks).buffer_unordered(AT_ONCE).collect().await
}

/// The truststores that a node's file names, as far as it speaks TLS by them.
struct Named {
    of_clients: Option<Truststore>,
    of_nodes: Option<Truststore>,
    asks_clients: bool,
}

/// Where one is, and its password.
struct Truststore {
    path: String,
    password: Secret,
}

impl Named {
    fn of(seen: &NodeFacts) -> Option<Named> {
        // Without a store there is nothing to tell; a file of 111 KB need not be read as YAML for that.
        seen.files.values().any(Option::is_some).then_some(())?;
        let root = yaml::parse(seen.yaml.text.expose()).ok().flatten()?;
        let options = ClientOptions::of(Some(&root));
        let takes_tls = options.policy(seen).accepts_tls();
        let speaks_tls = internode::of_file(seen, Some(&root)).takes_tls();
        let [_, of_nodes] = internode::stores(Some(&root));
        let named = |section: &str, path: String| {
            seen.files.get(&path)?.as_ref()?;
            let written = root.get(section).and_then(|section| section.get("truststore_password")?.as_str());
            let password = Secret::new(
                written.unwrap_or_else(|| unwritten_password(seen.flavour.apache_base(seen.version))),
            );
            Some(Truststore { path: absolute(&path, seen), password })
        };
        Some(Named {
            asks_clients: options.require_client_auth && takes_tls,
            of_clients: takes_tls.then(|| named("client_encryption_options", options.truststore)).flatten(),
            of_nodes: speaks_tls.then(|| named("server_encryption_options", of_nodes)).flatten(),
        })
    }
}

/// Subjects by fingerprint.
async fn trusts(node: &Node, truststore: Option<Truststore>) -> Option<BTreeMap<String, String>> {
    let Truststore { path, password } = truststore?;
    let bytes = match files::read(node.host.as_ref(), &path).await {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) => {
            tracing::debug!(node = node.name, "truststore not read: {}", chain(&error));
            return None;
        }
    };
    let store = Store::open(&bytes, &password).ok()?;
    Some(store.anchors().map(|trusted| (trusted.sha256.clone(), trusted.subject.clone())).collect())
}

async fn tls_clients(node: &Node, seen: &NodeFacts) -> Option<usize> {
    let has_table = seen.flavour.apache_base(seen.version) >= Version::new(4, 0, 0);
    if !has_table || !seen.native.listening {
        return None;
    }
    let connection = cql_connection(node, seen).await.ok()?;
    let mut session = Session::open(connection, node.credentials.cql.as_ref()).await.ok()?;
    let rows = session.query(TLS_CLIENTS).await.ok()?;
    Some(rows.iter().filter(|row| row.text("driver_name").is_some()).count())
}
