//! Settings of any path of `cassandra.yaml`: what a phase may say of them, and what it must leave to others.

use super::mask::{names_a_secret, told};
use super::options::Setting;
use super::playbook::Playbook;
use super::reader::{Reader, Written};
use super::record::Value;
use super::shape::Form;
use crate::diagnostic::Spanned;
use crate::formats::yaml::{self, Style};
use crate::secret::SecretSource;
use std::collections::BTreeMap;

/// By dotted path; none of them leads to another.
pub type Settings = BTreeMap<String, Spanned<Setting>>;

impl Playbook {
    /// What settings of any path should be once this phase is done. A phase inherits what it does not say from the phase
    /// before; a path that it does say takes the place of what an earlier one said below or above it.
    pub fn settings(&self, phase_index: usize) -> Settings {
        let mut wish = Settings::new();
        for phase in self.phases.iter().take(phase_index + 1) {
            wish.retain(|path, _| !phase.settings.keys().any(|said| overlap(said, path)));
            wish.extend(phase.settings.clone());
        }
        wish
    }
}

/// Whether two paths are the same, or one leads to the other.
fn overlap(one: &str, other: &str) -> bool {
    let leads = |path: &str, to: &str| to.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    one == other || leads(one, other) || leads(other, one)
}

impl Reader {
    /// A mapping of paths to values. A mapping as a value goes on with the path of its key, so that only what it names is
    /// set; `None` once a problem is noted.
    pub(super) fn settings(&mut self, written: Written<'_>) -> Option<Value> {
        let mut settings = Settings::new();
        let before = self.problems.len();
        self.settings_below(written.node, "", written.path, &mut settings);
        if settings.is_empty() && self.problems.len() == before {
            let help = format!("for example `{}: {}`", written.name, written.example);
            self.refuse(written.key, format!("`{}` is empty", written.name), help);
        }
        (self.problems.len() == before).then_some(Value::Settings(settings))
    }

    fn settings_below(&mut self, node: &yaml::Node, above: &str, at: &str, settings: &mut Settings) {
        self.repeated_keys(node);
        let again: Vec<_> = node.duplicates().iter().map(|duplicate| duplicate.again.span).collect();
        for entry in node.entries().iter().filter(|entry| !again.contains(&entry.key.span)) {
            let name = entry.key.as_str().unwrap_or_default();
            let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            self.document.note(format!("{at}.{path}"), entry.key.span);
            if let Some((message, help)) = no_path(&path).or_else(|| left_to_others(&path)) {
                self.refuse(entry.key.span, message, help);
            } else if !entry.value.entries().is_empty() {
                self.settings_below(&entry.value, &path, at, settings);
            } else if let Some(value) = self.setting(&path, entry) {
                self.add(path, Spanned { value, span: entry.key.span }, settings);
            }
        }
    }

    fn add(&mut self, path: String, setting: Spanned<Setting>, settings: &mut Settings) {
        if let Some((said, first)) = settings.iter().find(|(said, _)| overlap(said, &path)) {
            let first = self.document.other_place(first.span, format!("`{said}` is set here"));
            let message = format!("`{path}` is set twice in one phase");
            let problem = self.document.problem(setting.span, message).also(first);
            self.problems.push(problem.help("keep one of them"));
            return;
        }
        settings.insert(path, setting);
    }

    fn setting(&mut self, path: &str, entry: &yaml::Entry) -> Option<Setting> {
        let node = &entry.value;
        match &node.value {
            yaml::Value::Scalar { text, style: Style::Plain } if text.is_empty() => {
                let help = format!("write its value, or `{path}: null` to take it out of the file");
                self.refuse(entry.key.span, format!("`{path}` has no value"), help);
                None
            }
            _ if yaml::is_null(node) => Some(Setting::Absent),
            _ if names_a_secret(path) => self.secret_setting(path, entry),
            yaml::Value::Scalar { text, style } => match single(text, *style, node) {
                Ok(setting) => Some(setting),
                Err((problem, help)) => {
                    self.refuse(node.span, format!("`{path}` {problem}"), help);
                    None
                }
            },
            yaml::Value::Sequence(items) => self.list_setting(path, node, items),
            yaml::Value::Mapping(_) => {
                let help = format!("name what is in it, or write `{path}: null` to take it out of the file");
                self.refuse(node.span, format!("`{path}` is an empty mapping"), help);
                None
            }
            yaml::Value::Alias(_) => {
                self.refuse(node.span, "an alias stands for nothing here", "write the value out");
                None
            }
        }
    }

    fn secret_setting(&mut self, path: &str, entry: &yaml::Entry) -> Option<Setting> {
        let (form, example) = (&Form::Secret, "env:NAME");
        let written = Written { node: &entry.value, form, path, name: path, key: entry.key.span, example };
        match self.value(written)? {
            Value::Secret(source) => Some(Setting::Secret(source)),
            other => unreachable!("a secret was read as {other:?}"),
        }
    }

    fn list_setting(&mut self, path: &str, node: &yaml::Node, items: &[yaml::Node]) -> Option<Setting> {
        let texts =
            items.iter().map(|item| item.as_str().filter(|_| !yaml::is_null(item)).map(str::to_owned));
        let texts: Option<Vec<String>> = texts.collect();
        if texts.is_none() {
            let message = format!("`{path}` is a list of something else than single values");
            self.refuse(node.span, message, "ringwalk sets single values and lists of them: set it by hand");
        }
        texts.map(Setting::List)
    }
}

/// A single value as an operator means it and Cassandra reads it, which reads YAML 1.1; or why these two may differ.
fn single(text: &str, style: Style, node: &yaml::Node) -> Result<Setting, (String, String)> {
    if style != Style::Plain {
        return Ok(Setting::Text(text.to_owned()));
    }
    let in_quotes = "put quotes around it if it is meant as a text";
    if text.parse::<SecretSource>().is_ok() {
        let problem = format!("is set to `{}`, and its name is not that of a secret", told(text));
        return Err((problem, format!("it would be shown in plans; {in_quotes}")));
    }
    match text {
        "true" => return Ok(Setting::Bool(true)),
        "false" => return Ok(Setting::Bool(false)),
        _ => {}
    }
    if let Some(truth) = yaml::as_bool_1_1(node) {
        return Err((format!("is set to `{text}`"), format!("write `{truth}`, or {in_quotes}")));
    }
    match yaml::as_integer_1_1(node) {
        Some(number) if number.to_string() == text => Ok(Setting::Number(number)),
        Some(number) => {
            let problem = format!("is set to `{text}`, which Cassandra reads as {number}");
            Err((problem, format!("write `{number}`, or {in_quotes}")))
        }
        None if is_decimal(text) => Ok(Setting::Decimal(text.to_owned())),
        None if text.parse::<f64>().is_ok() => {
            let problem = format!("is set to `{text}`, which not every reader takes for a number");
            Err((problem, format!("write it as `0.5` is written, or {in_quotes}")))
        }
        None => Ok(Setting::Text(text.to_owned())),
    }
}

/// `0.11`, `-8.5`: the same number to readers of YAML 1.1 and 1.2.
fn is_decimal(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.chars().all(|digit| digit.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    unsigned.split_once('.').is_some_and(|(whole, part)| is_digits(whole) && is_digits(part))
}

fn no_path(path: &str) -> Option<(String, String)> {
    let is_key = |key: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        !key.is_empty() && key.chars().all(is_letter)
    };
    if path.split('.').all(is_key) {
        return None;
    }
    let message = format!("`{}` is no path of a setting", told(path));
    Some((message, "write its keys with dots between them: `audit_logging_options.enabled`".into()))
}

/// What no setting may touch: what has a place of its own in a playbook, and what would take nodes out of a ring or away
/// from their data.
fn left_to_others(path: &str) -> Option<(String, String)> {
    let (top, below) = path.split_once('.').map_or((path, None), |(top, below)| (top, Some(below)));
    let refuse = |why: &str, help: &str| Some((format!("`{path}` {why}"), help.to_owned()));
    match top {
        "client_encryption_options" => {
            let help = match below {
                Some(key) => format!("write `client_encryption_options: {{ {key}: … }}` beside `settings`"),
                None => "write `client_encryption_options` beside `settings`".into(),
            };
            refuse("decides who may connect, and has a place of its own", &help)
        }
        "native_transport_port_ssl" => {
            refuse("decides who may connect, and has a place of its own", "write it beside `settings`")
        }
        "server_encryption_options" => {
            let help = "write `internode` beside `settings`, which goes through it in steps";
            refuse("decides whether nodes reach each other while only some of them have it", help)
        }
        "cluster_name" | "partitioner" | "num_tokens" => {
            refuse("is fixed once a node has data: it would not start", "leave it out")
        }
        "storage_port" | "ssl_storage_port" => {
            refuse("must be the same on all nodes that run: they would not see each other", "leave it out")
        }
        "listen_address"
        | "listen_interface"
        | "broadcast_address"
        | "rpc_address"
        | "rpc_interface"
        | "native_transport_port"
        | "native_transport_address"
        | "native_transport_interface" => refuse(
            "is where a node is found, by the ring, by clients and by ringwalk",
            "change it by hand, one node after the other",
        ),
        "data_file_directories"
        | "commitlog_directory"
        | "hints_directory"
        | "local_system_data_file_directory" => refuse(
            "is where a node's data is: it would come up without what is in the old place",
            "change it by hand, and move the data while the node is stopped",
        ),
        _ => None,
    }
}
