//! The nodes of an inventory: ranges expanded, the file's settings laid beneath a node's own, no name or address twice.

use super::inventory::{CQL_PASSWORD, Cassandra, JMX_PASSWORD, Node, PASSPHRASE, Ssh, place_in, place_of};
use super::names::{self, NODES_MAX};
use super::reader::Reader;
use super::record::Record;
use crate::diagnostic::{Span, Spanned};
use std::collections::HashMap;
use std::net::IpAddr;

pub(super) fn build(inventory: &Record, reader: &mut Reader) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut names = Seen::new("node name");
    let mut addresses = Seen::new("address");
    for entry in inventory.records("nodes") {
        let merged = |key: &str| match (entry.record(key), inventory.record(key)) {
            (Some(own), Some(file)) => own.over(file),
            (own, file) => own.or(file).cloned().unwrap_or_default(),
        };
        let (ssh, cassandra) = (merged("ssh"), merged("cassandra"));
        ssh_rules(&ssh, reader);
        cassandra_rules(&cassandra, entry.span, reader);
        let (name, address) =
            (values(entry, "name", name_problem, reader), values(entry, "address", address_problem, reader));
        let (Some(name), Some(address)) = (name, address) else { continue };
        names.check(&name, reader);
        addresses.check(&address, reader);
        if !are_equally_many(&name, &address, reader) {
            continue;
        }
        if nodes.len() + name.value.len() > NODES_MAX {
            let message = format!("more than {NODES_MAX} nodes");
            reader.refuse(name.span, message, "look for a digit too many in a range");
            break;
        }
        let node = |(name, address): (String, String)| Node {
            name,
            address,
            datacenter: entry.text("datacenter"),
            rack: entry.text("rack"),
            ssh: Ssh::build(&ssh),
            cassandra: Cassandra::build(&cassandra),
        };
        name.value.iter().for_each(|each| reader.document.note(place_of(each), name.span));
        for (path, span) in secrets(&ssh, &cassandra) {
            name.value.iter().for_each(|each| reader.document.note(place_in(each, path), span));
        }
        nodes.extend(name.value.into_iter().zip(address.value).map(node));
    }
    nodes
}

/// Where a node's secrets are named, by their paths.
fn secrets(ssh: &Record, cassandra: &Record) -> impl Iterator<Item = (&'static str, Span)> {
    let within = |key: &str| cassandra.record(key).and_then(|record| record.field("password"));
    let fields =
        [(PASSPHRASE, ssh.field("passphrase")), (JMX_PASSWORD, within("jmx")), (CQL_PASSWORD, within("cql"))];
    fields.map(|(path, field)| Some((path, field?.at))).into_iter().flatten()
}

/// What is wrong with one name or address, and a way out.
type Problem = (String, String);

/// The texts that a name or an address stands for, each of them checked.
fn values(
    entry: &Record,
    key: &str,
    problem_of: fn(&str) -> Option<Problem>,
    reader: &mut Reader,
) -> Option<Spanned<Vec<String>>> {
    let text = entry.spanned_text(key)?;
    let texts = match names::expand(&text.value) {
        Ok(texts) => texts,
        Err(problem) => {
            reader.refuse(text.span, format!("`{key}` {problem}"), problem.help());
            return None;
        }
    };
    if let Some((problem, help)) = texts.iter().find_map(|text| problem_of(text)) {
        reader.refuse(text.span, format!("`{key}` {problem}"), help);
        return None;
    }
    Some(Spanned { value: texts, span: text.span })
}

/// A node's name becomes part of file names, here and on the node.
fn name_problem(name: &str) -> Option<Problem> {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let is_fine = name.chars().all(fits) && name.starts_with(|first: char| first.is_ascii_alphanumeric());
    (!is_fine).then(|| {
        let help = "a name begins with a letter or a digit; `-`, `_` and `.` may follow, since it becomes part of file names";
        ("holds what a node's name cannot".to_owned(), help.to_owned())
    })
}

fn address_problem(address: &str) -> Option<Problem> {
    let problem = |what: &str, help: &str| Some((what.to_owned(), help.to_owned()));
    if let Some((user, host)) = address.split_once('@') {
        return problem("holds a user", &format!("write `address: {host}`, and `user: {user}` in `ssh`"));
    }
    if let Some((host, port)) = address.split_once(':')
        && !port.contains(':')
    {
        return problem("holds a port", &format!("write `address: {host}`, and `port: {port}` in `ssh`"));
    }
    let fits = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | ':' | '%')
    };
    if !address.chars().all(fits) || address.starts_with('-') {
        return problem("is neither an address nor a host name", "for example `address: 10.0.1.11`");
    }
    None
}

fn are_equally_many(
    name: &Spanned<Vec<String>>,
    address: &Spanned<Vec<String>>,
    reader: &mut Reader,
) -> bool {
    let (names, addresses) = (name.value.len(), address.value.len());
    if names == addresses {
        return true;
    }
    let message =
        format!("{} for {}", counted(addresses, "address", "addresses"), counted(names, "name", "names"));
    let other = reader.document.other_place(name.span, format!("stands for {names}"));
    let problem = reader.document.problem(address.span, message).also(other);
    reader
        .problems
        .push(problem.help("make both ranges equally long: each name takes the address at its place"));
    false
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What was used so far, and where.
struct Seen {
    what: &'static str,
    places: HashMap<String, Span>,
}

impl Seen {
    fn new(what: &'static str) -> Seen {
        Seen { what, places: HashMap::new() }
    }

    /// Notes each of an entry's texts; the first that was used before is a problem of the entry.
    fn check(&mut self, texts: &Spanned<Vec<String>>, reader: &mut Reader) {
        let mut is_reported = false;
        for text in &texts.value {
            let Some(first) = self.places.insert(canonical(text), texts.span) else { continue };
            if is_reported {
                continue;
            }
            is_reported = true;
            let mut problem =
                reader.document.problem(texts.span, format!("{} `{text}` is given twice", self.what));
            if first != texts.span {
                problem = problem.also(reader.document.other_place(first, "first here"));
            }
            reader.problems.push(problem.help("each node has a name and an address of its own"));
        }
    }
}

/// `2001:DB8::1` and `2001:db8:0::1` are one address, `Orders-1` and `orders-1` one host and, on some systems, one file.
fn canonical(text: &str) -> String {
    text.parse::<IpAddr>().map_or_else(|_| text.to_ascii_lowercase(), |address| address.to_string())
}

fn ssh_rules(ssh: &Record, reader: &mut Reader) {
    let single_words = ["user", "jump"];
    for text in single_words.iter().filter_map(|key| ssh.spanned_text(key)) {
        if text.value.contains(char::is_whitespace) || text.value.starts_with('-') {
            reader.refuse(
                text.span,
                format!("`{}` is no login name or host", text.value),
                "for example `ops`, `ops@bastion.example:2222`",
            );
        }
    }
}

/// Rules over what holds for one node; `span` is the node, where a missing key is shown.
fn cassandra_rules(cassandra: &Record, span: Span, reader: &mut Reader) {
    if let Some(location) = cassandra.field("location")
        && cassandra.choice("install") == Some("package")
    {
        let help =
            "leave `location` out, or write `install: tarball`; an odd cassandra.yaml is named by `config`";
        reader.refuse(location.key, "`location` belongs to a tarball, and this is a package", help);
    }
    if cassandra.choice("install") == Some("tarball") && !cassandra.has("location") {
        let install = cassandra.field("install").map_or(span, |install| install.key);
        reader.refuse(install, "a tarball without its `location`", "for example `location: /opt/cassandra`");
    }
    // `start` alone is fine: the process is told to end by SIGTERM.
    needs(cassandra, "stop", "start", reader);
    if let (Some(service), Some(start)) = (cassandra.field("service"), cassandra.field("start")) {
        let other = reader.document.other_place(service.key, "so does this");
        let problem = reader.document.problem(start.key, "`start` says how Cassandra is run").also(other);
        reader.problems.push(problem.help("leave out `service`, or `start` and `stop`"));
    }
    if let Some(jmx) = cassandra.record("jmx") {
        needs(jmx, "username", "password", reader);
        needs(jmx, "password", "username", reader);
    }
}

/// A key that means nothing without another.
fn needs(record: &Record, key: &str, missing: &str, reader: &mut Reader) {
    if let Some(field) = record.field(key)
        && !record.has(missing)
    {
        let message = format!("`{key}` without `{missing}`");
        reader.refuse(field.key, message, format!("add `{missing}`, or leave out `{key}`"));
    }
}
