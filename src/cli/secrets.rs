//! Secrets, from where the operator keeps them: asked for once each, before anything is reached.

use crate::diagnostic::Diagnostic;
use crate::input::Input;
use crate::input::options::Setting;
use crate::secret::{Secret, SecretSource};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// Every secret that the two files name, by its source's text. `directory`: what a relative `file:` is relative to.
pub fn resolve(input: &Input, directory: &Path) -> Result<BTreeMap<String, Secret>, Vec<Diagnostic>> {
    let mut secrets = BTreeMap::new();
    let mut problems = Vec::new();
    for (source, used_for) in sources(input) {
        match read(&source, &used_for, directory) {
            Ok(secret) => {
                secrets.insert(source.to_string(), secret);
            }
            Err(problem) => problems.push(Diagnostic::new(&input.playbook.source.file, problem)),
        }
    }
    if problems.is_empty() { Ok(secrets) } else { Err(problems) }
}

/// Each source once, with the first thing that it is used for.
fn sources(input: &Input) -> BTreeMap<SecretSource, String> {
    let mut sources: BTreeMap<SecretSource, String> = BTreeMap::new();
    let mut note = |source: &SecretSource, used_for: &str| {
        sources.entry(source.clone()).or_insert_with(|| used_for.to_owned());
    };
    for (_, name, store) in input.playbook.every_store() {
        note(&store.password, &format!("the {name}'s password"));
    }
    for truststore in &input.playbook.stores.client_truststores {
        if let Some(source) = &truststore.password {
            note(source, &format!("the password of {}", truststore.from));
        }
    }
    for phase in &input.playbook.phases {
        for (key, setting) in &phase.client_encryption_options {
            for source in in_setting(&setting.value) {
                note(source, &format!("`{key}` of phase {}", phase.name));
            }
        }
        for (path, setting) in &phase.settings {
            for source in in_setting(&setting.value) {
                note(source, &format!("`{path}` of phase {}", phase.name));
            }
        }
    }
    for node in &input.inventory.nodes {
        let cassandra = &node.cassandra;
        if let Some(source) = &cassandra.jmx.password {
            note(source, "the JMX password");
        }
        if let Some(cql) = &cassandra.cql {
            note(&cql.password, &format!("the CQL password of `{}`", cql.username));
        }
        if let Some(source) = &node.ssh.passphrase {
            note(source, "the SSH key's passphrase");
        }
    }
    sources
}

fn in_setting(setting: &Setting) -> Vec<&SecretSource> {
    match setting {
        Setting::Secret(source) => vec![source],
        Setting::Map(entries) => entries.iter().flat_map(|(_, setting)| in_setting(setting)).collect(),
        Setting::Bool(_)
        | Setting::Number(_)
        | Setting::Decimal(_)
        | Setting::Text(_)
        | Setting::List(_)
        | Setting::Absent => Vec::new(),
    }
}

/// The secret itself; the error is a whole sentence.
pub(super) fn read(source: &SecretSource, used_for: &str, directory: &Path) -> Result<Secret, String> {
    let problem = |why: String| format!("cannot read {used_for} from `{source}`: {why}");
    let text = Zeroizing::new(match source {
        SecretSource::Env(name) => std::env::var(name).map_err(|_| {
            problem(format!("the environment variable {name} is not set; `export {name}=…` before you start"))
        })?,
        SecretSource::File(path) => {
            std::fs::read_to_string(directory.join(path)).map_err(|error| problem(error.to_string()))?
        }
        SecretSource::Command(command) => from_command(command, directory).map_err(problem)?,
        SecretSource::Prompt => ask(used_for).map_err(problem)?,
    });
    let secret = match source {
        SecretSource::File(_) | SecretSource::Command(_) => text.lines().next().unwrap_or_default(),
        SecretSource::Env(_) | SecretSource::Prompt => text.trim_end_matches(['\n', '\r']),
    };
    if secret.is_empty() { Err(problem("it is empty".into())) } else { Ok(Secret::new(secret)) }
}

fn from_command(command: &str, directory: &Path) -> Result<String, String> {
    let mut child = Command::new("sh");
    child.args(["-c", command]).current_dir(directory).stdin(Stdio::inherit()).stderr(Stdio::inherit());
    let output = child.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("the command ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "it is not UTF-8".into())
}

fn ask(used_for: &str) -> Result<String, String> {
    if !std::io::stdin().is_terminal() {
        return Err("there is no terminal to ask on; use env:, file: or command:".into());
    }
    rpassword::prompt_password(format!("{used_for}: ")).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_and_of_a_command_the_first_line_counts() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("two"), "a b\r\nkept for later\n").unwrap();
        std::fs::write(directory.path().join("none"), "\nsecond\n").unwrap();
        let read = |source: &str| read(&source.parse().unwrap(), "the password", directory.path());
        assert_eq!(read("file:two").unwrap().expose(), "a b");
        assert_eq!(read("command:cat two").unwrap().expose(), "a b");
        assert!(read("file:none").unwrap_err().ends_with("it is empty"));
    }
}
