//! Where in its playbook a node stands: the phases that it has passed are left alone.

use super::backwards::Takes;
use super::change::value;
use super::material::Material;
use super::ports::ClientOptions;
use super::step::YamlPath;
use crate::facts::NodeFacts;
use crate::formats::yaml;
use crate::input::inventory::Node;
use crate::input::options::{OptionKey, Setting};
use crate::input::playbook::{Phase, Playbook, expand};
use crate::input::settings::Settings;
use std::collections::BTreeMap;

/// The first phase that concerns the node; `root` is the tree of its file. It is read from the node's file, so it needs no saved progress.
///
/// A node has passed every phase before the last one whose own words its file follows. It has also passed the phases
/// that are laxer than the node is, if a later one is not: a cluster that requires TLS is not taken back to accepting
/// plaintext because a playbook begins with that.
pub fn first_phase(playbook: &Playbook, node: &Node, facts: &NodeFacts, root: Option<&yaml::Node>) -> usize {
    let stand = Stand { root, now: ClientOptions::of(root), node, facts };
    let said: Vec<Said<'_>> = (0..playbook.phases.len()).map(|phase| said(playbook, phase)).collect();
    let followed = said.iter().rposition(|said| stand.follows(said));
    let followed = followed.map(|last| before_its_stores(playbook, last));
    let not_laxer = said.iter().position(|said| !stand.would_relax(said));
    followed.max(not_laxer).unwrap_or(0)
}

/// Phases that change stores and no option look the same in the file: which of them a node has passed is read from its
/// stores, one by one (`plan/generation`).
fn before_its_stores(playbook: &Playbook, last: usize) -> usize {
    let changes_stores_only = |phase: &&Phase| {
        !phase.stores.is_empty()
            && phase.client_encryption_options.is_empty()
            && phase.settings.is_empty()
            && phase.internode.is_empty()
            && phase.native_transport_port_ssl.is_none()
    };
    last - playbook.phases[1..=last].iter().rev().take_while(changes_stores_only).count()
}

/// What the phases up to one say themselves; what `stores` adds does not tell phases apart.
struct Said<'a> {
    options: BTreeMap<OptionKey, &'a Setting>,
    settings: Settings,
    port_ssl: Option<&'a Setting>,
}

fn said(playbook: &Playbook, phase: usize) -> Said<'_> {
    let options = playbook.phases.iter().take(phase + 1).flat_map(|phase| &phase.client_encryption_options);
    Said {
        options: options.map(|(key, setting)| (*key, &setting.value)).collect(),
        settings: playbook.settings(phase).into_iter().chain(playbook.internode_said(phase)).collect(),
        port_ssl: playbook.port_ssl(phase),
    }
}

/// One node, as its file has it.
struct Stand<'a> {
    root: Option<&'a yaml::Node>,
    now: ClientOptions,
    node: &'a Node,
    facts: &'a NodeFacts,
}

impl Stand<'_> {
    fn follows(&self, said: &Said<'_>) -> bool {
        let settings = said.settings.iter();
        let has_port = |said| self.says(&YamlPath::NativeTransportPortSsl, said);
        said.options.iter().all(|(key, setting)| self.has_option(*key, setting))
            && said.port_ssl.is_none_or(has_port)
            && settings
                .into_iter()
                .all(|(path, said)| self.says(&YamlPath::Setting(path.clone()), &said.value))
    }

    fn has_option(&self, key: OptionKey, setting: &Setting) -> bool {
        let path = YamlPath::ClientEncryption(key);
        match (self.written(&path), setting) {
            (None, Setting::Bool(false)) => self.is_off_by_default(key),
            (_, setting) => self.says(&path, setting),
        }
    }

    fn says(&self, path: &YamlPath, setting: &Setting) -> bool {
        let setting = match setting {
            // Where a secret comes from does not say which phase this is.
            Setting::Secret(_) => return true,
            Setting::Text(text) => Setting::Text(expand(text, self.node)),
            other => other.clone(),
        };
        value(&setting, &Material::default()).is_ok_and(|wished| yaml::says(self.written(path), &wished))
    }

    fn written(&self, path: &YamlPath) -> Option<&yaml::Node> {
        path.keys().iter().try_fold(self.root, |node, key| Some(node?.get(key))).flatten()
    }

    /// Whether Cassandra takes an option that is not written for `false`.
    fn is_off_by_default(&self, key: OptionKey) -> bool {
        match key {
            OptionKey::Enabled | OptionKey::RequireClientAuth | OptionKey::RequireEndpointVerification => {
                true
            }
            OptionKey::Optional => self.now.enabled,
            OptionKey::Keystore
            | OptionKey::KeystorePassword
            | OptionKey::Truststore
            | OptionKey::TruststorePassword
            | OptionKey::Protocol
            | OptionKey::AcceptedProtocols
            | OptionKey::Algorithm
            | OptionKey::StoreType
            | OptionKey::CipherSuites
            | OptionKey::SslContextFactory => false,
        }
    }

    /// Whether the phase would let in a client that the node refuses today.
    fn would_relax(&self, said: &Said<'_>) -> bool {
        let flag = |key| match said.options.get(&key) {
            Some(Setting::Bool(value)) => Some(*value),
            Some(_) | None => None,
        };
        let wished = ClientOptions {
            enabled: flag(OptionKey::Enabled).unwrap_or(self.now.enabled),
            optional: match (flag(OptionKey::Enabled), flag(OptionKey::Optional)) {
                (_, Some(optional)) => Some(optional),
                (Some(_), None) => Some(false),
                (None, None) => self.now.optional,
            },
            require_client_auth: flag(OptionKey::RequireClientAuth).unwrap_or(self.now.require_client_auth),
            port_ssl: match said.port_ssl {
                Some(Setting::Number(port)) => u16::try_from(*port).ok(),
                Some(_) => None,
                None => self.now.port_ssl,
            },
            ..self.now.clone()
        };
        let (now, then) = (Takes::of(&self.now, self.facts), Takes::of(&wished, self.facts));
        then.lets_plaintext_in_beside(&now) || then.lets_anyone_in_beside(&now)
    }
}
