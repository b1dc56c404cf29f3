//! Secrets, from where the operator keeps them: asked for once each, before anything is reached.

use crate::diagnostic::{Diagnostic, Span};
use crate::input::Input;
use crate::input::document::Document;
use crate::input::inventory::{CQL_PASSWORD, Inventory, JMX_PASSWORD, PASSPHRASE, place_in};
use crate::input::options::Setting;
use crate::input::playbook::Playbook;
use crate::secret::{Secret, SecretSource};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// Every secret that the two files name, by its source's text. `directory`: what a relative `file:` is relative to.
/// `beside`: sources that were named elsewhere.
pub fn resolve(
    input: &Input,
    directory: &Path,
    beside: &[&SecretSource],
) -> Result<BTreeMap<String, Secret>, Vec<Diagnostic>> {
    let uses = uses(input);
    let named: Vec<&SecretSource> = uses.keys().copied().chain(beside.iter().copied()).collect();
    let mut secrets = BTreeMap::new();
    let mut problems = Vec::new();
    for (source, usage) in &uses {
        match read(source, &usage.of, directory, &named) {
            Ok(secret) => {
                secrets.insert(source.to_string(), secret);
            }
            Err(unread) => problems.push((usage, unread)),
        }
    }
    // By line, the inventory's first.
    problems.sort_by_key(|(usage, _)| (!std::ptr::eq(usage.document, &input.inventory.source), usage.at));
    match problems.is_empty() {
        true => Ok(secrets),
        false => Err(problems.into_iter().map(|(usage, unread)| usage.diagnostic(unread)).collect()),
    }
}

/// The first thing that a source is used for, and where that is written.
struct Use<'a> {
    of: String,
    document: &'a Document,
    at: Option<Span>,
}

impl Use<'_> {
    fn diagnostic(&self, Unread { problem, help }: Unread) -> Diagnostic {
        match self.at {
            Some(span) => self.document.diagnostic(span, problem, help),
            None => Diagnostic::new(&self.document.file, problem).help(help),
        }
    }
}

/// Each source once.
type Uses<'a> = BTreeMap<&'a SecretSource, Use<'a>>;

fn uses(input: &Input) -> Uses<'_> {
    let mut uses = of_playbook(&input.playbook);
    for (source, usage) in of_inventory(&input.inventory) {
        uses.entry(source).or_insert(usage);
    }
    uses
}

fn of_playbook(playbook: &Playbook) -> Uses<'_> {
    let mut uses = BTreeMap::new();
    let document = &playbook.source;
    let mut note = |source, of: String, at| {
        uses.entry(source).or_insert(Use { of, document, at });
    };
    for (_, name, store) in playbook.every_store() {
        note(&store.password, format!("the {name}'s password"), Some(store.places.password));
    }
    for (index, truststore) in playbook.stores.client_truststores.iter().enumerate() {
        if let Some(source) = &truststore.password {
            let at = document.place(&format!("stores.client_truststores[{index}].password"));
            note(source, format!("the password of {}", truststore.from), at);
        }
    }
    for phase in &playbook.phases {
        let options = phase.client_encryption_options.iter().map(|(key, setting)| (key.to_string(), setting));
        let others = phase.settings.iter().chain(&phase.internode);
        for (key, setting) in options.chain(others.map(|(path, setting)| (path.clone(), setting))) {
            for source in in_setting(&setting.value) {
                note(source, format!("`{key}` of phase {}", phase.name), Some(setting.span));
            }
        }
    }
    uses
}

fn of_inventory(inventory: &Inventory) -> Uses<'_> {
    let mut uses = BTreeMap::new();
    let document = &inventory.source;
    for node in &inventory.nodes {
        let mut note = |source, of: String, path| {
            uses.entry(source).or_insert_with(|| {
                let at = document.place(&place_in(&node.name, path));
                Use { of, document, at }
            });
        };
        if let Some(source) = &node.cassandra.jmx.password {
            note(source, "the JMX password".into(), JMX_PASSWORD);
        }
        if let Some(cql) = &node.cassandra.cql {
            note(&cql.password, format!("the CQL password of `{}`", cql.username), CQL_PASSWORD);
        }
        if let Some(source) = &node.ssh.passphrase {
            note(source, "the SSH key's passphrase".into(), PASSPHRASE);
        }
    }
    uses
}

/// Every source that an inventory names.
pub(super) fn named_in(inventory: &Inventory) -> Vec<&SecretSource> {
    of_inventory(inventory).into_keys().collect()
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

/// Why there is no secret, as a whole sentence, and a way out.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) problem: String,
    pub(super) help: String,
}

/// The secret itself. `named`: every source of this command, none of whose variables a `command:` gets to see.
pub(super) fn read(
    source: &SecretSource,
    used_for: &str,
    directory: &Path,
    named: &[&SecretSource],
) -> Result<Secret, Unread> {
    let unread = |(why, help): (String, String)| Unread {
        problem: format!("cannot read {used_for} from `{source}`: {why}"),
        help,
    };
    let text = match source {
        SecretSource::Env(name) => std::env::var(name).map_err(|_| {
            let why = format!("the environment variable {name} is not set");
            (why, format!("`export {name}=…` before you start"))
        }),
        SecretSource::File(path) => std::fs::read_to_string(directory.join(path)).map_err(|error| {
            (error.to_string(), format!("a relative path begins in `{}`", directory.display()))
        }),
        SecretSource::Command(command) => from_command(command, directory, named)
            .map_err(|why| (why, format!("try it in `{}`, where it is run", directory.display()))),
        SecretSource::Prompt => {
            ask(used_for).map_err(|why| (why, "use `env:NAME`, `file:PATH` or `command:…`".into()))
        }
    };
    let text = Zeroizing::new(text.map_err(unread)?);
    let whole = Secret::new(text.trim_end_matches(['\n', '\r']));
    let secret = match source {
        SecretSource::File(_) | SecretSource::Command(_) if !whole.is_pem() => {
            Secret::new(text.lines().next().unwrap_or_default())
        }
        SecretSource::File(_) | SecretSource::Command(_) | SecretSource::Env(_) | SecretSource::Prompt => {
            whole
        }
    };
    match secret.expose() {
        "" => Err(unread(("it is empty".into(), "its first line is the secret".into()))),
        _ => Ok(secret),
    }
}

fn from_command(command: &str, directory: &Path, named: &[&SecretSource]) -> Result<String, String> {
    let mut child = Command::new("sh");
    child.args(["-c", command]).current_dir(directory).stdin(Stdio::inherit()).stderr(Stdio::inherit());
    for source in named {
        if let SecretSource::Env(name) = source {
            child.env_remove(name);
        }
    }
    let output = child.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("the command ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "it is not UTF-8".into())
}

fn ask(used_for: &str) -> Result<String, String> {
    if !std::io::stdin().is_terminal() {
        return Err("there is no terminal to ask on".into());
    }
    rpassword::prompt_password(format!("{used_for}: ")).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use crate::formats::yaml;
    use crate::input::{Source, read as read_input, read_inventory};
    use crate::plan::change::edits;
    use crate::plan::material::Material;
    use crate::plan::step::YamlPath;

    #[test]
    fn of_a_file_and_of_a_command_the_first_line_counts() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("two"), "a b\r\nkept for later\n").unwrap();
        std::fs::write(directory.path().join("none"), "\nsecond\n").unwrap();
        let read = |source: &str| read(&source.parse().unwrap(), "the password", directory.path(), &[]);
        assert_eq!(read("file:two").unwrap().expose(), "a b");
        assert_eq!(read("command:cat two").unwrap().expose(), "a b");
        assert!(read("file:none").unwrap_err().problem.ends_with("it is empty"));
    }

    const INVENTORY: &str = "\
cluster: orders
ssh: { user: ops, passphrase: env:RINGWALK_TEST_NOT_SET }
nodes:
  - { name: n1, address: 10.0.0.1 }
  - name: n2
    address: 10.0.0.2
    cassandra: { cql: { username: ops, password: file:not-there } }
";

    fn input(inventory: &str, playbook: &str) -> Input {
        let source = |file, text| Source { file, text };
        read_input(source("inventory.yaml", inventory), source("playbook.yaml", playbook)).unwrap()
    }

    #[test]
    fn a_key_in_pem_reaches_cassandra_yaml_with_all_its_lines() {
        const KEY: &str =
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIA==\n-----END PRIVATE KEY-----";
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("node.pem"), format!("{KEY}\n")).unwrap();
        std::fs::write(directory.path().join("bag.pem"), format!("Bag Attributes\n{KEY}\n")).unwrap();
        let input = input(
            "cluster: orders\nnodes: [{ name: n1, address: 10.0.0.1 }]\n",
            include_str!("../../tests/plans/factory-with-secrets/playbook.yaml")
                .replace("env:VAULT", "command:cat bag.pem")
                .as_str(),
        );
        let secrets = resolve(&input, directory.path(), &[]).unwrap();
        let material = Material { secrets, ..Material::default() };
        let phase = &input.playbook.phases[0];
        let set: Vec<_> = phase
            .client_encryption_options
            .iter()
            .map(|(key, setting)| (YamlPath::ClientEncryption(*key), setting.value.clone()))
            .collect();
        let before = include_bytes!("../../tests/plans/factory-with-secrets/nodes/all.yaml");
        let after = yaml::edit(before, &edits(&set, &material).unwrap()).unwrap();
        let read: serde_yaml::Value = serde_yaml::from_slice(&after).unwrap();
        let parameters = &read["client_encryption_options"]["ssl_context_factory"]["parameters"];
        assert_eq!(parameters["private_key"], KEY);
        assert_eq!(parameters["vault_pass"], format!("Bag Attributes\n{KEY}").as_str());
        let line = r#"      private_key: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIA==\n-----END PRIVATE KEY-----""#;
        let text = String::from_utf8(after).unwrap();
        assert!(text.lines().any(|written| written == line), "{text}");
    }

    #[test]
    fn a_command_does_not_see_the_variables_that_hold_secrets() {
        let directory = tempfile::tempdir().unwrap();
        // Cargo sets both for the test.
        let sources: [SecretSource; 2] =
            ["env:CARGO_PKG_NAME", "env:CARGO_PKG_LICENSE"].map(|source| source.parse().unwrap());
        let inventory = "cluster: orders\nnodes: [{ name: n1, address: 10.0.0.1, ssh: { passphrase: \
                         'command:env | grep ^CARGO_PKG_ | cut -d= -f1 | sort | tr \"\\n\" \" \"' }, \
                         cassandra: { cql: { username: x, password: env:CARGO_PKG_NAME } } }]\n";
        let inventory = read_inventory(Source { file: "inventory.yaml", text: inventory }).unwrap();
        let input = Input { inventory, playbook: Playbook::default() };
        let seen = |beside: &[&SecretSource]| {
            let secrets = resolve(&input, directory.path(), beside).unwrap();
            let seen = secrets.iter().find(|(source, _)| source.starts_with("command:")).unwrap();
            seen.1.expose().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let has = |seen: &[String], name: &str| seen.iter().any(|one| one == name);
        let alone = seen(&[]);
        assert!(!has(&alone, "CARGO_PKG_NAME") && has(&alone, "CARGO_PKG_LICENSE"), "{alone:?}");
        let beside = seen(&[&sources[1]]);
        assert!(!has(&beside, "CARGO_PKG_LICENSE") && has(&beside, "CARGO_PKG_VERSION"), "{beside:?}");
    }

    #[test]
    fn a_secret_that_is_missing_is_shown_where_it_is_named() {
        let playbook = "playbook: p\nstores:\n  keystore: { from: a, to: /tls/a, password: env:RINGWALK_TEST_NONE }\n\
                        phases: [{ name: one, client_encryption_options: { enabled: true } }]\n";
        let directory = Path::new("/nowhere");
        let expected = "\
error: cannot read the SSH key's passphrase from `env:RINGWALK_TEST_NOT_SET`: the environment variable RINGWALK_TEST_NOT_SET is not set
 --> inventory.yaml:2:31
  |
2 | ssh: { user: ops, passphrase: env:RINGWALK_TEST_NOT_SET }
  |                               ^^^^^^^^^^^^^^^^^^^^^^^^^
help: `export RINGWALK_TEST_NOT_SET=…` before you start

error: cannot read the CQL password of `ops` from `file:not-there`: No such file or directory (os error 2)
 --> inventory.yaml:7:50
  |
7 |     cassandra: { cql: { username: ops, password: file:not-there } }
  |                                                  ^^^^^^^^^^^^^^
help: a relative path begins in `/nowhere`

";
        let alone = Input { playbook: Playbook::default(), ..input(INVENTORY, playbook) };
        let problems = resolve(&alone, directory, &[]).unwrap_err();
        assert_eq!(render(&problems), format!("{expected}2 problems in inventory.yaml\n"));
        let problems = resolve(&input(INVENTORY, playbook), directory, &[]).unwrap_err();
        assert_eq!(problems.len(), 3);
        let of_playbook = "\
error: cannot read the keystore's password from `env:RINGWALK_TEST_NONE`: the environment variable RINGWALK_TEST_NONE is not set
 --> playbook.yaml:3:36
  |
3 |   keystore: { from: a, to: /tls/a, password: env:RINGWALK_TEST_NONE }
  |                                    ^^^^^^^^
help: `export RINGWALK_TEST_NONE=…` before you start
";
        assert_eq!(problems[2].to_string(), of_playbook);
    }
}
