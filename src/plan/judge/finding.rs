//! What a rule found: which store of which node, why it matters, and a way out.

use super::super::step::StoreName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// None for a store that is looked at by itself.
    pub node: Option<String>,
    /// None for what concerns both stores alike.
    pub store: Option<StoreName>,
    /// The phase that brings the store; none for what `stores` has from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The file on the operator's side, or the one on the node that the rule is about.
    pub file: String,
    pub rule: Rule,
    pub severity: Severity,
    pub reason: String,
    /// A way out.
    pub help: String,
}

/// An error refuses the plan; a warning is shown with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

/// The name of a rule is that of its file, its test and its line in `docs/store-rules.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Opens,
    KeyPassword,
    OneKey,
    KeyFits,
    Chain,
    Issuer,
    CaOverlap,
    ClientTrust,
    Validity,
    Names,
    ServerUse,
    OwnKey,
    OwnStore,
    Signature,
    KeySize,
    Trust,
    StoreType,
    OldJava,
    PemFactory,
    PemKey,
    SharedPath,
    RelativePath,
    Password,
    KnownClients,
    ReadableYaml,
}

impl Rule {
    pub const ALL: [Rule; 25] = [
        Rule::Opens,
        Rule::KeyPassword,
        Rule::OneKey,
        Rule::KeyFits,
        Rule::Chain,
        Rule::Issuer,
        Rule::CaOverlap,
        Rule::ClientTrust,
        Rule::Validity,
        Rule::Names,
        Rule::ServerUse,
        Rule::OwnKey,
        Rule::OwnStore,
        Rule::Signature,
        Rule::KeySize,
        Rule::Trust,
        Rule::StoreType,
        Rule::OldJava,
        Rule::PemFactory,
        Rule::PemKey,
        Rule::SharedPath,
        Rule::RelativePath,
        Rule::Password,
        Rule::KnownClients,
        Rule::ReadableYaml,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Rule::Opens => "opens",
            Rule::KeyPassword => "key_password",
            Rule::OneKey => "one_key",
            Rule::KeyFits => "key_fits",
            Rule::Chain => "chain",
            Rule::Issuer => "issuer",
            Rule::CaOverlap => "ca_overlap",
            Rule::ClientTrust => "client_trust",
            Rule::Validity => "validity",
            Rule::Names => "names",
            Rule::ServerUse => "server_use",
            Rule::OwnKey => "own_key",
            Rule::OwnStore => "own_store",
            Rule::Signature => "signature",
            Rule::KeySize => "key_size",
            Rule::Trust => "trust",
            Rule::StoreType => "store_type",
            Rule::OldJava => "old_java",
            Rule::PemFactory => "pem_factory",
            Rule::PemKey => "pem_key",
            Rule::SharedPath => "shared_path",
            Rule::RelativePath => "relative_path",
            Rule::Password => "password",
            Rule::KnownClients => "known_clients",
            Rule::ReadableYaml => "readable_yaml",
        }
    }

    /// The key of a store in the playbook that says what the rule is about.
    pub fn key(self) -> &'static str {
        match self {
            Rule::SharedPath | Rule::RelativePath => "to",
            Rule::Password | Rule::ReadableYaml => "password",
            Rule::Opens
            | Rule::KeyPassword
            | Rule::OneKey
            | Rule::KeyFits
            | Rule::Chain
            | Rule::Issuer
            | Rule::CaOverlap
            | Rule::ClientTrust
            | Rule::Validity
            | Rule::Names
            | Rule::ServerUse
            | Rule::OwnKey
            | Rule::OwnStore
            | Rule::Signature
            | Rule::KeySize
            | Rule::Trust
            | Rule::StoreType
            | Rule::OldJava
            | Rule::PemFactory
            | Rule::PemKey
            | Rule::KnownClients => "from",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a rule has to say of its subject, before it is known whose rule it was and of which node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub severity: Severity,
    pub reason: String,
    pub help: String,
}

pub fn error(reason: impl Into<String>, help: impl Into<String>) -> Remark {
    Remark { severity: Severity::Error, reason: reason.into(), help: help.into() }
}

pub fn warning(reason: impl Into<String>, help: impl Into<String>) -> Remark {
    Remark { severity: Severity::Warning, reason: reason.into(), help: help.into() }
}
