//! A simulated Cassandra process: what it takes from `cassandra.yaml` and its keystore when it starts.

use super::files::Files;
use crate::facts::policy::Policy;
use crate::facts::version::Version;
use crate::formats::store::Store;
use crate::formats::yaml;
use crate::plan::ports::ClientOptions;
use crate::secret::Secret;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::time::Instant;

pub const YAML: &str = "/etc/cassandra/cassandra.yaml";

/// A process that runs.
#[derive(Clone)]
pub struct Running {
    pub pid: u32,
    pub started_ticks: u64,
    /// When it begins to serve clients.
    pub opens_at: Instant,
    /// `disablebinary`, or a drain.
    pub closed: bool,
    pub speaks: Speaks,
}

/// What its client port speaks.
#[derive(Clone)]
pub struct Speaks {
    pub policy: Policy,
    pub tls: Option<Arc<ServerConfig>>,
}

impl Running {
    pub fn serves(&self, now: Instant) -> bool {
        !self.closed && now >= self.opens_at
    }
}

/// What a start makes of the files; the error is what Cassandra logs when it does not start (measured).
pub fn speaks(files: &Files, version: Version) -> Result<Speaks, String> {
    let file = files.by_path.get(YAML).ok_or("ConfigurationException: Cannot locate cassandra.yaml")?;
    let text = std::str::from_utf8(&file.bytes).map_err(|error| error.to_string())?;
    let root = yaml::parse(text).map_err(|_| "ConfigurationException: Invalid yaml: file:/c.yaml")?;
    let options = ClientOptions::of(root.as_ref());
    let policy = Policy::of(version, options.enabled, options.optional);
    let tls = match policy.accepts_tls() {
        true => Some(tls(files, &options.keystore, &password(root.as_ref()))?),
        false => None,
    };
    Ok(Speaks { policy, tls })
}

fn password(root: Option<&yaml::Node>) -> Secret {
    let node = root.and_then(|root| root.get("client_encryption_options")?.get("keystore_password"));
    Secret::new(node.and_then(yaml::Node::as_str).unwrap_or_default())
}

fn tls(files: &Files, path: &str, password: &Secret) -> Result<Arc<ServerConfig>, String> {
    let file = files
        .by_path
        .get(path)
        .ok_or_else(|| format!("Caused by: java.nio.file.NoSuchFileException: {path}"))?;
    let is_readable = (file.owner == "cassandra" && file.mode & 0o400 != 0) || file.mode & 0o004 != 0;
    if !is_readable {
        return Err(format!("Caused by: java.nio.file.AccessDeniedException: {path}"));
    }
    let unfit = || "Caused by: java.io.IOException: keystore password was incorrect".to_owned();
    let store = Store::open(&file.bytes, password).map_err(|_| unfit())?;
    let entry = store.keys.first().ok_or_else(unfit)?;
    let chain = entry.chain.iter().map(|certificate| CertificateDer::from(certificate.der.clone())).collect();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(entry.key.as_pkcs8().to_vec()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    config.map(Arc::new).map_err(|error| error.to_string())
}
