//! What a playbook must not ask for, whatever the cluster: each rule with its reason.

use super::entry;
use super::internode;
use super::options::{OptionKey, Setting};
use super::playbook::{Phase, Playbook, Restart, StoreName, StoreSpec};
use super::reader::Reader;
use super::rollout_rules;
use super::written_out;
use crate::diagnostic::{Span, Spanned};
use std::collections::{BTreeMap, HashMap};

pub(super) fn check(playbook: &Playbook, reader: &mut Reader) {
    stores(playbook, reader);
    internode::check(playbook, reader);
    written_out::check(playbook, reader);
    phase_names(playbook, reader);
    for (index, phase) in playbook.phases.iter().enumerate() {
        let view = View { playbook, index, phase, wish: playbook.wish(index) };
        view.sets_or_restarts(reader);
        view.says_enabled(reader);
        view.optional_needs_enabled(reader);
        view.enabled_needs_a_keystore(reader);
        view.client_auth_needs_a_truststore(reader);
        view.paths_have_passwords(reader);
        view.ssl_port_needs_tls(reader);
        view.protocols_agree(reader);
        view.factory_is_clear(reader);
        view.entry_is_clear(reader);
    }
    rollout_rules::check(playbook, reader);
}

fn stores(playbook: &Playbook, reader: &mut Reader) {
    let named =
        StoreName::ALL.map(|name| (format!("stores.{}", name.key()), name, playbook.stores.spec(name)));
    let of_phases = playbook.phases.iter().enumerate().flat_map(|(index, phase)| {
        let place = move |name| format!("phases[{index}].stores.{name}");
        StoreName::BOTH.map(|name| (place(name), name, phase.stores.spec(name)))
    });
    for (place, name, spec) in named.into_iter().chain(of_phases) {
        let Some(spec) = spec else { continue };
        let own = |key: &str| playbook.source.place(&format!("{place}.{key}"));
        if let Some(span) = own("to").filter(|_| spec.to.ends_with('/')) {
            reader.refuse(span, "`to` is a directory", "name the file: Cassandra reads one store");
        }
        if own("mode").is_some() {
            mode(name, spec, reader);
        }
        if place.starts_with("phases") && playbook.source.place(&format!("stores.{name}")).is_none() {
            first_is_whole(&place, name, playbook, reader);
        }
    }
    paths_differ(playbook, reader);
    let sets_options = |phase: &Phase| !phase.client_encryption_options.is_empty();
    let is_brought = is_written(playbook, "stores");
    let of_clients = |name: &StoreName| playbook.source.place(&format!("stores.{}", name.key())).is_some();
    let is_of_nodes_only =
        is_written(playbook, "internode").is_some() && !StoreName::BOTH.iter().any(of_clients);
    if let Some(span) = playbook.source.place("stores").or(is_brought)
        && !is_of_nodes_only
        && !playbook.phases.is_empty()
        && !playbook.phases.iter().any(sets_options)
        && is_written(playbook, "client_encryption_options").is_none()
    {
        let help = "add `client_encryption_options: { enabled: true, optional: false }` to a phase, or leave `stores` out";
        reader.refuse(span, "stores that no phase uses", help);
    }
}

/// A store that no one has named before has nothing to take over.
fn first_is_whole(place: &str, name: StoreName, playbook: &Playbook, reader: &mut Reader) {
    let of_any = |index: usize| format!("phases[{index}].stores.{name}");
    let mut places = (0..playbook.phases.len()).map(of_any);
    let is_first =
        places.find(|of_any| playbook.source.place(of_any).is_some()).is_some_and(|first| first == place);
    let lacks = |key: &&str| playbook.source.place(&format!("{place}.{key}")).is_none();
    let lacking: Vec<String> =
        ["to", "password"].into_iter().filter(lacks).map(|key| format!("`{key}`")).collect();
    if is_first && !lacking.is_empty() {
        let message = format!("the first {name} lacks {}", lacking.join(" and "));
        let help = format!("write it here, or name `{name}` in `stores` at the top");
        reader.refuse(playbook.source.place(place).unwrap_or_default(), message, help);
    }
}

/// In every phase.
fn paths_differ(playbook: &Playbook, reader: &mut Reader) {
    let mut told: Option<(Span, Span)> = None;
    for index in 0..playbook.phases.len().max(1) {
        let [Some(keystore), Some(truststore)] = StoreName::BOTH.map(|name| playbook.store(index, name))
        else {
            continue;
        };
        let places = (keystore.places.to, truststore.places.to);
        if keystore.to == truststore.to && !keystore.to.is_empty() && told != Some(places) {
            told = Some(places);
            let other = reader.document.other_place(places.0, "the keystore's");
            let message = "both stores go to the same path";
            let problem = reader.document.problem(places.1, message).also(other);
            reader.problems.push(problem.help("give each its own: the second would replace the first"));
        }
    }
}

/// Where the first phase that has this key says it, rightly or wrongly.
fn is_written(playbook: &Playbook, key: &str) -> Option<Span> {
    (0..playbook.phases.len()).find_map(|index| playbook.source.place(&format!("phases[{index}].{key}")))
}

fn mode(name: StoreName, store: &StoreSpec, reader: &mut Reader) {
    let Some(mode) = store.mode else { return };
    let span = store.places.mode;
    if mode & 0o400 == 0 {
        reader.refuse(
            span,
            format!("mode {mode:04o} keeps its owner from reading the {name}"),
            "for example `mode: \"0400\"`",
        );
    } else if name.is_keystore() && mode & 0o007 != 0 {
        let message = format!("mode {mode:04o} gives every user of the node the private key");
        reader.refuse(span, message, "for example `mode: \"0400\"`, or `\"0440\"` for a group");
    } else if mode & 0o022 != 0 {
        let message = format!("mode {mode:04o} lets others than its owner replace the {name}");
        reader.refuse(span, message, "for example `mode: \"0400\"`");
    }
}

fn phase_names(playbook: &Playbook, reader: &mut Reader) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for (index, phase) in playbook.phases.iter().enumerate() {
        let Some(span) = playbook.source.place(&format!("phases[{index}].name")) else { continue };
        if phase.name.is_empty() {
            continue;
        }
        if let Some(first) = seen.insert(&phase.name, span) {
            let other = reader.document.other_place(first, "first here");
            let problem =
                reader.document.problem(span, format!("two phases are called `{}`", phase.name)).also(other);
            reader
                .problems
                .push(problem.help("give each phase a name of its own: plans and journals go by it"));
        }
    }
}

/// One phase, with all that holds once it is done.
struct View<'a> {
    playbook: &'a Playbook,
    index: usize,
    phase: &'a Phase,
    wish: BTreeMap<OptionKey, Spanned<Setting>>,
}

impl View<'_> {
    fn sets_or_restarts(&self, reader: &mut Reader) {
        let says_nothing = self.phase.native_transport_port_ssl.is_none()
            && self.phase.client_encryption_options.is_empty()
            && self.phase.settings.is_empty()
            && self.phase.stores.is_empty()
            && self.phase.internode.is_empty()
            && self.phase.restart == Restart::IfNeeded;
        let is_wrong_already = [
            "client_encryption_options",
            "native_transport_port_ssl",
            "internode",
            "settings",
            "restart",
            "stores",
        ]
        .iter()
        .any(|key| self.has_entries(key));
        if says_nothing && !is_wrong_already {
            let help = "add `client_encryption_options`, `settings` or `stores`, or `restart: always` to restart every node";
            reader.refuse(self.place("name"), "a phase that sets nothing and restarts nothing", help);
        }
    }

    /// 3.x takes `enabled` as the gate of everything; without it nobody can say what `optional` means on a node.
    fn says_enabled(&self, reader: &mut Reader) {
        let is_said = self.is_said(OptionKey::Enabled);
        if !self.phase.client_encryption_options.is_empty() && !is_said {
            let message = "the phase does not say whether TLS is enabled";
            let help = "add `enabled: true` here or to a phase before; `optional` is false unless it is said";
            reader.refuse(self.place("client_encryption_options"), message, help);
        }
        let sets_only_a_port = is_port(self.phase.native_transport_port_ssl.as_ref()) && self.wish.is_empty();
        if sets_only_a_port && !is_said && !self.has_entries("client_encryption_options") {
            let help = "add `client_encryption_options: { enabled: true }`";
            reader.refuse(
                self.place("native_transport_port_ssl"),
                "a TLS port, and nothing says that TLS is enabled",
                help,
            );
        }
    }

    /// `EncryptionOptions.applyConfig` in 4.0 and later, `NativeTransportService` in 3.x.
    fn optional_needs_enabled(&self, reader: &mut Reader) {
        if let (Some(enabled), Some(optional)) =
            (self.setting(OptionKey::Enabled), self.setting(OptionKey::Optional))
            && enabled.value == Setting::Bool(false)
            && optional.value == Setting::Bool(true)
            && self.is_news(&[OptionKey::Enabled, OptionKey::Optional])
        {
            let message = "`enabled: false` with `optional: true` means plaintext only to 3.x, and TLS or plaintext to 4.0 and later";
            let span = self.newest(&[OptionKey::Optional, OptionKey::Enabled]);
            let help = "write `enabled: true, optional: true` for both kinds of clients, `enabled: false, optional: false` for plaintext";
            reader.refuse(span, message, help);
        }
    }

    fn enabled_needs_a_keystore(&self, reader: &mut Reader) {
        let is_enabled = self.is_true(OptionKey::Enabled) && self.is_news(&[OptionKey::Enabled]);
        let has_one = self.is_said(OptionKey::Keystore) || self.has_store("keystore");
        if is_enabled && !has_one && !self.is_said(OptionKey::SslContextFactory) {
            let help = "add `keystore` to `stores`, or write out `keystore` and `keystore_password`";
            reader.refuse(self.newest(&[OptionKey::Enabled]), "TLS is enabled without any keystore", help);
        }
    }

    /// A server that asks for certificates and trusts none refuses every client.
    fn client_auth_needs_a_truststore(&self, reader: &mut Reader) {
        let key = OptionKey::RequireClientAuth;
        let has_one = self.is_said(OptionKey::Truststore) || self.has_store("truststore");
        if self.is_true(key)
            && self.is_news(&[key])
            && !has_one
            && !self.is_said(OptionKey::SslContextFactory)
        {
            let help = "add `truststore` to `stores`, or write out `truststore` and `truststore_password`";
            reader.refuse(
                self.newest(&[key]),
                "client certificates are required without any truststore",
                help,
            );
        }
    }

    /// The default password is `cassandra` to 4.1.1 and none from 4.1.2 on (CASSANDRA-18124).
    fn paths_have_passwords(&self, reader: &mut Reader) {
        let pairs = [
            (OptionKey::Keystore, OptionKey::KeystorePassword, "keystore"),
            (OptionKey::Truststore, OptionKey::TruststorePassword, "truststore"),
        ];
        for (path, password, store) in pairs {
            let is_written = self.phase.client_encryption_options.contains_key(&path);
            let has_one =
                self.is_said(password) || self.has_store(store) || self.is_said(OptionKey::SslContextFactory);
            if is_written && !has_one {
                let message =
                    format!("`{path}` without `{password}`, whose default differs between versions");
                reader.refuse(self.newest(&[path]), message, format!("add `{password}: env:NAME`"));
            }
        }
    }

    /// `DatabaseDescriptor` stops a start with "Encryption must be enabled in client_encryption_options".
    fn ssl_port_needs_tls(&self, reader: &mut Reader) {
        let is_off = self.value(OptionKey::Enabled) == Some(&Setting::Bool(false));
        if !is_off || !is_port(self.playbook.port_ssl(self.index)) {
            return;
        }
        let message = "a TLS port while TLS is off: Cassandra does not start";
        let key = "native_transport_port_ssl";
        if self.phase.native_transport_port_ssl.is_some() {
            reader.refuse(self.place(key), message, "leave it out, or write `enabled: true`");
        } else if self.is_news(&[OptionKey::Enabled]) {
            let help = format!("add `{key}: null`, which takes the port of an earlier phase out of the file");
            reader.refuse(self.newest(&[OptionKey::Enabled]), message, help);
        }
    }

    /// `AbstractSslContextFactory.getAcceptedProtocols` accepts the sum of both.
    fn protocols_agree(&self, reader: &mut Reader) {
        let keys = [OptionKey::Protocol, OptionKey::AcceptedProtocols];
        if let (Some(Setting::Text(protocol)), Some(Setting::List(accepted))) =
            (self.value(keys[0]), self.value(keys[1]))
            && !protocol.eq_ignore_ascii_case("TLS")
            && !accepted.contains(protocol)
            && self.is_news(&keys)
        {
            let message = format!(
                "`protocol: {protocol}` is accepted beside `accepted_protocols`, which does not name it"
            );
            reader.refuse(self.newest(&keys), message, "leave `protocol` out, or write `protocol: TLS`");
        }
    }

    /// `SslContextFactory` refuses parameters that `client_encryption_options` has a key for; the PEM factory ignores
    /// `store_type`.
    fn factory_is_clear(&self, reader: &mut Reader) {
        let key = OptionKey::SslContextFactory;
        let Some(Setting::Map(factory)) = self.value(key) else { return };
        if !self.is_news(&[key, OptionKey::StoreType]) {
            return;
        }
        let parameters = factory.iter().find_map(|(name, setting)| match setting {
            Setting::Map(parameters) if name == "parameters" => Some(parameters.as_slice()),
            _ => None,
        });
        for (name, _) in parameters.unwrap_or_default() {
            if OptionKey::from_key(name).is_some() {
                let message =
                    format!("`{name}` is an option of its own, and Cassandra refuses it as a parameter");
                reader.refuse(self.newest(&[key]), message, "write it beside `ssl_context_factory`");
            }
        }
        let is_pem = factory
            .iter()
            .any(|(_, value)| matches!(value, Setting::Text(class) if class.contains("PEMBased")));
        if is_pem && self.is_said(OptionKey::StoreType) {
            let message = "`store_type` means nothing to a factory that reads PEM files";
            reader.refuse(self.newest(&[OptionKey::StoreType]), message, "leave out one of the two");
        }
    }

    fn entry_is_clear(&self, reader: &mut Reader) {
        let Some(enter) = &self.phase.enter_when else { return };
        let path = format!("phases[{}].enter_when", self.index);
        let source = &self.playbook.source;
        let place = |key: &str| match key {
            "" => source.place(&path),
            key => source.place(&format!("{path}.{key}")),
        };
        entry::check(enter, place, reader);
    }

    fn setting(&self, key: OptionKey) -> Option<&Spanned<Setting>> {
        self.wish.get(&key)
    }

    fn value(&self, key: OptionKey) -> Option<&Setting> {
        self.setting(key).map(|setting| &setting.value)
    }

    fn is_true(&self, key: OptionKey) -> bool {
        self.value(key) == Some(&Setting::Bool(true))
    }

    /// Whether this phase or one before it has the option, rightly or wrongly.
    fn is_said(&self, key: OptionKey) -> bool {
        (0..=self.index).any(|index| {
            let path = format!("phases[{index}].client_encryption_options.{key}");
            self.playbook.source.place(&path).is_some()
        })
    }

    /// Whether `stores`, of the playbook or of a phase up to this one, names it, rightly or wrongly.
    fn has_store(&self, name: &str) -> bool {
        let of_phase = |index: usize| format!("phases[{index}].stores.{name}");
        let mut places = (0..=self.index).map(of_phase).chain([format!("stores.{name}")]);
        places.any(|place| self.playbook.source.place(&place).is_some())
    }

    /// Whether this phase sets one of the options: what an earlier phase did wrong is a problem there already.
    fn is_news(&self, keys: &[OptionKey]) -> bool {
        keys.iter().any(|key| self.phase.client_encryption_options.contains_key(key))
    }

    /// Where the phase itself says the first of the options that it does say.
    fn newest(&self, keys: &[OptionKey]) -> Span {
        let own = keys.iter().find_map(|key| self.phase.client_encryption_options.get(key));
        own.map_or_else(|| self.place("client_encryption_options"), |setting| setting.span)
    }

    fn place(&self, key: &str) -> Span {
        let place = |path: String| self.playbook.source.place(&path);
        place(format!("phases[{}].{key}", self.index))
            .or_else(|| place(format!("phases[{}]", self.index)))
            .unwrap_or_default()
    }

    /// Whether the key is written with a value that was refused, so that it is not in the phase.
    fn has_entries(&self, key: &str) -> bool {
        let path = format!("phases[{}].{key}", self.index);
        self.playbook.source.place(&path).is_some() && !reads_as_nothing(key, self.phase)
    }
}

/// Whether a second port is set, not taken out.
fn is_port(setting: Option<&Setting>) -> bool {
    setting.is_some_and(|setting| *setting != Setting::Absent)
}

/// A key that is written and means no more than its absence: `restart: if_needed`.
fn reads_as_nothing(key: &str, phase: &Phase) -> bool {
    key == "restart" && phase.restart == Restart::IfNeeded
}
