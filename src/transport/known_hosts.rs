//! Which key a host is known by: reads OpenSSH's known_hosts files and judges the key that a host shows.
//!
//! The format is that of sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. It is read here because russh's own reader accepts a
//! revoked key and takes a host with a key of another type on record for an unknown one (measured, russh 0.65.1).

use super::pattern;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use hmac::{Hmac, KeyInit, Mac};
use russh::keys::PublicKey;
use sha2::Digest;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The entries of some known_hosts files, in the order of the files.
#[derive(Debug, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
    /// The entries for each name that was asked for: a hashed file costs one HMAC a line, once a name.
    found: Mutex<HashMap<String, Arc<[usize]>>>,
    /// The lines that could not be understood and were left out, each with its file and number.
    pub warnings: Vec<String>,
}

/// What the files say about a key that a host showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Known,
    Unknown,
    /// Another key is on record. `recorded` has the types of all keys on record, the place is that of the one
    /// that a person has to look at: of the same type if there is one.
    Changed {
        file: PathBuf,
        line: usize,
        recorded: Vec<String>,
    },
    Revoked {
        file: PathBuf,
        line: usize,
    },
    /// No key is on record, but these authorities may vouch for the host with a certificate.
    CertificateAuthority(Vec<HostKey>),
}

/// What the files say about a certificate that a host showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfCertificate {
    /// Its authority is on record for the host.
    Vouched,
    /// Its authority is not: the key in it has to be known by itself.
    ByItsKey,
    /// The authority's key or the host's own.
    Revoked { key: HostKey, file: PathBuf, line: usize },
}

/// A public key in the SSH wire format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    blob: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Entry {
    file: PathBuf,
    line: usize,
    marker: Marker,
    hosts: Hosts,
    key: HostKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    None,
    CertificateAuthority,
    Revoked,
}

#[derive(Clone, Debug)]
enum Hosts {
    Patterns(Vec<String>),
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

impl KnownHosts {
    /// Reads the files in order. A file that is missing is empty; one that cannot be read is an error.
    pub fn read(
        files: &[PathBuf],
        read_file: impl Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<KnownHosts, (PathBuf, io::Error)> {
        let mut known = KnownHosts::default();
        for file in files {
            match read_file(file) {
                Ok(bytes) => known.add(file, &String::from_utf8_lossy(&bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err((file.clone(), error)),
            }
        }
        Ok(known)
    }

    /// Adds the entries of one file's text.
    pub fn add(&mut self, file: &Path, text: &str) {
        self.found.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match entry(file, index + 1, line) {
                Ok(entry) => self.entries.push(entry),
                Err(problem) => {
                    self.warnings.push(format!("{}:{}: {problem}; skipped", file.display(), index + 1));
                }
            }
        }
    }

    /// Judges a bare key that `host` showed on `port`.
    ///
    /// As in OpenSSH, a host on a port other than 22 is looked up as `[host]:port`; if nothing at all is on record
    /// under that name, the key is also good if it is the one of plain `host`.
    pub fn judge(&self, host: &str, port: u16, key: &HostKey) -> Verdict {
        let name = lookup_name(host, port);
        match self.judge_name(&name, key) {
            Verdict::Unknown if port != DEFAULT_PORT => {
                match self.judge_name(&lookup_name(host, DEFAULT_PORT), key) {
                    Verdict::Unknown | Verdict::Changed { .. } => Verdict::Unknown,
                    verdict @ (Verdict::Known | Verdict::Revoked { .. }) => verdict,
                    vouched @ Verdict::CertificateAuthority(_) => vouched,
                }
            }
            verdict => verdict,
        }
    }

    /// Judges a certificate that `authority` signed over `key`: under `[host]:port`, and if no authority there is its
    /// own, under plain `host` (sshconnect.c, check_host_key).
    pub fn judge_certificate(
        &self,
        host: &str,
        port: u16,
        authority: &HostKey,
        key: &HostKey,
    ) -> OfCertificate {
        for name in names(host, port) {
            let is_either = |entry: &&Entry| entry.key == *authority || entry.key == *key;
            if let Some(Entry { key, file, line, .. }) = self.matching(&name, Marker::Revoked).find(is_either)
            {
                return OfCertificate::Revoked { key: key.clone(), file: file.clone(), line: *line };
            }
            if self.matching(&name, Marker::CertificateAuthority).any(|entry| entry.key == *authority) {
                return OfCertificate::Vouched;
            }
        }
        OfCertificate::ByItsKey
    }

    /// Whether `host` may show a certificate: some authority is on record for it.
    pub fn has_authority(&self, host: &str, port: u16) -> bool {
        names(host, port).any(|name| self.matching(&name, Marker::CertificateAuthority).next().is_some())
    }

    /// The key types on record for a host, in order: the ones to ask it for.
    pub fn types_on_record(&self, host: &str, port: u16) -> Vec<String> {
        let types = self.types(&lookup_name(host, port));
        if types.is_empty() { self.types(&lookup_name(host, DEFAULT_PORT)) } else { types }
    }

    fn judge_name(&self, name: &str, key: &HostKey) -> Verdict {
        if let Some(entry) = self.matching(name, Marker::Revoked).find(|entry| entry.key == *key) {
            return Verdict::Revoked { file: entry.file.clone(), line: entry.line };
        }
        let recorded: Vec<&Entry> = self.matching(name, Marker::None).collect();
        if recorded.iter().any(|entry| entry.key == *key) {
            return Verdict::Known;
        }
        let same_type = recorded.iter().find(|entry| entry.key.kind() == key.kind());
        if let Some(entry) = same_type.or(recorded.first()) {
            let (file, line) = (entry.file.clone(), entry.line);
            return Verdict::Changed { file, line, recorded: self.types(name) };
        }
        let authorities: Vec<HostKey> =
            self.matching(name, Marker::CertificateAuthority).map(|entry| entry.key.clone()).collect();
        if authorities.is_empty() { Verdict::Unknown } else { Verdict::CertificateAuthority(authorities) }
    }

    fn matching(&self, name: &str, marker: Marker) -> impl Iterator<Item = &Entry> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let for_name = found.entry(name.to_owned()).or_insert_with(|| {
            let indices = self.entries.iter().enumerate().filter(|(_, entry)| entry.hosts.matches(name));
            indices.map(|(index, _)| index).collect()
        });
        let indices = for_name.clone();
        let entries = (0..indices.len()).map(move |position| &self.entries[indices[position]]);
        entries.filter(move |entry| entry.marker == marker)
    }

    fn types(&self, name: &str) -> Vec<String> {
        let mut types: Vec<String> = Vec::new();
        for entry in self.matching(name, Marker::None) {
            if !types.iter().any(|kind| kind == entry.key.kind()) {
                types.push(entry.key.kind().to_owned());
            }
        }
        types
    }
}

/// The line that records a host's key, with its line feed.
pub fn line_for(host: &str, port: u16, key: &HostKey) -> String {
    format!("{} {} {}\n", lookup_name(host, port), key.kind(), BASE64_STANDARD.encode(&key.blob))
}

/// The port that known_hosts leaves out of a host's name.
pub const DEFAULT_PORT: u16 = 22;

/// The name that a host has in known_hosts: `host`, or `[host]:port` if the port is not 22.
pub fn lookup_name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == DEFAULT_PORT { host } else { format!("[{host}]:{port}") }
}

/// The names that a host is looked up by, one after the other.
fn names(host: &str, port: u16) -> impl Iterator<Item = String> {
    let plain = (port != DEFAULT_PORT).then(|| lookup_name(host, DEFAULT_PORT));
    std::iter::once(lookup_name(host, port)).chain(plain)
}

impl HostKey {
    /// Takes a key in the wire format: a length and the type's name come first.
    pub fn from_blob(blob: Vec<u8>) -> Option<HostKey> {
        let length = u32::from_be_bytes(blob.get(..4)?.try_into().ok()?) as usize;
        let kind = blob.get(4..length.checked_add(4)?)?;
        let plausible = !kind.is_empty() && kind.iter().all(u8::is_ascii_graphic);
        (plausible && blob.len() > length + 4).then_some(HostKey { blob })
    }

    /// The type's name, such as `ssh-ed25519`.
    pub fn kind(&self) -> &str {
        let length = u32::from_be_bytes([self.blob[0], self.blob[1], self.blob[2], self.blob[3]]) as usize;
        std::str::from_utf8(&self.blob[4..4 + length]).unwrap_or("unknown")
    }

    /// The fingerprint as OpenSSH shows it, `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(sha2::Sha256::digest(&self.blob)))
    }
}

impl Hosts {
    fn matches(&self, name: &str) -> bool {
        match self {
            Hosts::Patterns(patterns) => pattern::matches_list(name, patterns.iter().map(String::as_str)),
            Hosts::Hashed { salt, hash } => match Hmac::<sha1::Sha1>::new_from_slice(salt) {
                Ok(mac) => mac.chain_update(name.as_bytes()).verify_slice(hash).is_ok(),
                Err(_) => false,
            },
        }
    }
}

/// The types that russh decodes. Others (DSA, types of the future) are compared byte for byte all the same.
const DECODABLE: [&str; 3] = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp"];

fn entry(file: &Path, line: usize, text: &str) -> Result<Entry, String> {
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let mut first = words.next().unwrap_or_default();
    let mut marker = Marker::None;
    if first.starts_with('@') {
        marker = match first {
            "@revoked" => Marker::Revoked,
            "@cert-authority" => Marker::CertificateAuthority,
            other => return Err(format!("unknown marker {other}")),
        };
        first = words.next().ok_or("no host after the marker")?;
    }
    let kind = words.next().ok_or("no key type")?;
    let encoded = words.next().ok_or("no key")?;
    let blob = BASE64_STANDARD.decode(encoded).map_err(|_| "the key is not base64")?;
    let key = HostKey::from_blob(blob).ok_or("the key is damaged")?;
    if key.kind() != kind {
        return Err(format!("the key is of type {}, not {kind}", key.kind()));
    }
    if DECODABLE.iter().any(|prefix| kind.starts_with(prefix)) && PublicKey::from_bytes(&key.blob).is_err() {
        return Err("the key is damaged".into());
    }
    Ok(Entry { file: file.to_owned(), line, marker, hosts: hosts(first)?, key })
}

fn hosts(word: &str) -> Result<Hosts, String> {
    let Some(hashed) = word.strip_prefix("|1|") else {
        return Ok(Hosts::Patterns(word.to_lowercase().split(',').map(str::to_owned).collect()));
    };
    let (salt, hash) = hashed.split_once('|').ok_or("the hashed name is damaged")?;
    let decode = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| "the hashed name is damaged");
    Ok(Hosts::Hashed { salt: decode(salt)?, hash: decode(hash)? })
}
