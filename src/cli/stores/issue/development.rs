//! Keystores that each node signs itself, as `keytool -genkeypair` makes them.

use super::super::files::{self, Access};
use super::super::{make, passwords, pki_problem};
use super::Order;
use crate::diagnostic::Diagnostic;
use crate::formats::pem;
use crate::pki::stores;
use crate::report::stores::{Issued, Snippet, StoreLine};
use std::collections::BTreeMap;
use std::path::Path;

impl Order<'_> {
    pub(super) async fn self_signed(&self) -> Result<Issued, Vec<Diagnostic>> {
        let out = &self.options.out;
        let keystore = |node: &str| out.join(format!("keystore.{node}"));
        let truststore = |node: &str| out.join(format!("truststore.{node}"));
        let certificate = |node: &str| out.join(format!("{node}.pem"));
        self.nothing_in_the_way(&|node| vec![keystore(node), truststore(node), certificate(node)])?;
        let wishes = self.wishes(&BTreeMap::new()).await?;
        files::directory(out).map_err(|problem| vec![problem])?;
        let password_path = out.join("password");
        let password = passwords::kept_in(&password_path).map_err(|problem| vec![problem])?;
        let nodes = make::on_every_core(&wishes, |wish| {
            let name = &wish.node.name;
            let key = self.key(wish)?;
            let own =
                wish.subject().self_signed(&key, self.validity).map_err(|error| pki_problem(name, &error))?;
            let trusted = stores::truststore(std::slice::from_ref(&own));
            make::store(&truststore(name), &trusted, self.kind, &password, self.now)?;
            files::create(&certificate(name), pem::write::certificate(&own).as_bytes(), Access::Everyone)?;
            self.keystore(wish, &key, vec![own], &keystore(name), &password)
        })?;
        let line = |from: &Path, to: &str| StoreLine::new(from, to, &password_path);
        let stores = Snippet {
            keystore: line(&keystore("{node}"), "/etc/cassandra/tls/keystore.{node}"),
            truststore: line(&truststore("{node}"), "/etc/cassandra/tls/truststore.{node}"),
        };
        Ok(Issued { nodes, stores: Some(stores), notes: self.notes() })
    }
}
