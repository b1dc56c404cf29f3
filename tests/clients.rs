//! Who is connected: what Cassandra printed of it in real rings (`tests/nodetool/<version>/`), and the tables made of it.

use ringwalk::facts::clients::{Client, ClientSource, Clients, ClientsWatch, Encryption};
use ringwalk::node::clients::{Asked, clientstats, of_row};
use ringwalk::report::{Screen, clients as report};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

const VERSIONS: [&str; 3] = ["4.0", "4.1", "5.0"];
const SCREEN: Screen = Screen { width: 100, color: false };

fn captured(version: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodetool").join(version).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn own() -> BTreeSet<String> {
    BTreeSet::from(["127.0.0.1".to_owned()])
}

/// `user, driver from address: encryption`, sorted.
fn told(clients: &[Client]) -> Vec<String> {
    let line = |client: &Client| {
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        let encryption = match &client.encryption {
            Encryption::Plaintext => "plaintext".into(),
            Encryption::Tls { protocol, cipher } => format!("{} {}", text(protocol), text(cipher)),
            Encryption::NotKnown => "not known".into(),
        };
        let driver = format!("{} {}", text(&client.driver_name), text(&client.driver_version));
        format!("{}, {driver} from {}: {encryption}", text(&client.username), client.address)
    };
    let mut lines: Vec<String> = clients.iter().map(line).collect();
    lines.sort();
    lines
}

/// A table of `system_views.clients` as a driver wrote it down.
fn rows(text: &str, asked: &Asked<'_>) -> Vec<Client> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let client = |line: &str| {
        let row: BTreeMap<&str, &str> = names.iter().copied().zip(line.split('\t')).collect();
        of_row(asked, |column| {
            row.get(column).filter(|value| **value != "None").map(|value| value.to_string())
        })
    };
    lines.filter_map(client).collect()
}

#[test]
fn nodetool_and_cql_tell_the_same_clients_in_every_version() {
    let plain = "anonymous, Apache Cassandra Python Driver 3.30.1 from 127.0.0.1: plaintext";
    let tls =
        "anonymous, Apache Cassandra Python Driver 3.30.1 from 127.0.0.1: TLSv1.3 TLS_AES_256_GCM_SHA384";
    let asked = Asked { node: "n1", own: &own() };
    for version in VERSIONS {
        let by_nodetool = clientstats(&asked, &captured(version, "un_clientstats_all.txt")).unwrap();
        assert_eq!(told(&by_nodetool), [tls, tls, plain, plain], "{version}");
        let by_cql = rows(&captured(version, "cql_clients.tsv"), &asked);
        assert_eq!(told(&by_cql), [tls, tls, plain, plain], "{version}");
        let ports = |clients: &[Client]| clients.iter().map(|client| client.port).collect::<BTreeSet<u16>>();
        assert_eq!(ports(&by_nodetool), ports(&by_cql), "{version}");
    }
}

#[test]
fn clientstats_without_clients_is_none_and_anything_else_is_no_answer() {
    let asked = Asked { node: "n1", own: &own() };
    for version in VERSIONS {
        let none = captured(version, "disabled_clientstats_all.txt");
        assert_eq!(clientstats(&asked, &none).unwrap(), [], "{version}");
        let head = captured(version, "un_clientstats_all.txt").lines().next().unwrap().to_owned();
        assert!(clientstats(&asked, &format!("{head}\nrubbish\n")).is_err(), "{version}");
    }
    assert!(clientstats(&asked, "").is_err());
}

#[test]
fn our_own_connections_are_no_clients_and_a_client_on_a_nodes_host_is_one() {
    let asked = Asked { node: "n1", own: &own() };
    let head = "Address            SSL   Cipher    Protocol  Version User  Keyspace Requests Driver-Name Driver-Version";
    for (address, driver, stage, requests, is_client) in [
        ("127.0.0.1", "ringwalk", "ready", 2, false),
        ("10.0.0.5", "ringwalk", "ready", 2, false),
        ("127.0.0.1", "", "established", 1, false),
        ("127.0.0.1", "", "ready", 9, true),
        ("127.0.0.1", "gocql", "ready", 9, true),
        ("10.0.0.5", "", "established", 1, true),
    ] {
        let row = BTreeMap::from([
            ("address", address),
            ("port", "4711"),
            ("connection_stage", stage),
            ("driver_name", driver),
            ("ssl_enabled", "false"),
        ]);
        let by_cql = of_row(&asked, |column| {
            row.get(column).filter(|value| !value.is_empty()).map(|value| value.to_string())
        });
        assert_eq!(by_cql.is_some(), is_client, "{row:?}");
        let shown = if driver.is_empty() { "undefined" } else { driver };
        let line = format!(
            "{:<18} false undefined undefined 4       app            {requests:<8} {shown:<11} undefined",
            format!("/{address}:4711")
        );
        let by_nodetool = clientstats(&asked, &format!("{head}\n{line}\n")).unwrap();
        assert_eq!(by_nodetool.len(), usize::from(is_client), "{line}");
    }
}

#[test]
fn an_ipv6_address_is_read_with_and_without_brackets() {
    let asked = Asked { node: "n1", own: &own() };
    for address in
        ["/2001:db8:0:0:0:0:0:1:4711", "/[2001:db8:0:0:0:0:0:1]:4711", "app.example/[2001:db8::1]:4711"]
    {
        let width = address.len();
        let head = format!(
            "{:<width$} SSL   Cipher    Protocol  Version User Keyspace Requests Driver-Name Driver-Version",
            "Address"
        );
        let line =
            format!("{address} false undefined undefined 4       app           9        gocql       1");
        let clients = clientstats(&asked, &format!("{head}\n{line}\n")).unwrap();
        assert_eq!((clients[0].address.as_str(), clients[0].port), ("2001:db8::1", 4711));
    }
}

fn client(node: &str, address: &str, port: u16, encryption: Encryption) -> Client {
    let name = |text: &str| (encryption != Encryption::NotKnown).then(|| text.to_owned());
    Client {
        node: node.into(),
        address: address.into(),
        port,
        username: name("orders"),
        driver_name: name("gocql"),
        driver_version: name("1.6"),
        encryption: encryption.clone(),
        by_certificate: None,
    }
}

fn tls() -> Encryption {
    Encryption::Tls { protocol: Some("TLSv1.3".into()), cipher: None }
}

#[test]
fn a_client_that_was_seen_once_counts_when_it_has_gone_and_a_silent_look_is_not_forgotten() {
    let plain = client("n1", "10.0.0.5", 1, Encryption::Plaintext);
    let by_cql = |clients: &[Client]| Ok((ClientSource::Cql, clients.to_vec()));
    let mut seen = Clients::default();
    seen.add([("n1".to_owned(), by_cql(std::slice::from_ref(&plain)))]);
    seen.add([("n1".to_owned(), Err("no route".to_owned()))]);
    seen.add([("n1".to_owned(), by_cql(&[]))]);
    assert_eq!((seen.looks, seen.connections.len()), (3, 1));
    assert_eq!(seen.silent["n1"], "no route");
    assert_eq!(seen.applications()[0].plaintext, 1);
}

#[test]
fn a_watch_shows_who_was_seen_within_its_window_and_anew_when_that_changes() {
    let plain = client("n1", "10.0.0.5", 1, Encryption::Plaintext);
    let in_tls = client("n1", "10.0.0.5", 2, tls());
    let mut watch = ClientsWatch::new(60);
    let mut look = |at_s: u64, answer: Result<&[&Client], &str>| {
        let answer = match answer {
            Ok(clients) => Ok((ClientSource::Cql, clients.iter().copied().cloned().collect())),
            Err(why) => Err(why.to_owned()),
        };
        let seen = watch.add(at_s, [("n1".to_owned(), answer)]).map(|seen| {
            let count = |is: fn(&Client) -> bool| seen.connections.iter().filter(|one| is(one)).count();
            let is_plain = |one: &Client| one.encryption == Encryption::Plaintext;
            (count(is_plain), seen.connections.len(), seen.silent.len())
        });
        (seen, watch.is_silent())
    };
    // A straggler, unchanged, then with a connection in TLS beside the old one, which ages out.
    assert_eq!(look(0, Ok(&[&plain])), (Some((1, 1, 0)), false));
    assert_eq!(look(5, Ok(&[&plain])), (None, false));
    assert_eq!(look(10, Ok(&[&in_tls])), (Some((1, 2, 0)), false));
    assert_eq!(look(60, Ok(&[&in_tls])), (None, false));
    assert_eq!(look(70, Ok(&[&in_tls])), (Some((0, 1, 0)), false));
    // A look without an answer is told, and forgotten once it is older than the window.
    assert_eq!(look(75, Err("no route")), (Some((0, 1, 1)), true));
    assert_eq!(look(100, Ok(&[&in_tls])), (None, true));
    assert_eq!(look(140, Ok(&[&in_tls])), (Some((0, 1, 0)), false));
    assert_eq!(look(145, Ok(&[])), (None, false));
    assert_eq!(look(210, Ok(&[])), (Some((0, 0, 0)), false));
    // Without a window only the last look counts.
    let mut watch = ClientsWatch::new(0);
    let looks = [(0, &plain), (5, &in_tls)];
    for (at_s, client) in looks {
        let answer = Ok((ClientSource::Cql, vec![client.clone()]));
        let seen = watch.add(at_s, [("n1".to_owned(), answer)]).unwrap();
        assert_eq!(seen.connections.iter().collect::<Vec<_>>(), [client]);
    }
}

#[test]
fn the_table_names_who_still_speaks_plaintext_and_what_is_not_known() {
    let mut seen = Clients::default();
    let answer = |source, clients: &[Client]| Ok((source, clients.to_vec()));
    let tls12 = Encryption::Tls { protocol: Some("TLSv1.2".into()), cipher: None };
    let by_certificate = Client { by_certificate: Some(true), ..client("n2", "10.0.0.5", 1, tls12) };
    let first = [client("n1", "10.0.0.5", 1, tls()), client("n1", "10.0.0.6", 2, Encryption::Plaintext)];
    seen.add([
        ("n1".to_owned(), answer(ClientSource::Cql, &first)),
        ("n2".to_owned(), answer(ClientSource::Nodetool, std::slice::from_ref(&by_certificate))),
        (
            "n3".to_owned(),
            answer(ClientSource::Sockets, &[client("n3", "10.0.0.7", 3, Encryption::NotKnown)]),
        ),
        ("n4".to_owned(), answer(ClientSource::PortClosed, &[])),
        ("n5".to_owned(), Err("by CQL: no route".to_owned())),
    ]);
    let expected = "\
4 connections on 4 nodes, 1 look in 900 s
  user    driver             from      plaintext  TLS  protocol          certificate  not known  nodes
  orders  gocql 1.6          10.0.0.6  1          0    -                 -            0          n1
  -       an unnamed driver  10.0.0.7  0          0    -                 -            1          n3
  orders  gocql 1.6          10.0.0.5  0          2    TLSv1.2, TLSv1.3  1            0          n1, n2
TLS: 2 of 3 (66 %)
still in plaintext: orders with gocql 1.6 from 10.0.0.6 on n1
not known: n3: Cassandra before 4.0 tells only who is connected: not the user, the driver, or
           whether it is TLS
port closed: n4
did not answer: n5: by CQL: no route
whether a client shows a certificate is not told by Cassandra 5.0 and before
";
    assert_eq!(report::text(&seen, Duration::from_secs(900), SCREEN), expected);
    let json: serde_json::Value =
        serde_json::from_str(&report::json(&seen, Duration::ZERO).unwrap()).unwrap();
    assert_eq!(json["applications"][0]["plaintext_on"][0], "n1");
    assert_eq!((&json["window_s"], &json["silent"]["n5"]), (&0.into(), &"by CQL: no route".into()));
}

#[test]
fn the_schema_of_the_answer_is_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients.schema.json");
    let schema = serde_json::to_string_pretty(&report::schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), schema, "UPDATE=1 writes it anew");
}
