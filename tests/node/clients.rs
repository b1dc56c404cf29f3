//! Who is connected to a node that tells no more than its sockets, by the real script on a machine's own sockets.

use super::local_host::LocalHost;
use ringwalk::facts::clients::{Client, Encryption};
use ringwalk::facts::{PortShows, Process};
use ringwalk::node::clients::by_sockets;
use std::collections::BTreeSet;

/// Listens on both client ports, as a Cassandra with a second one, and on the first of another address.
const DAEMON: &str = "use IO::Socket::INET; my @s = map { IO::Socket::INET->new(Listen => 5, LocalAddr => $_, ReuseAddr => 1) or die } \
    '127.0.0.1:9042', '127.0.0.1:9142', '127.0.0.2:9042'; sleep 99";

/// Connects from each of these addresses to the one behind it, and stays.
const CLIENTS: &str = "use IO::Socket::INET; my @s = map { my ($from, $to) = split /=/; IO::Socket::INET->new(LocalAddr => $from, \
    PeerAddr => $to) or die } '127.0.0.5=127.0.0.1:9042', '127.0.0.6=127.0.0.1:9142', '127.0.0.7=127.0.0.2:9042'; sleep 99";

fn machine() -> LocalHost {
    let host = LocalHost::boot();
    host.sh(&format!("cat >/opt/daemon <<'END'\n{DAEMON}\nEND\ncat >/opt/clients <<'END'\n{CLIENTS}\nEND"));
    host.sh("cp $(command -v perl) /opt/java");
    host
}

fn with_clients() -> LocalHost {
    let host = machine();
    host.sh("(/opt/java /opt/daemon org.apache.cassandra.service.CassandraDaemon >/dev/null 2>&1 &) ; \
         until grep -q '02[0]*00007F:2352 .* 0A ' /proc/net/tcp; do sleep 0.01; done; (perl /opt/clients >/dev/null 2>&1 &) ; \
         until [ $(grep -c ' 01 ' /proc/net/tcp) = 6 ]; do sleep 0.01; done");
    host
}

/// As a probe has it.
fn process(host: &LocalHost) -> Process {
    let stat = host.sh("cat /proc/$(pgrep -f CassandraDaemo[n])/stat");
    let (pid, rest) = stat.split_once(' ').unwrap();
    let started = rest.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap();
    Process {
        pid: pid.parse().unwrap(),
        started_ticks: started.parse().unwrap(),
        user: "cassandra".into(),
        cwd: "/".into(),
    }
}

fn shows(plaintext: bool, tls: bool) -> PortShows {
    PortShows { plaintext, tls, certificate: None, issuers: BTreeSet::new(), issuer: None, is_whole: false }
}

fn told(clients: &[Client]) -> Vec<(&str, &Encryption)> {
    clients.iter().map(|client| (client.address.as_str(), &client.encryption)).collect()
}

#[tokio::test]
async fn who_is_connected_is_read_from_the_sockets_of_the_process_at_the_nodes_address() {
    let host = with_clients();
    for (port, address) in [(9042, "127.0.0.5"), (9142, "127.0.0.6")] {
        let connected = by_sockets("n1", &host, "127.0.0.1", port).await.unwrap();
        assert_eq!(told(&connected.clients), [(address, &Encryption::NotKnown)], "{port}");
    }
}

#[tokio::test]
async fn a_port_that_takes_one_of_both_tells_what_is_spoken_for_as_long_as_its_process_lives() {
    let host = with_clients();
    let connected = by_sockets("n1", &host, "127.0.0.1", 9142).await.unwrap();
    let now = process(&host);
    let before = Process { started_ticks: now.started_ticks - 1, ..now.clone() };
    let tls = Encryption::Tls { protocol: None, cipher: None };
    for (process, shows, spoken) in [
        (Some(&now), Some(shows(false, true)), &tls),
        (Some(&now), Some(shows(true, false)), &Encryption::Plaintext),
        (Some(&now), Some(shows(true, true)), &Encryption::NotKnown),
        (Some(&now), None, &Encryption::NotKnown),
        (Some(&before), Some(shows(false, true)), &Encryption::NotKnown),
        (None, Some(shows(false, true)), &Encryption::NotKnown),
    ] {
        let clients = connected.clone().to(process, shows.as_ref());
        assert_eq!(told(&clients), [("127.0.0.6", spoken)], "{process:?} {shows:?}");
    }
}

#[tokio::test]
async fn a_node_on_which_no_cassandra_runs_is_no_answer() {
    assert!(by_sockets("n1", &machine(), "127.0.0.1", 9042).await.is_err());
}
