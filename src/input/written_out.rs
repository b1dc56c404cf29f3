//! What a phase writes out of what its stores imply: a password counts in place of the store's, a path must be the store's.

use super::options::{OptionKey, Setting};
use super::playbook::{Playbook, StoreName};
use super::reader::Reader;
use crate::secret::SecretSource;

impl StoreName {
    /// The options of `client_encryption_options` that say where the store is, and its password; none between nodes.
    pub const fn options(self) -> Option<(OptionKey, OptionKey)> {
        match self {
            StoreName::Keystore => Some((OptionKey::Keystore, OptionKey::KeystorePassword)),
            StoreName::Truststore => Some((OptionKey::Truststore, OptionKey::TruststorePassword)),
            StoreName::InternodeKeystore | StoreName::InternodeTruststore => None,
        }
    }
}

impl Playbook {
    /// The password with which Cassandra opens the store of a phase.
    pub fn password(&self, phase_index: usize, store: StoreName) -> Option<SecretSource> {
        let written = store.options().and_then(|(_, password)| self.wish(phase_index).remove(&password));
        match written.map(|written| written.value) {
            Some(Setting::Secret(source)) => Some(source),
            Some(_) | None => self.store(phase_index, store).map(|spec| spec.password.clone()),
        }
    }

    /// Where that password is written out; none where it is the store's own.
    pub fn place_of_password(&self, phase_index: usize, store: StoreName) -> Option<String> {
        let (_, password) = store.options()?;
        self.written_in(phase_index, password)
            .map(|phase| format!("phases[{phase}].client_encryption_options.{password}"))
    }

    /// The last phase up to this one that says the option itself.
    fn written_in(&self, phase_index: usize, key: OptionKey) -> Option<usize> {
        let says = |index: &usize| self.phases[*index].client_encryption_options.contains_key(&key);
        (0..=phase_index).rev().find(says)
    }
}

/// A store that Cassandra would not read, since the option leads elsewhere.
pub(super) fn check(playbook: &Playbook, reader: &mut Reader) {
    let mut told = Vec::new();
    for (index, store) in
        (0..playbook.phases.len()).flat_map(|index| StoreName::BOTH.map(|name| (index, name)))
    {
        let (Some(spec), Some((path, _))) = (playbook.store(index, store), store.options()) else { continue };
        let Some(phase) = playbook.written_in(index, path) else { continue };
        let written = &playbook.phases[phase].client_encryption_options[&path];
        let Setting::Text(leads_to) = &written.value else { continue };
        let differs = *leads_to != spec.to && !spec.to.is_empty() && !leads_to.is_empty();
        if differs && !told.contains(&(written.span, spec.places.to)) {
            told.push((written.span, spec.places.to));
            let other =
                reader.document.other_place(spec.places.to, format!("the {store} goes to {}", spec.to));
            let message = format!("`{path}` leads to {leads_to}, where no store is brought");
            let problem = reader.document.problem(written.span, message).also(other);
            let help =
                format!("leave `{path}` out: it follows from `to`; or leave the {store} out of `stores`");
            reader.problems.push(problem.help(help));
        }
    }
}
