//! What a node has, which a renewal goes on with: the names in its certificate, and its way into a port that asks.

use super::super::shelf::Shelf;
use super::super::{make, passwords};
use super::Order;
use crate::diagnostic::Diagnostic;
use crate::node::wire::ClientIdentity;
use crate::pki::names::San;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// A node's newest keystore: whom it speaks for, and what to show to a port that asks.
pub(super) struct Before {
    pub(super) sans: Vec<San>,
    pub(super) identity: ClientIdentity,
}

impl Order<'_> {
    /// Where new stores or requests go: a renewal's beside the old ones.
    pub(super) fn target(&self, shelf: &Shelf) -> Shelf {
        let directory = match self.options.renew {
            true => shelf.renewed(&self.now.strftime("%Y-%m-%d").to_string()),
            false => shelf.directory.clone(),
        };
        Shelf { directory, kind: shelf.kind }
    }

    /// What each node has, which a renewal goes on with; nothing for a first time.
    pub(super) fn before(&self, shelf: &Shelf) -> Result<BTreeMap<String, Before>, Vec<Diagnostic>> {
        if !self.options.renew {
            return Ok(BTreeMap::new());
        }
        let missing = |place: &Path, what: &str| {
            Diagnostic::new(place.display().to_string(), format!("there is no {what} to renew"))
                .help("`--renew` goes on with what `ringwalk stores issue` put into `--out`; leave it out for new nodes")
        };
        let password_path = shelf.keystore_password();
        if !password_path.exists() {
            return Err(vec![missing(&password_path, "password of stores")]);
        }
        let password = passwords::kept_in(&password_path).map_err(|problem| vec![problem])?;
        let found = make::on_every_core(&self.nodes, |node| {
            let path = shelf
                .newest_keystore(&node.name)
                .ok_or_else(|| missing(&shelf.keystore(&node.name), "keystore"))?;
            let store = make::open(&path, &password)?;
            let (Some(entry), Some(leaf)) = (store.keys.first(), store.leaf()) else {
                return Err(missing(&path, "certificate"));
            };
            let sans = leaf.sans.iter().filter_map(|text| San::parse(text)).collect();
            let identity = ClientIdentity {
                chain: entry.chain.iter().map(|certificate| certificate.der.clone()).collect(),
                key: Zeroizing::new(entry.key.as_pkcs8().to_vec()),
            };
            Ok((node.name.clone(), Before { sans, identity }))
        })?;
        Ok(found.into_iter().collect())
    }
}
