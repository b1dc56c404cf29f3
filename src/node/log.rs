//! What Cassandra's own log says about a node that did not come back.
//!
//! Texts: measured on 3.11, 4.0, 4.1 and 5.0 with bad stores, bad options and bad YAML.

use super::sudo;
use crate::transport::{Command, Host, HostError};
use std::time::Duration;

const TEXT: &str = include_str!("scripts/log.sh");
const DEADLINE: Duration = Duration::from_secs(15);

/// A start logs some 200 KiB, most of it the configuration and the class path; a failing one less.
const TAIL_BYTES: usize = 512 << 10;

/// As many lines as a person reads below an error.
const LINES: usize = 12;
/// A stack trace's first line may carry a whole configuration.
const LINE_CHARACTERS: usize = 300;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// One sentence, where the cause is a known one.
    pub cause: Option<String>,
    /// The last lines that matter, passwords masked.
    pub lines: Vec<String>,
}

/// What the log says since the last start of Cassandra.
pub async fn since_start(host: &dyn Host, log_dir: &str) -> Result<Findings, HostError> {
    let arguments = [log_dir.to_owned(), TAIL_BYTES.to_string()];
    let command = Command::script("log", TEXT, arguments).deadline(DEADLINE).become_root();
    let output = host.run(&command).await?;
    if let Some(words) = sudo::refusal(&output) {
        return Err(HostError::Unusable { doing: "reading Cassandra's log".into(), problem: words });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(findings(text.strip_prefix("log\n").unwrap_or_default()))
}

/// Reads the end of a `system.log`.
pub fn findings(tail: &str) -> Findings {
    let lines = lines_since_start(tail);
    let causes = || lines.iter().rev().filter_map(|line| known_cause(line));
    // The last `Caused by` is the root, unless a line below it is only about what was shut down thereafter.
    Findings { cause: causes().next(), lines: lines_that_matter(&lines) }
}

/// The lines after the last start. A node that logged its end after that has not begun to log anew.
fn lines_since_start(tail: &str) -> Vec<&str> {
    const STARTS: &str = "Configuration location: ";
    const ENDS: [&str; 2] = [" - DRAINED", "Cassandra shutdown complete"];
    let lines: Vec<&str> = tail.lines().collect();
    let last =
        lines.iter().rposition(|line| line.contains(STARTS) || ENDS.iter().any(|end| line.ends_with(end)));
    match last {
        Some(at) => lines[at + 1..].to_vec(),
        None => lines,
    }
}

fn lines_that_matter(lines: &[&str]) -> Vec<String> {
    let mut matter: Vec<String> = Vec::new();
    let mut quoted = 0_usize;
    for line in lines {
        let is_cause = line.starts_with("Caused by: ") || line.contains("encountered during startup");
        // Below a YAML error stands where it is: the place, the line of the file, and a caret.
        quoted = if line.contains("Invalid yaml") || line.contains("org.yaml.snakeyaml") {
            8
        } else {
            quoted.saturating_sub(1)
        };
        let is_quoted = quoted > 0 && !line.trim_start().starts_with("at ") && !line.trim().is_empty();
        let is_warning = line.starts_with("WARN")
            && ["SSL", "TLS", "ertificate", "eystore"].iter().any(|word| line.contains(word));
        let is_exception =
            !line.starts_with(char::is_whitespace) && line.split(':').next().is_some_and(is_exception_class);
        if line.starts_with("ERROR") || is_cause || is_warning || is_exception || is_quoted {
            let line = masked(&cut(line));
            if !matter.contains(&line) {
                matter.push(line);
            }
        }
    }
    matter.split_off(matter.len().saturating_sub(LINES))
}

fn is_exception_class(word: &str) -> bool {
    !word.contains(' ') && word.contains('.') && (word.ends_with("Exception") || word.ends_with("Error"))
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The line with the value of every password in it hidden. A log quotes lines of `cassandra.yaml` (measured).
pub fn masked(line: &str) -> String {
    const SECRET: &str = "[secret]";
    let mut shown = String::new();
    let mut rest = line;
    while let Some(at) = rest.to_ascii_lowercase().find("password") {
        let after_word = at + "password".len();
        let value = rest[after_word..].trim_start_matches(['"', '\'']);
        let Some(value) = value.strip_prefix([':', '=']) else {
            shown.push_str(&rest[..after_word]);
            rest = &rest[after_word..];
            continue;
        };
        shown.push_str(&rest[..rest.len() - value.len()]);
        let blank = value.len() - value.trim_start().len();
        shown.push_str(&value[..blank]);
        shown.push_str(SECRET);
        rest = &value[end_of_value(value, blank)..];
    }
    shown + rest
}

/// Where a value ends that begins at `from`: at its closing quote, else at a comma, a brace, a semicolon or a comment.
fn end_of_value(text: &str, from: usize) -> usize {
    let value = &text[from..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => value[1..].find(quote).map(|at| at + 2),
        None => [value.find([',', '}', ';']), value.find(" #")].into_iter().flatten().min(),
    };
    from + end.unwrap_or(value.len())
}

/// What a line says went wrong, as a sentence.
fn known_cause(line: &str) -> Option<String> {
    let has = |text: &str| line.contains(text);
    let after = |text: &str| line.split_once(text).map(|(_, rest)| rest.trim());
    if has("keystore password was incorrect") || has("Keystore was tampered with, or password was incorrect")
    {
        return Some("a store's password is wrong".into());
    }
    if let Some(path) = after("NoSuchFileException: ").or_else(|| after("FileNotFoundException: ")) {
        let path = path.split(" (").next().unwrap_or(path);
        return Some(match has("Permission denied") {
            true => format!("it may not read {path}"),
            false => format!("the file {path} is not there"),
        });
    }
    if let Some(path) = after("AccessDeniedException: ") {
        return Some(format!("it may not read {path}"));
    }
    if let Some(rest) = after("Please remove properties [") {
        let keys = rest.split(']').next().unwrap_or(rest);
        return Some(format!("this version does not know {keys} in cassandra.yaml"));
    }
    if has("Invalid yaml") {
        return Some("cassandra.yaml is no valid YAML".into());
    }
    if let Some(port) = after("Failed to bind port ").or_else(|| after("Address already in use")) {
        let port = port.trim_start_matches([':', ' ']);
        let port = if port.is_empty() { "it needs" } else { port };
        return Some(format!("the address or port {port} is in use or not this node's"));
    }
    simple_cause(line).map(Into::into)
}

/// Texts that always mean the same.
fn simple_cause(line: &str) -> Option<&'static str> {
    const CAUSES: [(&str, &str); 12] = [
        ("Cannot recover key", "the key in the keystore has another password than the keystore"),
        ("'keystore_password' must be specified", "the keystore has no password in cassandra.yaml"),
        ("Invalid keystore format", "a store is not of the type that store_type says"),
        ("toDerInputStream rejects tag type", "a store is no PKCS#12 file"),
        ("EOFException", "a store is empty or cut off"),
        ("No ciphers left after filtering", "none of the cipher suites is supported by this JVM"),
        (
            "Encryption must be enabled in client_encryption_options for native_transport_port_ssl",
            "native_transport_port_ssl is set, but encryption is off",
        ),
        (
            "EncryptionOptions.applyConfig must be called first",
            "`enabled` or `optional` is neither true nor false",
        ),
        ("Could not reserve enough space", "there is not enough memory for its heap"),
        ("OutOfMemoryError", "it ran out of memory"),
        ("No space left on device", "the disk is full"),
        ("Read-only file system", "the file system is mounted read-only"),
    ];
    CAUSES.iter().find(|(text, _)| line.contains(text)).map(|(_, cause)| *cause)
}
