//! A value that cannot be printed or serialized, and the sources it may come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use zeroize::Zeroizing;

/// A secret text. `Debug` shows `[secret]`; there is no `Display` and no `Serialize`; memory is zeroed on drop
/// (what it passed through before is wiped by `memory::Wiping`).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// Whether it is a key or certificate in PEM, which has several lines; a password has one.
    pub fn is_pem(&self) -> bool {
        self.0.lines().any(|line| line.starts_with("-----BEGIN "))
    }

    /// The secret itself. Callers hand it to a parser, a cipher or a command's stdin, never to a message.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where a secret comes from, as the operator's files name it; the secret itself is never in them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum SecretSource {
    /// `env:NAME`, a variable of ringwalk's environment.
    Env(String),
    /// `file:PATH`, the first line of a file beside the operator; all of it, but for line feeds at its end, if it is PEM.
    File(PathBuf),
    /// `command:…`, what a shell command prints, of which the same counts.
    Command(String),
    /// `prompt:`, asked for on the terminal.
    Prompt,
}

/// Why a text names no source. It never repeats the text, which may be the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSource {
    #[error("a secret must not be written here")]
    Clear,
    #[error("`{0}` is not followed by {1}")]
    Incomplete(&'static str, &'static str),
    #[error("`env:` is followed by something that cannot be the name of a variable")]
    Variable,
    #[error("`prompt:` is followed by something")]
    Prompt,
}

/// The way out of every `NoSource`.
pub const SOURCES: &str = "name where it comes from: `env:NAME`, `file:PATH`, `command:…` or `prompt:`";

impl FromStr for SecretSource {
    type Err = NoSource;

    fn from_str(text: &str) -> Result<SecretSource, NoSource> {
        let (scheme, rest) = text.split_once(':').ok_or(NoSource::Clear)?;
        let rest = rest.trim();
        match scheme {
            "env" if rest.is_empty() => Err(NoSource::Incomplete("env:", "the name of a variable")),
            "env" if !is_variable(rest) => Err(NoSource::Variable),
            "env" => Ok(SecretSource::Env(rest.to_owned())),
            "file" if rest.is_empty() => Err(NoSource::Incomplete("file:", "a path")),
            "file" => Ok(SecretSource::File(PathBuf::from(rest))),
            "command" if rest.is_empty() => Err(NoSource::Incomplete("command:", "a command")),
            "command" => Ok(SecretSource::Command(rest.to_owned())),
            "prompt" if rest.is_empty() => Ok(SecretSource::Prompt),
            "prompt" => Err(NoSource::Prompt),
            _ => Err(NoSource::Clear),
        }
    }
}

fn is_variable(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts_well && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Env(name) => write!(f, "env:{name}"),
            SecretSource::File(path) => write!(f, "file:{}", path.display()),
            SecretSource::Command(command) => write!(f, "command:{command}"),
            SecretSource::Prompt => f.write_str("prompt:"),
        }
    }
}

impl TryFrom<String> for SecretSource {
    type Error = NoSource;

    fn try_from(text: String) -> Result<SecretSource, NoSource> {
        text.parse()
    }
}

impl From<SecretSource> for String {
    fn from(source: SecretSource) -> String {
        source.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_shown_as_it_was_written() {
        for text in ["env:KEYSTORE_PASSWORD", "file:secrets/ks", "command:pass show ks | head -1", "prompt:"]
        {
            let source: SecretSource = text.parse().expect("a source");
            assert_eq!(source.to_string(), text);
            let json = serde_json::to_string(&source).expect("json");
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<SecretSource>(&json).expect("read back"), source);
        }
    }

    #[test]
    fn what_names_no_source_is_refused_without_repeating_it() {
        let cases = [
            "hunter2",
            "",
            "env:",
            "env:hunter 2",
            "env:2hunter",
            "file: ",
            "command:",
            "prompt:hunter2",
            "ENV:HUNTER",
            "vault:hunter2",
        ];
        for text in cases {
            let error = text.parse::<SecretSource>().expect_err(text);
            assert!(!error.to_string().to_lowercase().contains("hunter"), "{text}: {error}");
        }
    }

    #[test]
    fn a_secret_is_not_in_its_debug_text() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[secret]");
    }
}
