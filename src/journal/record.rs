//! One line of a journal: JSON, closed by a checksum that chains it to the line before.
//!
//! ```text
//! {"ringwalk_journal":2,"program":"0.1.0","check":"5f0c…"}
//! {"at":"2026-11-24T07:12:33Z","event":{"event":"run_started",…},"check":"91ab…"}
//! ```

use super::event::StepEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The version of the journal's form; a program refuses one that it does not know.
pub const JOURNAL_FORMAT: u32 = 2;

/// The first line: which form the others have, and who wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    #[serde(rename = "ringwalk_journal")]
    pub format: u32,
    pub program: String,
}

/// Every other line: what happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub at: Timestamp,
    pub event: StepEvent,
}

/// Where the chain of checksums stands after a line; it starts empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain(String);

// 64 bits: an accident, not an adversary, is what a journal must notice, and lines stay short for the eye.
const CHECK_BYTES: usize = 8;

const CHECK_KEY: &[u8] = b",\"check\":\"";

impl Chain {
    /// The line for `content`, with its newline; moves the chain on.
    pub fn seal(&mut self, content: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = serde_json::to_vec(content)?;
        let check = self.check(&line);
        let brace = line.pop();
        debug_assert_eq!(brace, Some(b'}'), "a line is an object");
        line.extend_from_slice(CHECK_KEY);
        line.extend_from_slice(check.as_bytes());
        line.extend_from_slice(b"\"}\n");
        self.0 = check;
        Ok(line)
    }

    /// The JSON of a line (without its newline) as it was sealed, or what is wrong with it; moves the chain on.
    pub fn open(&mut self, line: &[u8]) -> Result<Vec<u8>, String> {
        let (mut body, written) = split(line).ok_or("it is not a whole record")?;
        body.push(b'}');
        let check = self.check(&body);
        if written != check.as_bytes() {
            return Err("its checksum does not match: it was changed, or a line before it is missing".into());
        }
        self.0 = check;
        Ok(body)
    }

    fn check(&self, body: &[u8]) -> String {
        let digest = Sha256::new().chain_update(self.0.as_bytes()).chain_update(body).finalize();
        digest.iter().take(CHECK_BYTES).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// What stands before the checksum, and the checksum.
fn split(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let line = line.strip_suffix(b"\"}")?;
    let (head, check) = line.split_at_checked(line.len().checked_sub(CHECK_BYTES * 2)?)?;
    Some((head.strip_suffix(CHECK_KEY)?.to_vec(), check))
}
