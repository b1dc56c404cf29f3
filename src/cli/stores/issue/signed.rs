//! Keystores signed by a CA, a first time or again.

use super::super::shelf::Shelf;
use super::super::{authority, files, make, passwords, pki_problem};
use super::{Order, Wish, snippet};
use crate::cli::secrets;
use crate::diagnostic::Diagnostic;
use crate::pki::authority::Authority;
use crate::report::stores::{Issued, IssuedNode};
use crate::secret::Secret;
use std::path::Path;

impl Order<'_> {
    pub(super) async fn signed(&self) -> Result<Issued, Vec<Diagnostic>> {
        let one = |problem| vec![problem];
        let shelf = Shelf { directory: self.options.out.clone(), kind: self.kind };
        let target = self.target(&shelf);
        self.nothing_in_the_way(&|node| vec![target.keystore(node)])?;
        let before = self.before(&shelf)?;
        let directory = self.options.ca.as_deref().unwrap_or(Path::new("."));
        let authority = authority::open(
            directory,
            &self.options.ca_password,
            &secrets::named_in(self.inventory),
            self.now,
        )
        .map_err(one)?;
        let wishes = self.wishes(&before).await?;
        files::directory(&target.directory).map_err(one)?;
        let keystore_password = passwords::kept_in(&shelf.keystore_password()).map_err(one)?;
        let truststore_password = passwords::kept_in(&shelf.truststore_password()).map_err(one)?;
        let root = [authority.root().clone()];
        make::truststore(&shelf.truststore(), &root, self.kind, &truststore_password, self.now)
            .map_err(one)?;
        let nodes = make::on_every_core(&wishes, |wish| {
            self.node_signed(wish, &authority, &target, &keystore_password)
        })?;
        Ok(Issued { nodes, stores: Some(snippet(&shelf, &target)), notes: self.notes() })
    }

    fn node_signed(
        &self,
        wish: &Wish,
        authority: &Authority,
        target: &Shelf,
        password: &Secret,
    ) -> Result<IssuedNode, Diagnostic> {
        let key = self.key(wish)?;
        let chain = authority
            .issue(&wish.subject(), &key, self.validity)
            .map_err(|error| pki_problem(&wish.node.name, &error))?;
        self.keystore(wish, &key, chain, &target.keystore(&wish.node.name), password)
    }
}
