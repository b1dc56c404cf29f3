//! What a node needs to put its old files back by itself: left beside a restart job before that begins.
//!
//! The job reads it once the restart is over: `scripts/heal.sh`.

use super::files::{self, ABSENT, Expect, FileError, Replace};
use super::job::Job;
use crate::plan::change::sha256_hex;
use crate::transport::{Host, Stdin};
use std::time::Duration;
use zeroize::Zeroizing;

/// A file that the run has written, and the copy of what stood there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldFile {
    pub path: String,
    pub backup: String,
    /// SHA-256 of the old file. `None`: nothing stood there.
    pub was: Option<String>,
    /// SHA-256 of what the run wrote. `None`: it removed the file.
    pub becomes: Option<String>,
}

/// Has the node heal itself once `after` has passed without a sign of life of the run, if Cassandra does not answer then.
pub async fn prepare(
    host: &dyn Host,
    job: &Job,
    after: Duration,
    files: &[OldFile],
) -> Result<(), FileError> {
    let bytes = manifest(after, files).into_bytes();
    let replace = Replace {
        path: format!("{}/runs/{}/{}.heal", job.state_dir, job.run, job.id),
        becomes: sha256_hex(&bytes),
        bytes: Stdin(Zeroizing::new(bytes)),
        expect: Expect::Any,
        owner: None,
        mode: Some(0o600),
        backup: None,
        access_list: None,
    };
    files::replace(host, &replace).await.map(drop)
}

/// The seconds, then four lines a file.
fn manifest(after: Duration, files: &[OldFile]) -> String {
    let mut text = format!("{}\n", after.as_secs());
    for OldFile { path, backup, was, becomes } in files {
        let [was, becomes] = [was, becomes].map(|sha256| sha256.as_deref().unwrap_or(ABSENT));
        text.push_str(&format!("{path}\n{backup}\n{was}\n{becomes}\n"));
    }
    text
}
