//! What Cassandra's own log says about a node that did not come back.
//!
//! Texts: measured on 3.11, 4.0, 4.1 and 5.0 with bad stores, bad options and bad YAML.

use super::sudo;
use crate::formats::yaml::quoted_length;
use crate::transport::{Command, Host, HostError};
use std::collections::BTreeSet;
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

/// What the log says since the last start of Cassandra; nothing where there is none.
pub async fn since_start(host: &dyn Host, log_dir: &str) -> Result<Findings, HostError> {
    Ok(findings(&tail(host, log_dir).await?.unwrap_or_default()))
}

/// The records of refused reloads, each with its cause; a record begins with its time, so no two are alike. `None`: the log
/// is not there.
pub async fn failed_reloads(host: &dyn Host, log_dir: &str) -> Result<Option<BTreeSet<String>>, HostError> {
    Ok(tail(host, log_dir).await?.map(|tail| reload_failures(&tail)))
}

/// `SSLFactory.forceCheckCertFiles`, 4.1 and later.
const RELOAD_FAILED: &str = "Failed to hot reload the SSL Certificates";

fn reload_failures(tail: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = tail.lines().collect();
    let records = lines.iter().enumerate().filter(|(_, line)| line.contains(RELOAD_FAILED));
    let with_cause = |(at, line): (usize, &&str)| {
        let below = lines[at + 1..].iter().take_while(|line| !is_record(line) && !line.starts_with("ERROR"));
        let cause = below.filter(|line| line.starts_with("Caused by: ")).last();
        masked(&cut(&cause.map_or_else(|| line.to_string(), |cause| format!("{line} {cause}"))))
    };
    records.map(with_cause).collect()
}

async fn tail(host: &dyn Host, log_dir: &str) -> Result<Option<String>, HostError> {
    let arguments = [log_dir.to_owned(), TAIL_BYTES.to_string()];
    let command = Command::script("log", TEXT, arguments).deadline(DEADLINE).become_root();
    let output = host.run(&command).await?;
    if let Some(words) = sudo::refusal(&output) {
        return Err(HostError::Unusable { doing: "reading Cassandra's log".into(), problem: words });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.strip_prefix("log\n").map(str::to_owned))
}

/// Reads the end of a `system.log`.
pub fn findings(tail: &str) -> Findings {
    let matter = lines_that_matter(&lines_since_start(tail));
    let cause = matter.iter().rev().find_map(|line| known_cause(line));
    let mut lines: Vec<String> = Vec::new();
    for line in matter {
        let line = masked(&cut(line));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    Findings { cause, lines: lines.split_off(lines.len().saturating_sub(LINES)) }
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

fn lines_that_matter<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut matter = Vec::new();
    let mut quoted = 0_usize;
    for line in lines {
        let is_frame = line.trim_start().starts_with("at ") || line.trim_start().starts_with("... ");
        // Below a YAML error stands where it is: the place, the line of the file, and a caret.
        let is_yaml_error = line.contains("Invalid yaml") || line.contains("org.yaml.snakeyaml");
        quoted = if is_yaml_error { YAML_LINES } else { quoted.saturating_sub(1) };
        let is_quoted = quoted > 0 && !is_frame && !line.trim().is_empty() && !is_record(line);
        let is_exception = line.split(':').next().is_some_and(is_exception_class);
        let is_cause = line.starts_with("Caused by: ") || is_exception;
        if line.starts_with("ERROR") || is_cause || is_quoted || is_warning_about_tls(line) {
            matter.push(*line);
        }
    }
    matter
}

/// SnakeYAML's message has two places of up to four lines each.
const YAML_LINES: usize = 8;

fn is_warning_about_tls(line: &str) -> bool {
    line.starts_with("WARN") && ["SSL", "TLS", "ertificate", "eystore"].iter().any(|word| line.contains(word))
}

/// A new record of the log, not the rest of one.
fn is_record(line: &str) -> bool {
    ["INFO ", "WARN ", "DEBUG", "TRACE"].iter().any(|level| line.starts_with(level))
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
        rest = &value[end_of_value(value, blank, is_open(&shown))..];
    }
    shown + rest
}

/// Whether some bracket is not closed yet.
fn is_open(text: &str) -> bool {
    text.matches(['{', '[', '(']).count() > text.matches(['}', ']', ')']).count()
}

/// Where a value ends that begins at `from`: at its closing quote, else at a comment, and within brackets at a comma, a
/// brace or a semicolon, which elsewhere may belong to it.
fn end_of_value(text: &str, from: usize, in_brackets: bool) -> usize {
    let value = &text[from..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => Some(quoted_length(value, quote)),
        None => {
            let item = value.find([',', '}', ';']).filter(|_| in_brackets);
            [item, value.find(" #")].into_iter().flatten().min()
        }
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
        let port = port.trim_matches([':', ' ', '.']);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_reload_is_told_with_its_cause() {
        let tail = "INFO  [RMI TCP Connection(4)-127.0.0.1] 2026-01-01 10:00:00,100 SSLFactory.java:300 - SSL certificates \
                    have been updated for client_encryption_options. Resetting the ssl contexts for new connections.\n\
                    ERROR [RMI TCP Connection(5)-127.0.0.1] 2026-01-01 10:00:09,100 SSLFactory.java:310 - Failed to hot \
                    reload the SSL Certificates! Please check the certificate files for client_encryption_options.\n\
                    javax.net.ssl.SSLException: failed to build key manager store for secure connections\n\
                    \tat org.apache.cassandra.security.FileBasedSslContextFactory.buildKeyManagerFactory(F.java:1)\n\
                    Caused by: java.io.IOException: keystore password was incorrect\n\
                    INFO  [main] 2026-01-01 10:00:10,000 x.java:1 - y\n";
        let found: Vec<String> = reload_failures(tail).into_iter().collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("10:00:09,100"), "{found:?}");
        assert!(
            found[0].ends_with("Caused by: java.io.IOException: keystore password was incorrect"),
            "{found:?}"
        );
    }

    const START: &str = "INFO  [main] 2026-11-24 07:36:58,001 YamlConfigurationLoader.java:92 - Configuration location: file:/c.yaml\n";
    const ERROR: &str = "ERROR [main] 2026-11-24 07:36:59,674 CassandraDaemon.java:887 - Exception encountered during startup";

    #[test]
    fn a_known_cause_is_a_sentence() {
        let caused = |text: &str| {
            format!(
                "{START}{ERROR}\norg.x.ConfigurationException: Failed\n\tat a.b(C.java:1)\nCaused by: {text}\n\t... 5 common frames omitted\n"
            )
        };
        for (text, cause) in [
            ("java.io.IOException: keystore password was incorrect", "a store's password is wrong"),
            (
                "java.io.IOException: Keystore was tampered with, or password was incorrect",
                "a store's password is wrong",
            ),
            ("java.nio.file.NoSuchFileException: /etc/tls/k.p12", "the file /etc/tls/k.p12 is not there"),
            (
                "java.io.FileNotFoundException: /etc/tls/k (No such file or directory)",
                "the file /etc/tls/k is not there",
            ),
            ("java.io.FileNotFoundException: /etc/tls/k (Permission denied)", "it may not read /etc/tls/k"),
            ("java.nio.file.AccessDeniedException: /etc/tls/k.p12", "it may not read /etc/tls/k.p12"),
            (
                "x: Invalid yaml. Please remove properties [a, b] from your cassandra.yaml",
                "this version does not know a, b in cassandra.yaml",
            ),
            ("x: Invalid yaml: file:/c.yaml", "cassandra.yaml is no valid YAML"),
            (
                "java.security.UnrecoverableKeyException: Cannot recover key",
                "the key in the keystore has another password than the keystore",
            ),
            (
                "java.io.IOException: Invalid keystore format",
                "a store is not of the type that store_type says",
            ),
            ("java.io.IOException: toDerInputStream rejects tag type 45", "a store is no PKCS#12 file"),
            (
                "java.lang.IllegalStateException: Failed to bind port 9042 on 10.0.0.1.",
                "the address or port 9042 on 10.0.0.1 is in use or not this node's",
            ),
            (
                "java.net.BindException: Address already in use",
                "the address or port it needs is in use or not this node's",
            ),
        ] {
            let found = findings(&caused(text));
            assert_eq!(found.cause.as_deref(), Some(cause), "{text}");
            assert_eq!(
                found.lines,
                [ERROR, "org.x.ConfigurationException: Failed", &format!("Caused by: {text}")]
            );
        }
    }

    #[test]
    fn only_what_was_logged_since_the_last_start_counts() {
        let arguments = "INFO  [main] x - JVM Arguments: [-XX:+HeapDumpOnOutOfMemoryError]";
        let warning = "WARN  [main] x - Certificate for exp expired on 2020-01-01";
        for (tail, lines) in [
            (format!("{ERROR}\n{START}{arguments}\n{warning}\n"), vec![warning]),
            (format!("{START}{ERROR}\nINFO  [x] StorageService.java:1 - DRAINED\n"), vec![]),
            (format!("{ERROR}\n{arguments}\n{ERROR}\n"), vec![ERROR]),
            (String::new(), vec![]),
        ] {
            let found = findings(&tail);
            assert_eq!(
                (found.lines, found.cause),
                (lines.into_iter().map(String::from).collect(), None),
                "{tail}"
            );
        }
    }

    #[test]
    fn a_quoted_line_of_the_yaml_shows_no_password() {
        let tail = format!(
            "{START}{ERROR}: Invalid yaml: file:/c.yaml\n Error: while scanning; in 'reader', line 7, column 1:\n    \tkeystore_password: hunter2\n    ^\n"
        );
        let shown = findings(&tail).lines.join("\n");
        assert!(
            shown.contains("line 7, column 1") && shown.contains("keystore_password: [secret]"),
            "{shown}"
        );
        for (line, shown) in [
            ("keystore_password: 'a b' # x", "keystore_password: [secret] # x"),
            (
                "{keystore_password: x, truststore_password: \"y\"}",
                "{keystore_password: [secret], truststore_password: [secret]}",
            ),
            ("    keystore_password: x,y;z # w", "    keystore_password: [secret] # w"),
            ("-Djavax.net.ssl.keyStorePassword=x y", "-Djavax.net.ssl.keyStorePassword=[secret]"),
            ("keystore password was incorrect", "keystore password was incorrect"),
            ("\"password\": \"x\"", "\"password\": [secret]"),
            ("password:", "password:[secret]"),
            ("keystore_password: 'it''s secret' # x", "keystore_password: [secret] # x"),
            ("{keystore_password: \"a\\\"b\", x: 1}", "{keystore_password: [secret], x: 1}"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
