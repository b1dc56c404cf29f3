//! Who is connected to one node: rows of `system_views.clients`, `nodetool clientstats --all`, or established sockets.

use super::cql::{CqlError, Credentials, DRIVER_NAME, Session};
use super::frame::Sections;
use super::nodetool::NodetoolError;
use super::sockets;
use crate::facts::clients::{Client, Encryption};
use crate::facts::{PortShows, Process};
use crate::transport::{Command, Connection, Host, HostError};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

// Every column: later versions have more of them, and naming one that a version lacks is an error.
const CLIENTS: &str = "SELECT * FROM system_views.clients";

const SOCKETS: &str = concat!(include_str!("scripts/common.sh"), include_str!("scripts/clients.sh"));

/// The script needs milliseconds; a node whose processors are all at work needs seconds.
const DEADLINE: Duration = Duration::from_secs(15);

/// The node that is asked: its name, and the addresses from which our own probes of its port come.
pub struct Asked<'a> {
    pub node: &'a str,
    pub own: &'a BTreeSet<String>,
}

/// By CQL, 4.0 and later.
pub async fn by_cql(
    asked: &Asked<'_>,
    connection: Box<dyn Connection>,
    credentials: Option<&Credentials>,
) -> Result<Vec<Client>, CqlError> {
    let mut session = Session::open(connection, credentials).await?;
    let rows = session.query(CLIENTS).await?;
    Ok(rows.iter().filter_map(|row| of_row(asked, |column| row.text(column))).collect())
}

/// A row of `system_views.clients`; `None` for a connection of our own.
///
/// A session of ringwalk bears its name. Its looks at the wire send no STARTUP, and come from the node itself; a client
/// that runs there is told from them by its stage, which passes `established` with its first request.
pub fn of_row(asked: &Asked<'_>, column: impl Fn(&str) -> Option<String>) -> Option<Client> {
    let address = column("address")?;
    let driver_name = column("driver_name");
    let is_probe = driver_name.is_none()
        && column("connection_stage").is_some_and(|stage| stage.eq_ignore_ascii_case("established"))
        && asked.own.contains(&address);
    if is_probe || driver_name.as_deref() == Some(DRIVER_NAME) {
        return None;
    }
    let is_tls = column("ssl_enabled").map(|enabled| enabled.eq_ignore_ascii_case("true"));
    Some(Client {
        node: asked.node.into(),
        port: column("port")?.parse().ok()?,
        username: column("username"),
        driver_version: column("driver_version"),
        encryption: match is_tls {
            Some(true) => {
                Encryption::Tls { protocol: column("ssl_protocol"), cipher: column("ssl_cipher_suite") }
            }
            Some(false) => Encryption::Plaintext,
            None => Encryption::NotKnown,
        },
        // After 5.0 only. A client that logs in with a password may have shown a certificate too.
        by_certificate: column("authentication_mode").filter(|mode| mode == "MutualTls").map(|_| true),
        driver_name,
        address,
    })
}

/// Reads `nodetool clientstats --all`: without a client there is no header. A keyspace can be empty and a driver's name
/// has blanks, so columns are cut where their heads begin.
pub fn clientstats(asked: &Asked<'_>, text: &str) -> Result<Vec<Client>, NodetoolError> {
    let unreadable =
        |problem: &str| NodetoolError::Unreadable { command: "clientstats", problem: problem.trim().into() };
    let mut lines = text.lines().skip_while(|line| !line.starts_with("Address "));
    let Some(head) = lines.next() else {
        let says_none = text.lines().any(|line| line.trim() == "Total connected clients: 0");
        return if says_none {
            Ok(Vec::new())
        } else {
            Err(unreadable("it has neither clients nor says none"))
        };
    };
    let mut clients = Vec::new();
    for line in lines.take_while(|line| !line.trim().is_empty()) {
        let row = Cut { head, line };
        let (address, port) = row.address().ok_or_else(|| unreadable(line))?;
        let requests = row.cell("Requests").and_then(|requests| requests.parse::<u64>().ok());
        let driver_name = row.cell("Driver-Name");
        // Here no stage is told; a look at the wire is one request, and a client that has logged in made more.
        let is_probe =
            driver_name.is_none() && requests.is_some_and(|count| count <= 1) && asked.own.contains(&address);
        if is_probe || driver_name.as_deref() == Some(DRIVER_NAME) {
            continue;
        }
        clients.push(Client {
            node: asked.node.into(),
            address,
            port,
            username: row.cell("User"),
            driver_name,
            driver_version: row.cell("Driver-Version"),
            encryption: match row.cell("SSL").as_deref() {
                Some("true") => {
                    Encryption::Tls { protocol: row.cell("Protocol"), cipher: row.cell("Cipher") }
                }
                Some("false") => Encryption::Plaintext,
                Some(_) | None => return Err(unreadable(line)),
            },
            by_certificate: None,
        });
    }
    Ok(clients)
}

/// A row under its heads.
struct Cut<'a> {
    head: &'a str,
    line: &'a str,
}

impl Cut<'_> {
    /// `None` where the cell is empty or nodetool has no value for it.
    fn cell(&self, name: &str) -> Option<String> {
        // Cells are padded by characters; a user's name may hold some of several bytes.
        let begin = self.head.split(' ').scan(0, |at, word| {
            let begin = *at;
            *at += word.len() + 1;
            Some((begin, word))
        });
        let begin: Vec<(usize, &str)> = begin.filter(|(_, word)| !word.is_empty()).collect();
        let index = begin.iter().position(|(_, word)| *word == name)?;
        let end = begin.get(index + 1).map_or(usize::MAX, |(end, _)| *end);
        let from = begin[index].0;
        let cell: String = self.line.chars().skip(from).take(end - from).collect();
        Some(cell.trim()).filter(|cell| !cell.is_empty() && *cell != "undefined").map(Into::into)
    }

    /// `/127.0.0.1:52549`, or with the host's name before the slash.
    fn address(&self) -> Option<(String, u16)> {
        let cell = self.cell("Address")?;
        let socket: SocketAddr = bracketed(cell.rsplit('/').next()?).parse().ok()?;
        Some((socket.ip().to_canonical().to_string(), socket.port()))
    }
}

/// Java before 14 prints an IPv6 address without brackets.
fn bracketed(address: &str) -> String {
    match address.rsplit_once(':') {
        Some((host, port)) if host.contains(':') && !host.starts_with('[') => format!("[{host}]:{port}"),
        Some(_) | None => address.to_owned(),
    }
}

/// What is connected to a port of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    pub clients: Vec<Client>,
    /// The process, and when it began, in ticks after the machine did.
    process: Option<(u32, u64)>,
}

impl Connected {
    /// The same, with what its port showed when it was looked at: a process takes the same for as long as it lives.
    pub fn to(mut self, process: Option<&Process>, shows: Option<&PortShows>) -> Vec<Client> {
        let looked_at = process.map(|process| (process.pid, process.started_ticks));
        let spoken = match shows.filter(|_| looked_at.is_some() && looked_at == self.process) {
            Some(PortShows { plaintext: true, tls: false, .. }) => Encryption::Plaintext,
            Some(PortShows { plaintext: false, tls: true, .. }) => {
                Encryption::Tls { protocol: None, cipher: None }
            }
            Some(_) | None => Encryption::NotKnown,
        };
        self.clients.iter_mut().for_each(|client| client.encryption = spoken.clone());
        self.clients
    }
}

/// By what is connected to the client port: addresses, and nothing of who or how.
pub async fn by_sockets(
    node: &str,
    host: &dyn Host,
    address: &str,
    port: u16,
) -> Result<Connected, HostError> {
    let command =
        Command::script("clients", SOCKETS, [format!("{port:04X}")]).deadline(DEADLINE).become_root();
    let output = host.run(&command).await?;
    let unusable =
        |problem: String| HostError::Unusable { doing: "listing the client port's sockets".into(), problem };
    let sections = Sections::parse(&output.stdout).map_err(|error| unusable(error.to_string()))?;
    if sections.bytes("none").is_some() {
        return Err(unusable("Cassandra does not run".into()));
    }
    let lines = sections.lines("sockets").map_err(|error| unusable(error.to_string()))?;
    let process = sections.text("process").ok().and_then(|text| text.split_once(' '));
    let process = process.and_then(|(pid, ticks)| Some((pid.parse().ok()?, ticks.parse().ok()?)));
    Ok(Connected { clients: of_sockets(node, &lines, address, port), process })
}

/// Connections to this port at this address, or at any if the port is open at all of them: on one host several nodes
/// may have the same port at an address each.
fn of_sockets(node: &str, lines: &[&str], address: &str, port: u16) -> Vec<Client> {
    let address: Option<IpAddr> = address.parse().ok();
    let sockets = sockets::connections(lines);
    let is_open_everywhere = sockets.iter().any(|socket| {
        !socket.established && socket.local.port == port && socket.local.address.is_unspecified()
    });
    let is_of_node = |socket: &&sockets::Socket| {
        socket.established
            && socket.local.port == port
            && (is_open_everywhere || Some(socket.local.address) == address)
    };
    let client = |socket: &sockets::Socket| Client {
        node: node.into(),
        address: socket.remote.address.to_string(),
        port: socket.remote.port,
        username: None,
        driver_name: None,
        driver_version: None,
        encryption: Encryption::NotKnown,
        by_certificate: None,
    };
    sockets.iter().filter(is_of_node).map(client).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_the_port_at_the_nodes_address_are_its_clients() {
        let line = |local: &str, remote: &str, state: &str| {
            format!("   1: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 990 0 31337 1")
        };
        let lines = [
            line("0B004D0A:2352", "00000000:0000", "0A"),
            line("0B004D0A:2352", "05004D0A:C001", "01"),
            line("0C004D0A:2352", "06004D0A:C002", "01"),
            line("0B004D0A:1B58", "07004D0A:C003", "01"),
        ];
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = |lines: &[&str]| -> Vec<String> {
            let clients = of_sockets("n1", lines, "10.77.0.11", 9042);
            clients.iter().map(|client| format!("{}:{}", client.address, client.port)).collect()
        };
        assert_eq!(found(&lines), ["10.77.0.5:49153"]);
        let everywhere = line("00000000:2352", "00000000:0000", "0A");
        lines.push(&everywhere);
        assert_eq!(found(&lines), ["10.77.0.5:49153", "10.77.0.6:49154"]);
    }
}
