//! What `~/.ssh/config` says about a host: the common part of ssh_config(5), proved equal to `ssh -G`.
//!
//! A file is parsed once and then asked about any number of hosts. What cannot be honoured and would change where a
//! connection goes or whom it trusts (`ProxyCommand`, `RevokedHostKeys`, `Match exec`, `Match final`) is refused in words,
//! if it would apply to the host.

mod lines;
mod tokens;
mod values;

pub use lines::Files;

use super::pattern::matches_list;
use lines::Line;
use std::collections::HashMap;
use std::iter;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokens::Tokens;

/// A parsed file with all that it includes.
#[derive(Clone, Debug, Default)]
pub struct SshConfig {
    lines: Vec<Line>,
}

/// Who runs this process and where their home is: what `~`, `%d`, `%u`, `%i` and `Match localuser` mean.
#[derive(Clone, Debug)]
pub struct Environment {
    pub home: PathBuf,
    pub user: String,
    pub user_id: u32,
}

/// A host, and what is already decided about it, as on ssh's command line: it wins over the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    pub host: &'a str,
    pub user: Option<&'a str>,
    pub port: Option<u16>,
    pub jump: Option<&'a str>,
}

/// All there is to know about how to reach a host, with defaults filled in and tokens expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub host_name: String,
    pub user: String,
    pub port: u16,
    /// Empty if the file names none: then the default keys are tried.
    pub identity_files: Vec<PathBuf>,
    pub identities_only: bool,
    pub certificate_files: Vec<PathBuf>,
    pub identity_agent: IdentityAgent,
    /// `[user@]host[:port]`, separated by commas; the last one is next to the host.
    pub jump: Option<String>,
    pub user_known_hosts: Vec<PathBuf>,
    pub global_known_hosts: Vec<PathBuf>,
    /// The name that the host has in known_hosts, if it is not its own.
    pub host_key_alias: Option<String>,
    pub strict_host_keys: StrictHostKeys,
    pub connect_timeout: Option<Duration>,
}

/// Where the agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityAgent {
    /// At the socket that `SSH_AUTH_SOCK` names.
    Environment,
    None,
    Socket(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrictHostKeys {
    Yes,
    Ask,
    AcceptNew,
    No,
}

/// A line that is wrong or that cannot be honoured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {problem}", file.display())]
pub struct ConfigError {
    pub file: PathBuf,
    pub line: usize,
    pub problem: String,
}

impl ConfigError {
    fn at(file: &Path, line: usize, problem: String) -> ConfigError {
        ConfigError { file: file.to_owned(), line, problem }
    }

    fn in_line(line: &Line, problem: impl Into<String>) -> ConfigError {
        ConfigError::at(&line.file, line.number, problem.into())
    }
}

impl SshConfig {
    /// Parses `text`, the content of `file`, and what it includes.
    pub fn parse(
        file: &Path,
        text: &str,
        files: &Files<'_>,
        environment: &Environment,
    ) -> Result<SshConfig, ConfigError> {
        Ok(SshConfig { lines: lines::parse(file, text, files, environment, 0)? })
    }

    /// Says how to reach a host.
    pub fn resolve(&self, request: &Request<'_>, environment: &Environment) -> Result<Resolved, ConfigError> {
        let mut found = Found { request: *request, environment, first: HashMap::new(), lists: Vec::new() };
        found.walk(&self.lines, true)?;
        found.resolved()
    }
}

/// The keywords of which the first value wins; all that are not named here or in `LISTS` are ignored.
const SINGLE: [&str; 13] = [
    "hostname",
    "user",
    "port",
    "identitiesonly",
    "identityagent",
    "proxyjump",
    "proxycommand",
    "userknownhostsfile",
    "globalknownhostsfile",
    "hostkeyalias",
    "revokedhostkeys",
    "stricthostkeychecking",
    "connecttimeout",
];
/// The keywords whose values add up.
const LISTS: [&str; 2] = ["identityfile", "certificatefile"];

/// What would have to be honoured, and the way out, unless the value is `none`.
const UNSUPPORTED: [(&str, &str); 2] = [
    ("proxycommand", "ProxyCommand is not supported; use ProxyJump, or `jump` in the inventory"),
    (
        "revokedhostkeys",
        "RevokedHostKeys is not supported; put the keys into known_hosts as lines of `@revoked * KEY`",
    ),
];

/// The lines that apply to one host.
struct Found<'a> {
    request: Request<'a>,
    environment: &'a Environment,
    first: HashMap<&'a str, &'a Line>,
    lists: Vec<&'a Line>,
}

impl<'a> Found<'a> {
    /// Walks a file's lines; a block's condition ends with the file, an included file stays within its block.
    fn walk(&mut self, lines: &'a [Line], enclosing: bool) -> Result<(), ConfigError> {
        let mut active = enclosing;
        for line in lines {
            match line.keyword.as_str() {
                "host" => active = enclosing && self.host_line_matches(line),
                "match" => active = enclosing && self.match_line_matches(line)?,
                "include" => {
                    for file in &line.included {
                        self.walk(file, active)?;
                    }
                }
                keyword if active && LISTS.contains(&keyword) => self.lists.push(line),
                keyword if active && SINGLE.contains(&keyword) => self.take(line),
                _ => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, line: &'a Line) {
        let decided = match line.keyword.as_str() {
            "user" => self.request.user.is_some(),
            "port" => self.request.port.is_some(),
            // Whichever of the two comes first wins (ssh_config(5), ProxyJump).
            "proxyjump" => self.request.jump.is_some() || self.first.contains_key("proxycommand"),
            "proxycommand" => self.request.jump.is_some() || self.first.contains_key("proxyjump"),
            // `none` is the same as no line at all, so a later one counts (measured, OpenSSH 9.2).
            "connecttimeout" => line.words.first().is_some_and(|word| word.eq_ignore_ascii_case("none")),
            _ => false,
        };
        if !decided {
            self.first.entry(line.keyword.as_str()).or_insert(line);
        }
    }

    fn host_line_matches(&self, line: &Line) -> bool {
        matches_list(self.request.host, line.words.iter().map(String::as_str))
    }

    /// Evaluates a `Match` line from left to right; what comes after a criterion that fails is not looked at.
    fn match_line_matches(&self, line: &Line) -> Result<bool, ConfigError> {
        if line.words.is_empty() {
            return Err(ConfigError::in_line(line, "`Match` has no criterion"));
        }
        let mut words = line.words.iter().map(String::as_str).filter(|word| !word.is_empty());
        let mut result = true;
        while let Some(word) = words.next() {
            // `host=web`, `host = web` and `host web` are the same; a value may hold a `=` of its own.
            let (name, given) = word.split_once('=').unwrap_or((word, ""));
            let (negated, criterion) = match name.strip_prefix('!') {
                Some(criterion) => (true, criterion.to_lowercase()),
                None => (false, name.to_lowercase()),
            };
            let holds = match criterion.as_str() {
                "all" => true,
                "final" | "canonical" if !result => false,
                "final" | "canonical" => {
                    return Err(ConfigError::in_line(line, format!("`Match {criterion}` is not supported")));
                }
                _ => {
                    let missing = || ConfigError::in_line(line, format!("`Match {criterion}` has no value"));
                    let after = words.by_ref().map(|word| word.strip_prefix('=').unwrap_or(word));
                    let mut values = iter::once(given).chain(after).filter(|value| !value.is_empty());
                    let value = values.next().ok_or_else(missing)?;
                    if !result {
                        continue;
                    }
                    self.criterion_holds(line, &criterion, value)?
                }
            };
            result &= holds != negated;
        }
        Ok(result)
    }

    fn criterion_holds(&self, line: &Line, criterion: &str, value: &str) -> Result<bool, ConfigError> {
        let list = |text: &str| matches_list(text, value.split(','));
        match criterion {
            "host" => {
                let host = self.host_name().map_err(|problem| ConfigError::in_line(line, problem))?;
                Ok(matches_list(&host.to_lowercase(), value.to_lowercase().split(',')))
            }
            "originalhost" => {
                let original = self.request.host.to_lowercase();
                Ok(matches_list(&original, value.to_lowercase().split(',')))
            }
            "user" => Ok(list(&self.user())),
            "localuser" => Ok(list(&self.environment.user)),
            other => Err(ConfigError::in_line(line, format!("`Match {other}` is not supported"))),
        }
    }

    fn value(&self, keyword: &str) -> Option<&'a str> {
        self.first.get(keyword).and_then(|line| line.words.first()).map(String::as_str)
    }

    fn user(&self) -> String {
        let found = self.request.user.or_else(|| self.value("user"));
        found.unwrap_or(&self.environment.user).to_owned()
    }

    fn host_name(&self) -> Result<String, String> {
        let original = self.request.host;
        let tokens = Tokens { host: original, original, port: 0, user: "" };
        match self.value("hostname") {
            Some(name) => tokens::expand(name, &tokens, self.environment),
            None => Ok(original.to_owned()),
        }
    }

    fn resolved(&self) -> Result<Resolved, ConfigError> {
        for line in self.first.values().chain(self.lists.iter()) {
            if line.words.first().is_none_or(String::is_empty) {
                return Err(ConfigError::in_line(line, format!("{} has no value", line.keyword)));
            }
        }
        for (keyword, problem) in UNSUPPORTED {
            if let Some(line) = self.first.get(keyword)
                && !line.words[0].eq_ignore_ascii_case("none")
            {
                return Err(ConfigError::in_line(line, problem));
            }
        }
        let host_name = self.parsed("hostname", |_| self.host_name())?;
        let host_name = host_name.unwrap_or_else(|| self.request.host.to_owned()).to_lowercase();
        let port = match self.request.port {
            Some(port) => port,
            None => self.parsed("port", values::port)?.unwrap_or(super::known_hosts::DEFAULT_PORT),
        };
        let user = self.user();
        let tokens = Tokens { host: &host_name, original: self.request.host, port, user: &user };
        let home_ssh = self.environment.home.join(".ssh");
        let system = Path::new("/etc/ssh");
        let default_files =
            |directory: &Path, name: &str| vec![directory.join(name), directory.join(format!("{name}2"))];
        let agent = self.parsed("identityagent", |word| self.agent(word, &tokens))?;
        Ok(Resolved {
            identity_files: self.list("identityfile", &tokens)?,
            identities_only: self.parsed("identitiesonly", values::flag)?.unwrap_or(false),
            certificate_files: self.list("certificatefile", &tokens)?,
            identity_agent: agent.unwrap_or(IdentityAgent::Environment),
            jump: self.jump(&tokens)?,
            user_known_hosts: self
                .paths("userknownhostsfile", &tokens)?
                .unwrap_or_else(|| default_files(&home_ssh, "known_hosts")),
            global_known_hosts: self
                .paths("globalknownhostsfile", &tokens)?
                .unwrap_or_else(|| default_files(system, "ssh_known_hosts")),
            host_key_alias: self.value("hostkeyalias").map(str::to_lowercase),
            strict_host_keys: self
                .parsed("stricthostkeychecking", values::strict)?
                .unwrap_or(StrictHostKeys::Ask),
            connect_timeout: self.parsed("connecttimeout", values::time)?.flatten(),
            host_name: host_name.clone(),
            user: user.clone(),
            port,
        })
    }

    /// The first word of a keyword's line, parsed; the error names the line.
    fn parsed<T>(
        &self,
        keyword: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(line) = self.first.get(keyword) else { return Ok(None) };
        parse(&line.words[0]).map(Some).map_err(|problem| ConfigError::in_line(line, problem))
    }

    fn jump(&self, tokens: &Tokens<'_>) -> Result<Option<String>, ConfigError> {
        let found = match self.request.jump {
            Some(jump) => Some(jump.to_owned()),
            None => self.parsed("proxyjump", |word| tokens::expand(word, tokens, self.environment))?,
        };
        Ok(found.filter(|jump| !jump.eq_ignore_ascii_case("none")))
    }

    fn agent(&self, word: &str, tokens: &Tokens<'_>) -> Result<IdentityAgent, String> {
        if word.eq_ignore_ascii_case("none") {
            return Ok(IdentityAgent::None);
        }
        if word == "SSH_AUTH_SOCK" {
            return Ok(IdentityAgent::Environment);
        }
        match word.strip_prefix('$').filter(|name| !name.starts_with('{')) {
            Some(name) => Ok(std::env::var_os(name)
                .map_or(IdentityAgent::None, |socket| IdentityAgent::Socket(socket.into()))),
            None => tokens::expand_path(word, tokens, self.environment).map(IdentityAgent::Socket),
        }
    }

    fn list(&self, keyword: &str, tokens: &Tokens<'_>) -> Result<Vec<PathBuf>, ConfigError> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for line in self.lists.iter().filter(|line| line.keyword == keyword) {
            let path = tokens::expand_path(&line.words[0], tokens, self.environment)
                .map_err(|problem| ConfigError::in_line(line, problem))?;
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    fn paths(&self, keyword: &str, tokens: &Tokens<'_>) -> Result<Option<Vec<PathBuf>>, ConfigError> {
        let Some(line) = self.first.get(keyword) else { return Ok(None) };
        if line.words[0].eq_ignore_ascii_case("none") {
            return Ok(Some(Vec::new()));
        }
        let expand = |word: &String| tokens::expand_path(word, tokens, self.environment);
        let paths: Result<Vec<PathBuf>, String> = line.words.iter().map(expand).collect();
        paths.map(Some).map_err(|problem| ConfigError::in_line(line, problem))
    }
}
