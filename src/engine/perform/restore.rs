//! A file put back as it stood before a run, out of the copy that the run kept on the node.

use super::{Failure, Place, of_file};
use crate::node::files::{self, Expect, FileError, Replace};
use crate::plan::change::sha256_hex;
use crate::plan::step::RestoreFile;
use crate::transport::Stdin;
use zeroize::Zeroizing;

impl Place<'_> {
    pub(super) async fn restore(&self, restore: &RestoreFile) -> Result<String, Failure> {
        let own = self.run.backup(&self.node.name, &restore.path, restore.was.as_deref());
        let replace = Replace {
            path: restore.path.clone(),
            bytes: Stdin(Zeroizing::new(Vec::new())),
            becomes: files::ABSENT.into(),
            expect: restore.was.clone().map_or(Expect::Absent, Expect::Sha256),
            owner: None,
            mode: None,
            backup: Some(own),
            access_list: None,
        };
        let Some(becomes) = &restore.becomes else {
            return self.replace(&replace).await;
        };
        if restore.was == restore.becomes && self.lacks(&restore.backup).await? {
            return Ok("as it was".into());
        }
        let copy = self.copy(&restore.backup, becomes, &restore.path).await?;
        // Cassandra's yaml was edited with its owner, mode and access list as they were, so they are what they were.
        let replace = Replace { bytes: Stdin(copy), becomes: becomes.clone(), ..replace };
        let replace = match restore.store {
            Some(_) => self.with_attributes(replace, &restore.backup).await?,
            None => replace,
        };
        self.replace(&replace).await
    }

    /// A step that sets owner and mode alone keeps them first: where it kept nothing, it has set nothing.
    async fn lacks(&self, backup: &str) -> Result<bool, Failure> {
        match files::read(self.node.host.as_ref(), backup).await {
            Ok(_) => Ok(false),
            Err(FileError::Absent { .. }) => Ok(true),
            Err(error) => Err(of_file(error)),
        }
    }

    /// What a run kept of a file, if it is still what it kept.
    pub(super) async fn copy(
        &self,
        backup: &str,
        sha256: &str,
        path: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = Zeroizing::new(files::read(self.node.host.as_ref(), backup).await.map_err(of_file)?);
        if sha256_hex(&bytes) != sha256 {
            let why = format!("{backup} is not the copy that the run kept: its SHA-256 differs");
            let help = format!("put {path} right by hand, then run `ringwalk plan`");
            return Err(Failure::new(why, help));
        }
        Ok(bytes)
    }

    /// With owner, mode and access list as the file had them when it was copied: `UID:GID MODE`, the mode in octal digits,
    /// and beside it the list if there was one.
    pub(super) async fn with_attributes(&self, replace: Replace, backup: &str) -> Result<Replace, Failure> {
        let path = format!("{backup}.attributes");
        let text = files::read(self.node.host.as_ref(), &path).await.map_err(of_file)?;
        let text = String::from_utf8_lossy(&text);
        let parsed = text.trim().split_once(' ').and_then(|(owner, mode)| {
            Some((Some(owner.to_owned()), Some(u32::from_str_radix(mode, 8).ok()?)))
        });
        let (owner, mode) = parsed.ok_or_else(|| {
            let help = "put the file back by hand, then run `ringwalk plan`";
            Failure::new(format!("cannot understand {path}: it should say owner and mode"), help)
        })?;
        Ok(Replace { owner, mode, access_list: Some(format!("{backup}.acl")), ..replace })
    }
}
