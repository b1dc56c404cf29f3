//! Requests for another CA to sign, each beside its encrypted key.

use super::super::files::{self, Access};
use super::super::shelf::{self, Shelf};
use super::super::{make, passwords, pki_problem, problem};
use super::Order;
use crate::diagnostic::Diagnostic;
use crate::formats::pem::{self, KeyCipher};
use crate::pki::request;
use crate::report::stores::Issued;
use std::path::PathBuf;

impl Order<'_> {
    pub(super) async fn requested(&self) -> Result<Issued, Vec<Diagnostic>> {
        let shelf = Shelf { directory: self.options.out.clone(), kind: self.kind };
        let target = self.target(&shelf);
        let in_the_way =
            |node: &str| [vec![target.request(node), target.key(node)], keystores(&target, node)].concat();
        self.nothing_in_the_way(&in_the_way)?;
        let wishes = self.wishes(&self.before(&shelf)?).await?;
        files::directory(&target.directory).map_err(|problem| vec![problem])?;
        let password = passwords::kept_in(&shelf.keystore_password()).map_err(|problem| vec![problem])?;
        let nodes = make::on_every_core(&wishes, |wish| {
            let name = &wish.node.name;
            let key = self.key(wish)?;
            let request = wish.subject().request(&key).map_err(|error| pki_problem(name, &error))?;
            let sealed = pem::write::sealed_key(&key.private(), &password, KeyCipher::Aes)
                .map_err(|error| problem(name, &error, error.help()))?;
            files::create(&target.key(name), sealed.as_bytes(), Access::Owner)?;
            let path = target.request(name);
            files::create(&path, request::to_pem(&request).as_bytes(), Access::Everyone)?;
            Ok(wish.issued(&path, None))
        })?;
        Ok(Issued { nodes, stores: None, notes: self.notes() })
    }
}

/// A node's keystore in any form.
fn keystores(shelf: &Shelf, node: &str) -> Vec<PathBuf> {
    let of = |kind| Shelf { directory: shelf.directory.clone(), kind }.keystore(node);
    shelf::KINDS.map(of).to_vec()
}
