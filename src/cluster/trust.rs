//! Whom the nodes that ask clients for certificates trust today, and how many clients are connected to them in TLS.

use super::survey::{chain, cql_connection};
use super::{AT_ONCE, Cluster, Node};
use crate::facts::NodeFacts;
use crate::facts::version::Version;
use crate::formats::store::Store;
use crate::formats::yaml;
use crate::node::cql::Session;
use crate::node::files;
use crate::plan::ports::ClientOptions;
use crate::secret::Secret;
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A driver names itself; our own connection does not.
const TLS_CLIENTS: &str =
    "SELECT driver_name FROM system_views.clients WHERE ssl_enabled = true ALLOW FILTERING";

/// What `EncryptionOptions` takes for a password that is not written, before 4.1.2 (CASSANDRA-18124).
const OLD_PASSWORD: &str = "cassandra";

/// What one node told; what could not be read stays unknown: it is a rule's knowledge, not a gate's.
pub struct Trust {
    pub node: String,
    pub trusts: Option<BTreeMap<String, String>>,
    pub tls_clients: Option<usize>,
}

/// Asks each node that requires client certificates, and no other.
pub async fn look(cluster: &Cluster, facts: &[NodeFacts]) -> Vec<Trust> {
    let looks = facts.iter().filter_map(|seen| {
        let asked = Asked::of(seen)?;
        let node = cluster.node(&seen.node)?;
        Some(async move {
            Trust {
                node: seen.node.clone(),
                trusts: asked.trusts(node).await,
                tls_clients: tls_clients(node, seen).await,
            }
        })
    });
    stream::iter(looks).buffer_unordered(AT_ONCE).collect().await
}

/// A file of 111 KB is not read as YAML only to find what nearly every file says: that nothing is required.
fn may_require_certificates(text: &str) -> bool {
    let is_off = |value: &str| value.trim_start_matches([':', ' ', '"', '\'']).starts_with("false");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split("require_client_auth").skip(1)).any(|value| !is_off(value))
}

/// The truststore that a node's file names.
struct Asked {
    path: String,
    password: Secret,
}

impl Asked {
    fn of(seen: &NodeFacts) -> Option<Asked> {
        may_require_certificates(seen.yaml.text.expose()).then_some(())?;
        let root = yaml::parse(seen.yaml.text.expose()).ok().flatten()?;
        let options = ClientOptions::of(Some(&root));
        let is_there = seen.files.get(&options.truststore).is_some_and(Option::is_some);
        let asks = options.require_client_auth && options.policy(seen).accepts_tls();
        if !asks || !is_there || !options.truststore.starts_with('/') {
            return None;
        }
        let section = root.get("client_encryption_options");
        let written = section.and_then(|section| section.get("truststore_password")?.as_str());
        Some(Asked { path: options.truststore, password: Secret::new(written.unwrap_or(OLD_PASSWORD)) })
    }

    /// Subjects by fingerprint.
    async fn trusts(&self, node: &Node) -> Option<BTreeMap<String, String>> {
        let bytes = match files::read(node.host.as_ref(), &self.path).await {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) => {
                tracing::debug!(node = node.name, "truststore not read: {}", chain(&error));
                return None;
            }
        };
        let store = Store::open(&bytes, &self.password).ok()?;
        Some(store.anchors().map(|trusted| (trusted.sha256.clone(), trusted.subject.clone())).collect())
    }
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
