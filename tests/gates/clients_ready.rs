use super::told;
use ringwalk::facts::clients::{Client, ClientLook, ClientSource, ClientsWindow, Encryption, Looked};
use ringwalk::gates::clients_ready::{check, not_told};
use ringwalk::plan::step::{ClientsMust, ClientsWish};

/// `n1 plain app; n2 tls web; n3 silent; n4 closed; n5 socket 10.0.0.9; n6 mutual web`: one look at all nodes.
fn look(text: &str) -> Vec<(String, ClientLook)> {
    text.split(';').filter(|part| !part.trim().is_empty()).map(answer).collect()
}

fn answer(part: &str) -> (String, ClientLook) {
    let mut words = part.split_whitespace();
    let (node, how, who) = (words.next().unwrap(), words.next().unwrap(), words.next());
    let tls = Encryption::Tls { protocol: Some("TLSv1.3".into()), cipher: None };
    let client = |encryption, by_certificate| Client {
        node: node.into(),
        address: "10.0.0.9".into(),
        port: 40_000,
        username: who.map(Into::into),
        driver_name: who.map(|_| "python".into()),
        driver_version: None,
        encryption,
        by_certificate,
    };
    let answer = match how {
        "none" => Ok((ClientSource::Cql, vec![])),
        "plain" => Ok((ClientSource::Cql, vec![client(Encryption::Plaintext, None)])),
        "tls" => Ok((ClientSource::Cql, vec![client(tls, None)])),
        "mutual" => Ok((ClientSource::Cql, vec![client(tls, Some(true))])),
        "socket" => Ok((ClientSource::Sockets, vec![client(Encryption::NotKnown, None)])),
        "closed" => Ok((ClientSource::PortClosed, vec![])),
        "silent" => Err("no answer".into()),
        other => panic!("no node is {other}"),
    };
    (node.into(), answer)
}

fn window(looks: &[(u64, &str)], for_s: u64) -> ClientsWindow {
    let mut window = ClientsWindow::default();
    let looked = |at_s: u64| Looked { from_s: at_s, at_s };
    looks.iter().for_each(|(at_s, answers)| window.add(looked(*at_s), for_s, look(answers)));
    window
}

fn wish(must: ClientsMust) -> ClientsWish {
    ClientsWish { must: vec![must], for_s: 60, within_s: 3600, vouched: false }
}

fn asked(must: ClientsMust, looks: &[(u64, &str)]) -> String {
    told(check(&window(looks, 60), &wish(must)))
}

/// Of many nodes that start a JVM each a look takes minutes, and is no gap.
#[test]
fn a_look_may_take_long_and_the_time_between_two_may_not() {
    let mut window = ClientsWindow::default();
    for from_s in [0, 230, 460] {
        window.add(Looked { from_s, at_s: from_s + 200 }, 600, look("n1 none"));
    }
    assert_eq!(window.unbroken_s(), 460);
    window.add(Looked { from_s: 800, at_s: 801 }, 600, look("n1 none"));
    assert_eq!(window.unbroken_s(), 0);
}

#[test]
fn clients_are_ready_once_none_was_seen_that_is_not_for_the_whole_window() {
    let plain = "wait: in plaintext: app with python from 10.0.0.9 on n1";
    for (looks, expected) in [
        (vec![], "wait: it has been so for 0 s of 60 s"),
        (vec![(0, "n1 none")], "wait: it has been so for 0 s of 60 s"),
        (vec![(0, "n1 tls app"), (30, "n1 none")], "wait: it has been so for 30 s of 60 s"),
        (vec![(0, "n1 tls app"), (30, "n1 none"), (60, "n1 tls app")], "pass"),
        (vec![(0, "n1 plain app"), (30, "n1 none"), (60, "n1 none")], plain),
        (vec![(0, "n1 plain app"), (30, "n1 none"), (61, "n1 none")], "pass"),
        (vec![(0, "n1 none"), (30, "n1 plain app"), (60, "n1 none")], plain),
        (
            vec![(0, "n1 none"), (30, "n1 silent"), (60, "n1 none")],
            "wait: n1 does not tell who is connected: no answer",
        ),
        (vec![(0, "n1 none"), (60, "n1 none; n2 closed")], "wait: the client port of n2 is closed"),
        (vec![(0, "n1 none; n2 closed"), (60, "n1 none; n2 none")], "pass"),
    ] {
        assert_eq!(asked(ClientsMust::NotSpeakPlaintext, &looks), expected, "{looks:?}");
    }
}

#[test]
fn a_time_without_looks_is_no_time_without_clients() {
    let looks = [(0, "n1 none"), (1000, "n1 none")];
    assert_eq!(asked(ClientsMust::NotSpeakPlaintext, &looks), "wait: it has been so for 0 s of 60 s");
}

#[test]
fn each_condition_counts_its_own_stragglers() {
    use ClientsMust::{NotSpeakPlaintext, NotSpeakTls, ShowCertificates};
    let unknown = "wait: of 1 connections it is not known whether a certificate is shown: web with python from 10.0.0.9 on n1";
    for (must, clients, expected) in [
        (NotSpeakTls, "n1 plain app", "pass"),
        (NotSpeakTls, "n1 tls app", "wait: in TLS: app with python from 10.0.0.9 on n1"),
        (
            ShowCertificates,
            "n1 plain app",
            "wait: without a certificate: app with python from 10.0.0.9 on n1",
        ),
        (ShowCertificates, "n1 tls web", unknown),
        (ShowCertificates, "n1 mutual web", "pass"),
        (
            NotSpeakPlaintext,
            "n1 plain app; n2 plain app",
            "wait: in plaintext: app with python from 10.0.0.9 on n1, n2",
        ),
    ] {
        assert_eq!(asked(must, &[(0, clients), (60, clients)]), expected, "{must:?} {clients}");
    }
}

#[test]
fn what_a_socket_does_not_tell_is_for_whoever_vouches_for_it() {
    let looks = [(0, "n1 socket"), (60, "n1 socket")];
    let what = "of 1 connections it is not known whether they are TLS: somebody with an unnamed driver from 10.0.0.9 on n1";
    assert_eq!(asked(ClientsMust::NotSpeakPlaintext, &looks), format!("wait: {what}"));
    let vouched = ClientsWish { vouched: true, ..wish(ClientsMust::NotSpeakPlaintext) };
    let window = window(&looks, 60);
    assert_eq!(told(check(&window, &vouched)), "pass");
    assert_eq!(not_told(&window, &vouched).unwrap(), what);
}
