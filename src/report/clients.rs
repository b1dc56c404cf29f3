//! Who is connected, for people and programs: a line an application, then who still speaks plaintext.

use super::words::{count, printable};
use super::{Screen, names, table};
use crate::facts::clients::{Application, ClientSource, Clients};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// `clients --output json`.
#[derive(Serialize, JsonSchema)]
pub struct Answer<'a> {
    /// How long the nodes were looked at; 0 for one look.
    pub window_s: u64,
    pub applications: Vec<Application>,
    #[serde(flatten)]
    pub seen: &'a Clients,
}

/// One line of JSON.
pub fn json(clients: &Clients, window: Duration) -> serde_json::Result<String> {
    let answer = Answer { window_s: window.as_secs(), applications: clients.applications(), seen: clients };
    serde_json::to_string(&answer).map(|line| line + "\n")
}

/// The JSON Schema of that line.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Answer<'static>).to_value()
}

/// The table of `ringwalk clients`.
pub fn text(clients: &Clients, window: Duration, screen: Screen) -> String {
    let applications = clients.applications();
    let looks = match window.as_secs() {
        0 => "one look".to_owned(),
        seconds => format!("{} in {seconds} s", count(clients.looks as usize, "look")),
    };
    let asked = count(clients.sources.len(), "node");
    let mut text = format!("{} on {asked}, {looks}\n", count(clients.connections.len(), "connection"));
    text += &columns(&applications);
    text += &share(&applications, screen);
    text += &stragglers(&applications, screen);
    text += &limits(clients, &applications, screen);
    text
}

fn columns(applications: &[Application]) -> String {
    let head =
        ["user", "driver", "from", "plaintext", "TLS", "protocol", "certificate", "not known", "nodes"]
            .map(String::from);
    let mut rows = vec![head];
    rows.extend(applications.iter().map(|application| {
        let nodes: Vec<&str> = application.nodes.iter().map(String::as_str).collect();
        [
            user(application),
            driver(application),
            printable(&application.address),
            application.plaintext.to_string(),
            application.tls.to_string(),
            protocols(application),
            certificates(application),
            application.not_known.to_string(),
            names::folded(&nodes),
        ]
    }));
    if applications.is_empty() {
        return String::new();
    }
    table::lines(&rows).iter().map(|line| format!("  {line}\n")).collect()
}

fn share(applications: &[Application], screen: Screen) -> String {
    let sum = |part: fn(&Application) -> usize| applications.iter().map(part).sum::<usize>();
    let (tls, plaintext) = (sum(|one| one.tls), sum(|one| one.plaintext));
    match (tls, plaintext) {
        (0, 0) => String::new(),
        (_, 0) => screen.green(&format!("TLS: all {tls} of those that can be told")) + "\n",
        (_, _) => format!("TLS: {tls} of {} ({} %)\n", tls + plaintext, tls * 100 / (tls + plaintext)),
    }
}

fn stragglers(applications: &[Application], screen: Screen) -> String {
    let speaks_plaintext = applications.iter().filter(|application| application.plaintext > 0);
    let line = |application: &Application| {
        let nodes: Vec<&str> = application.plaintext_on.iter().map(String::as_str).collect();
        let who = format!(
            "{} with {} from {} on {}",
            user(application),
            driver(application),
            printable(&application.address),
            names::folded(&nodes)
        );
        screen.wrap("still in plaintext: ", &who)
    };
    speaks_plaintext.map(line).collect()
}

/// What these figures do not say.
fn limits(clients: &Clients, applications: &[Application], screen: Screen) -> String {
    let of = |source: ClientSource| -> Vec<&str> {
        let nodes = clients.sources.iter().filter(|(_, found)| **found == source);
        nodes.map(|(node, _)| node.as_str()).collect()
    };
    let mut text = String::new();
    let sockets = of(ClientSource::Sockets);
    if !sockets.is_empty() {
        let is_told = applications.iter().all(|application| application.not_known == 0);
        let why = match is_told {
            true => "Cassandra before 4.0 tells only who is connected: not the user, or the driver",
            false => {
                "Cassandra before 4.0 tells only who is connected: not the user, the driver, or whether it is TLS"
            }
        };
        text += &screen.wrap("not known: ", &format!("{}: {why}", names::folded(&sockets)));
    }
    let closed = of(ClientSource::PortClosed);
    if !closed.is_empty() {
        text += &screen.wrap("port closed: ", &names::folded(&closed));
    }
    for (node, why) in &clients.silent {
        text += &screen.wrap("did not answer: ", &format!("{node}: {}", printable(why)));
    }
    if applications.iter().any(|application| application.tls > application.by_certificate) {
        text += "whether a client shows a certificate is not told by Cassandra 5.0 and before\n";
    }
    text
}

fn user(application: &Application) -> String {
    application.username.as_deref().map_or_else(|| "-".into(), printable)
}

fn protocols(application: &Application) -> String {
    let protocols: Vec<String> = application.protocols.iter().map(|protocol| printable(protocol)).collect();
    if protocols.is_empty() { "-".into() } else { protocols.join(", ") }
}

/// How many connections logged in by one. That none did is not told apart from what the node cannot tell.
fn certificates(application: &Application) -> String {
    match application.by_certificate {
        0 => "-".into(),
        count => count.to_string(),
    }
}

fn driver(application: &Application) -> String {
    let parts = [&application.driver_name, &application.driver_version];
    let parts: Vec<String> = parts.into_iter().flatten().map(|part| printable(part)).collect();
    if parts.is_empty() { "an unnamed driver".into() } else { parts.join(" ") }
}
