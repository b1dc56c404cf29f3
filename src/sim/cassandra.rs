//! A simulated Cassandra process: what it takes from `cassandra.yaml` and its stores when it starts.

use super::files::Files;
use super::install::Install;
use crate::facts::policy::{NoStart, Policy, Row};
use crate::facts::unwritten_password;
use crate::facts::version::Version;
use crate::formats::store::Store;
use crate::formats::yaml;
use crate::plan::change::sha256_hex;
use crate::plan::ports::ClientOptions;
use crate::secret::Secret;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;
use tokio::time::Instant;

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

/// What its client ports speak.
#[derive(Clone)]
pub struct Speaks {
    pub policy: Policy,
    pub tls: Option<Arc<ServerConfig>>,
    /// `native_transport_port_ssl`, and what that port takes; the first one takes plaintext alone then.
    pub second: Option<(u16, Policy)>,
}

impl Speaks {
    /// What is spoken on one of the ports.
    pub fn on(self, port: u16) -> Speaks {
        match self.second {
            Some((second, policy)) if second == port => Speaks { policy, ..self },
            Some(_) | None => self,
        }
    }
}

impl Running {
    pub fn serves(&self, now: Instant) -> bool {
        !self.closed && now >= self.opens_at
    }
}

/// What a start makes of the files; the error is what Cassandra logs when it does not start (measured).
pub fn speaks(files: &Files, install: &Install, version: Version, port: u16) -> Result<Speaks, String> {
    let file =
        files.by_path.get(&install.real).ok_or("ConfigurationException: Cannot locate cassandra.yaml")?;
    let text = std::str::from_utf8(&file.bytes).map_err(|error| error.to_string())?;
    let root = yaml::parse(text).map_err(|_| "ConfigurationException: Invalid yaml: file:/c.yaml")?;
    let options = ClientOptions::of(root.as_ref());
    let keystore_stands = files.by_path.contains_key(&options.keystore);
    let (enabled, optional, port_ssl) = (options.enabled, options.optional, options.port_ssl);
    let row = Row { version, enabled, optional, keystore_stands, port, port_ssl };
    let ports = row.start().map_err(|why| match why {
        NoStart::SecondPortWithoutTls { .. } => format!("ConfigurationException: {why}"),
        NoStart::NoKeystore => format!("Caused by: java.nio.file.NoSuchFileException: {}", options.keystore),
    })?;
    let opener = Opener { files, install, version, root: root.as_ref() };
    let tls = match ports.iter().any(|(_, policy)| policy.accepts_tls()) {
        true => Some(opener.tls(&options)?),
        false => None,
    };
    Ok(Speaks { policy: ports[0].1, tls, second: ports.get(1).copied() })
}

/// Reads stores as the account that runs Cassandra.
struct Opener<'a> {
    files: &'a Files,
    install: &'a Install,
    version: Version,
    root: Option<&'a yaml::Node>,
}

impl Opener<'_> {
    fn tls(&self, options: &ClientOptions) -> Result<Arc<ServerConfig>, String> {
        let store = self.store(&options.keystore, "keystore_password")?;
        let entry = store.keys.first().ok_or_else(unfit)?;
        let chain =
            entry.chain.iter().map(|certificate| CertificateDer::from(certificate.der.clone())).collect();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(entry.key.as_pkcs8().to_vec()));
        let provider = Arc::new(quick_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| error.to_string())?;
        let builder = match options.require_client_auth {
            false => builder.with_no_client_auth(),
            true => {
                let roots = Arc::new(self.roots(&options.truststore)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| error.to_string())?;
        config.ignore_client_order = true;
        // Who looks at a port never comes back to a session.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// Whom it takes certificates from.
    fn roots(&self, path: &str) -> Result<RootCertStore, String> {
        let store = self.store(path, "truststore_password")?;
        let mut roots = RootCertStore::empty();
        for anchor in store.anchors() {
            roots.add(CertificateDer::from(anchor.der.clone())).map_err(|error| error.to_string())?;
        }
        Ok(roots)
    }

    fn store(&self, path: &str, password: &str) -> Result<Store, String> {
        let file = self
            .files
            .by_path
            .get(path)
            .ok_or_else(|| format!("Caused by: java.nio.file.NoSuchFileException: {path}"))?;
        let is_own = file.owner == self.install.user && file.mode & 0o400 != 0;
        let is_of_group = file.group == self.install.group && file.mode & 0o040 != 0;
        if !is_own && !is_of_group && file.mode & 0o004 == 0 {
            return Err(format!("Caused by: java.nio.file.AccessDeniedException: {path}"));
        }
        let opens = self.files.opens_only.as_ref();
        if opens.is_some_and(|opens| !opens.contains(&sha256_hex(&file.bytes))) {
            return Err(unfit());
        }
        Store::open(&file.bytes, &self.password(password)).map_err(|_| unfit())
    }

    fn password(&self, key: &str) -> Secret {
        let written = self.root.and_then(|root| root.get("client_encryption_options")?.get(key)?.as_str());
        Secret::new(written.unwrap_or_else(|| unwritten_password(self.version)))
    }
}

/// Handshakes are most of what a simulated day costs, and SHA-384 without hardware is a third of a handshake.
fn quick_provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    let quick = cipher_suite::TLS13_AES_128_GCM_SHA256.suite();
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != quick);
    provider
}

fn unfit() -> String {
    "Caused by: java.io.IOException: keystore password was incorrect".to_owned()
}
