//! nodetool on a node: the command that calls it, what its answers mean, and what its refusals mean.

pub mod output;

use crate::secret::Secret;
use crate::transport::{Command, Output, Privilege, Stdin};
use std::time::Duration;
use zeroize::Zeroizing;

/// How nodetool is called on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodetool {
    pub path: String,
    /// The JMX port; nodetool's own default where it is not given.
    pub port: Option<u16>,
    pub username: Option<String>,
    /// nodetool ends it at the first blank.
    pub password: Option<Secret>,
}

impl Nodetool {
    /// Who logs in to JMX, where both halves are known.
    pub fn login(&self) -> Option<(&str, &Secret)> {
        self.username.as_deref().zip(self.password.as_ref())
    }
}

/// A JVM starts for every call: about a second, three under load (measured), and a drain of a busy node far longer;
/// this is for a question. Who drains sets the command's deadline.
const DEADLINE: Duration = Duration::from_secs(60);

/// nodetool reads a password from a file whose lines are `username password`. The file exists while nodetool runs.
const WITH_PASSWORD_FILE: &str = r#"umask 077
file=$(mktemp) || exit 70
trap 'rm -f "$file"' EXIT
trap 'exit 143' HUP INT TERM
cat > "$file" || exit 70
tool=$1
shift
"$tool" -pwf "$file" "$@""#;

/// The command that calls nodetool with these arguments, as root where the inventory becomes root: the directory of
/// the configuration, which the script reads, is often closed to others. A password goes in by stdin.
pub fn command(tool: &Nodetool, arguments: &[&str]) -> Command {
    let mut options: Vec<String> = Vec::new();
    if let Some(port) = tool.port {
        options.extend(["-p".into(), port.to_string()]);
    }
    if let Some(username) = &tool.username {
        options.extend(["-u".into(), username.clone()]);
    }
    options.extend(arguments.iter().map(|argument| argument.to_string()));
    let (before, stdin) = match tool.login() {
        Some((username, password)) => {
            let line = Zeroizing::new(format!("{username} {}\n", password.expose()).into_bytes());
            (vec!["sh", "-c", WITH_PASSWORD_FILE, "nodetool", &tool.path], Some(Stdin(line)))
        }
        None => (vec![tool.path.as_str()], None),
    };
    let argv = before.into_iter().map(String::from).chain(options).collect();
    Command { argv, stdin, deadline: DEADLINE, privilege: Privilege::Become }
}

/// What nodetool said, or why it said nothing useful.
pub fn answer(output: &Output) -> Result<String, NodetoolError> {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.code == 0 { Ok(stdout) } else { Err(refusal(output.code, &stdout, &stderr)) }
}

/// Why nodetool did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodetoolError {
    #[error("nodetool cannot connect to JMX at {address}: {cause}")]
    CannotConnect { address: String, cause: String },
    #[error("JMX demands a username and a password")]
    CredentialsRequired,
    #[error("JMX refused the username or the password")]
    BadCredentials,
    #[error("Cassandra is still starting")]
    Starting,
    #[error("this nodetool does not know `{command}`")]
    UnknownCommand { command: String },
    #[error("keyspace `{keyspace}` does not exist")]
    UnknownKeyspace { keyspace: String },
    #[error("keyspace `{keyspace}` is local to each node and has no ring")]
    NoRing { keyspace: String },
    #[error("the node is drained: only a restart makes it serve again")]
    Drained,
    #[error("nodetool cannot be run: {text}")]
    NotFound { text: String },
    #[error("nodetool finds no java")]
    NoJava,
    #[error("this nodetool cannot work with the node's newer Java (CASSANDRA-17581)")]
    JavaTooNew,
    #[error("nodetool failed with exit code {code}: {text}")]
    Failed { code: i32, text: String },
    #[error("cannot read the output of `nodetool {command}`: {problem}")]
    Unreadable { command: &'static str, problem: String },
}

impl NodetoolError {
    /// With its way out, as a part of a sentence.
    pub fn in_full(&self) -> String {
        match self.help() {
            Some(help) => format!("{self} ({help})"),
            None => self.to_string(),
        }
    }

    /// What the operator can do about it, where there is something.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            NodetoolError::CannotConnect { .. } => Some(
                "is Cassandra running, and is this its JMX port? set `cassandra.jmx.port` in the inventory",
            ),
            NodetoolError::CredentialsRequired | NodetoolError::BadCredentials => {
                Some("set `cassandra.jmx: { username, password }` in the inventory")
            }
            NodetoolError::NotFound { .. } => {
                Some("set `cassandra.nodetool` in the inventory to the path that it has there")
            }
            NodetoolError::NoJava => Some("set JAVA_HOME for root on the node, or in its cassandra.in.sh"),
            NodetoolError::JavaTooNew => Some(
                "update Cassandra to 3.0.27, 3.11.13 or 4.0.4, or set `JVM_OPTS=-Dcom.sun.jndi.rmiURLParsing=legacy`",
            ),
            NodetoolError::Starting
            | NodetoolError::UnknownCommand { .. }
            | NodetoolError::UnknownKeyspace { .. }
            | NodetoolError::NoRing { .. }
            | NodetoolError::Drained
            | NodetoolError::Failed { .. }
            | NodetoolError::Unreadable { .. } => None,
        }
    }
}

fn refusal(code: i32, stdout: &str, stderr: &str) -> NodetoolError {
    let text = format!("{stderr}\n{stdout}");
    let has = |part: &str| text.contains(part);
    if has("Malformed IPv6 address at index 7: rmi") {
        NodetoolError::JavaTooNew
    } else if has("Credentials required") {
        NodetoolError::CredentialsRequired
    } else if has("Invalid username or password") || has("Authentication failed") {
        NodetoolError::BadCredentials
    } else if let Some((address, cause)) = cannot_connect(&text) {
        NodetoolError::CannotConnect { address, cause }
    } else if has("Server is not initialized yet") {
        NodetoolError::Starting
    } else if has("because the node was drained") || has("event executor terminated") {
        NodetoolError::Drained
    } else if let Some(command) = between(&text, "Found unexpected parameters: [", "]") {
        NodetoolError::UnknownCommand { command }
    } else if let Some(keyspace) = between(&text, "No such keyspace: ", "\n") {
        NodetoolError::UnknownKeyspace { keyspace }
    } else if let Some(keyspace) = between(&text, "The keyspace ", ", does not exist") {
        NodetoolError::UnknownKeyspace { keyspace }
    } else if let Some(keyspace) = between(&text, "There is no ring for the keyspace: ", "\n") {
        NodetoolError::NoRing { keyspace }
    } else if has("Unable to find java executable") {
        NodetoolError::NoJava
    } else if code == 127 {
        NodetoolError::NotFound { text: first_line(&text) }
    } else {
        NodetoolError::Failed { code, text: first_line(&text) }
    }
}

/// `nodetool: Failed to connect to '127.0.0.1:7199' - ConnectException: 'Connection refused'.`
fn cannot_connect(text: &str) -> Option<(String, String)> {
    let address = between(text, "Failed to connect to '", "'")?;
    let cause = between(text, "' - ", "\n").unwrap_or_default();
    Some((address, cause.trim_end_matches('.').into()))
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0.trim().to_string())
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing").to_string()
}
