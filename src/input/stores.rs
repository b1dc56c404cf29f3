//! The stores that a playbook brings: those of every phase, and those that one phase changes.

use super::record::Record;
use crate::diagnostic::Span;
use crate::secret::SecretSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreName {
    Keystore,
    Truststore,
    /// By which other nodes know it.
    InternodeKeystore,
    /// By which it knows other nodes.
    InternodeTruststore,
}

impl StoreName {
    /// Those of the client port.
    pub const BOTH: [StoreName; 2] = [StoreName::Keystore, StoreName::Truststore];
    pub const ALL: [StoreName; 4] = [
        StoreName::Keystore,
        StoreName::Truststore,
        StoreName::InternodeKeystore,
        StoreName::InternodeTruststore,
    ];

    /// What the playbook's `stores` calls it.
    pub const fn key(self) -> &'static str {
        match self {
            StoreName::Keystore => "keystore",
            StoreName::Truststore => "truststore",
            StoreName::InternodeKeystore => "internode_keystore",
            StoreName::InternodeTruststore => "internode_truststore",
        }
    }

    /// The truststore beside a keystore.
    pub const fn truststore(self) -> Option<StoreName> {
        match self {
            StoreName::Keystore => Some(StoreName::Truststore),
            StoreName::InternodeKeystore => Some(StoreName::InternodeTruststore),
            StoreName::Truststore | StoreName::InternodeTruststore => None,
        }
    }

    pub const fn is_keystore(self) -> bool {
        self.truststore().is_some()
    }

    pub const fn is_internode(self) -> bool {
        matches!(self, StoreName::InternodeKeystore | StoreName::InternodeTruststore)
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreName::Keystore => "keystore",
            StoreName::Truststore => "truststore",
            StoreName::InternodeKeystore => "internode keystore",
            StoreName::InternodeTruststore => "internode truststore",
        })
    }
}

/// The stores that every node gets, until a phase names others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stores {
    pub keystore: Option<StoreSpec>,
    pub truststore: Option<StoreSpec>,
    /// By which nodes know each other, if a phase has `internode`; the same in every phase.
    pub internode_keystore: Option<StoreSpec>,
    pub internode_truststore: Option<StoreSpec>,
    /// By which clients are known to know the nodes.
    pub client_truststores: Vec<ClientTruststore>,
    /// How long before a certificate ends a plan begins to warn of it.
    pub expiry_warning: Duration,
    /// A certificate that has ended is a warning instead of a refusal.
    pub allow_expired: bool,
    /// So is a root that has ended; not of the file but of the command line, since it is said of one run.
    pub accept_expired_ca: bool,
}

impl Default for Stores {
    fn default() -> Stores {
        Stores {
            keystore: None,
            truststore: None,
            internode_keystore: None,
            internode_truststore: None,
            client_truststores: Vec::new(),
            // A month is what most certificate authorities and calendars plan with.
            expiry_warning: Duration::from_secs(30 * 86_400),
            allow_expired: false,
            accept_expired_ca: false,
        }
    }
}

/// The stores that a phase changes; each is whole, with what the phase took over from the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseStores {
    pub keystore: Option<StoreSpec>,
    pub truststore: Option<StoreSpec>,
}

/// A truststore that goes to no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTruststore {
    /// A path beside the operator, relative to the playbook.
    pub from: String,
    pub password: Option<SecretSource>,
}

impl ClientTruststore {
    fn build(record: &Record) -> ClientTruststore {
        ClientTruststore {
            from: record.text("from").unwrap_or_default(),
            password: record.secret("password"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSpec {
    /// A path beside the operator, relative to the playbook; may hold `{node}` and `{address}`.
    pub from: String,
    /// An absolute path on the node; may hold `{node}` and `{address}`.
    pub to: String,
    pub password: SecretSource,
    /// `user` or `user:group`; without it, the user that runs Cassandra.
    pub owner: Option<String>,
    pub mode: Option<u32>,
    pub places: Places,
}

/// Where the playbook says it: of what a phase takes over, where it was said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub to: Span,
    pub password: Span,
    pub mode: Span,
}

impl Stores {
    pub(super) fn build(record: &Record) -> Stores {
        let default = Stores::default();
        Stores {
            keystore: record.record("keystore").map(StoreSpec::build),
            truststore: record.record("truststore").map(StoreSpec::build),
            internode_keystore: record.record("internode_keystore").map(StoreSpec::build),
            internode_truststore: record.record("internode_truststore").map(StoreSpec::build),
            client_truststores: record
                .records("client_truststores")
                .iter()
                .map(ClientTruststore::build)
                .collect(),
            expiry_warning: record.duration("expiry_warning").unwrap_or(default.expiry_warning),
            allow_expired: record.bool("allow_expired").unwrap_or(default.allow_expired),
            accept_expired_ca: default.accept_expired_ca,
        }
    }

    pub fn spec(&self, store: StoreName) -> Option<&StoreSpec> {
        match store {
            StoreName::Keystore => self.keystore.as_ref(),
            StoreName::Truststore => self.truststore.as_ref(),
            StoreName::InternodeKeystore => self.internode_keystore.as_ref(),
            StoreName::InternodeTruststore => self.internode_truststore.as_ref(),
        }
    }
}

impl PhaseStores {
    pub fn spec(&self, store: StoreName) -> Option<&StoreSpec> {
        match store {
            StoreName::Keystore => self.keystore.as_ref(),
            StoreName::Truststore => self.truststore.as_ref(),
            StoreName::InternodeKeystore | StoreName::InternodeTruststore => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.keystore.is_none() && self.truststore.is_none()
    }
}

/// The stores of every phase in order. `stores` and `phases`: as they were written.
pub(super) fn by_phase(stores: Option<&Record>, phases: &[Record]) -> Vec<PhaseStores> {
    let mut keystore = stores.and_then(|stores| stores.record("keystore")).cloned();
    let mut truststore = stores.and_then(|stores| stores.record("truststore")).cloned();
    let of_phase = |phase: &Record| {
        let said = phase.record("stores");
        PhaseStores {
            keystore: taken_over(said.and_then(|said| said.record("keystore")), &mut keystore),
            truststore: taken_over(said.and_then(|said| said.record("truststore")), &mut truststore),
        }
    };
    phases.iter().map(of_phase).collect()
}

/// What a phase says of a store, over what was said `before`; that becomes it.
fn taken_over(said: Option<&Record>, before: &mut Option<Record>) -> Option<StoreSpec> {
    let whole = match &before {
        Some(before) => said?.over(before),
        None => said?.clone(),
    };
    let spec = StoreSpec::build(&whole);
    *before = Some(whole);
    Some(spec)
}

impl StoreSpec {
    fn build(record: &Record) -> StoreSpec {
        let place = |key| record.field(key).map_or(record.span, |field| field.key);
        StoreSpec {
            from: record.text("from").unwrap_or_default(),
            to: record.text("to").unwrap_or_default(),
            password: record.secret("password").unwrap_or(SecretSource::Prompt),
            owner: record.text("owner"),
            mode: record.mode("mode"),
            places: Places { to: place("to"), password: place("password"), mode: place("mode") },
        }
    }
}
