//! The options of `client_encryption_options` in `cassandra.yaml`, and what each may be set to.

use crate::secret::SecretSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One option. The set is that of `EncryptionOptions.java` in 3.0 to 5.0; no version knows all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionKey {
    Enabled,
    Optional,
    Keystore,
    KeystorePassword,
    RequireClientAuth,
    Truststore,
    TruststorePassword,
    Protocol,
    AcceptedProtocols,
    Algorithm,
    StoreType,
    CipherSuites,
    SslContextFactory,
    RequireEndpointVerification,
}

impl OptionKey {
    pub const ALL: [OptionKey; 14] = [
        OptionKey::Enabled,
        OptionKey::Optional,
        OptionKey::Keystore,
        OptionKey::KeystorePassword,
        OptionKey::RequireClientAuth,
        OptionKey::Truststore,
        OptionKey::TruststorePassword,
        OptionKey::Protocol,
        OptionKey::AcceptedProtocols,
        OptionKey::Algorithm,
        OptionKey::StoreType,
        OptionKey::CipherSuites,
        OptionKey::SslContextFactory,
        OptionKey::RequireEndpointVerification,
    ];

    /// The key as `cassandra.yaml` has it.
    pub const fn key(self) -> &'static str {
        match self {
            OptionKey::Enabled => "enabled",
            OptionKey::Optional => "optional",
            OptionKey::Keystore => "keystore",
            OptionKey::KeystorePassword => "keystore_password",
            OptionKey::RequireClientAuth => "require_client_auth",
            OptionKey::Truststore => "truststore",
            OptionKey::TruststorePassword => "truststore_password",
            OptionKey::Protocol => "protocol",
            OptionKey::AcceptedProtocols => "accepted_protocols",
            OptionKey::Algorithm => "algorithm",
            OptionKey::StoreType => "store_type",
            OptionKey::CipherSuites => "cipher_suites",
            OptionKey::SslContextFactory => "ssl_context_factory",
            OptionKey::RequireEndpointVerification => "require_endpoint_verification",
        }
    }

    pub fn from_key(key: &str) -> Option<OptionKey> {
        OptionKey::ALL.into_iter().find(|option| option.key() == key)
    }
}

impl fmt::Display for OptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// What an option is set to. A secret is where it comes from, never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    Bool(bool),
    Number(i64),
    /// A number with a point, as it is written: `0.11`.
    Decimal(String),
    Text(String),
    List(Vec<String>),
    Map(Vec<(String, Setting)>),
    Secret(SecretSource),
    /// It is not written, so that Cassandra's own default holds.
    Absent,
}

/// As it is shown to the operator, in YAML's flow style.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Bool(value) => write!(f, "{value}"),
            Setting::Number(value) => write!(f, "{value}"),
            Setting::Decimal(value) | Setting::Text(value) => f.write_str(value),
            Setting::List(items) => write!(f, "[{}]", items.join(", ")),
            Setting::Map(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                write!(f, "{{{}}}", entries.join(", "))
            }
            Setting::Secret(source) => write!(f, "{source}"),
            Setting::Absent => f.write_str("not set"),
        }
    }
}
