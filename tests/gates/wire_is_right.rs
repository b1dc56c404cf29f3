//! The wire looks are those that were measured on 3.11, 4.0, 4.1 and 5.0.

use super::told;
use ringwalk::gates::{cql_answers, wire_is_right};
use ringwalk::node::wire::{ClientCertificate, Plaintext, Served, Tls, TlsVersion, WireLook};
use ringwalk::plan::change::sha256_hex;
use ringwalk::plan::step::Wire;

pub const PUSHED: &str = "aaaaaaaaaaaaaaaabbbb";
const OLD: &str = "ccccccccccccccccdddd";

pub fn served(leaf: &str, options_answered: bool, client_certificate: ClientCertificate) -> Tls {
    Tls::Served(Served {
        version: TlsVersion::Tls13,
        suite: None,
        chain: Vec::new(),
        leaf_sha256: leaf.into(),
        options_answered,
        client_certificate,
    })
}

/// A client is served in TLS and shows no certificate.
pub fn tls() -> Tls {
    served(PUSHED, true, ClientCertificate::NotAsked)
}

/// What a TLS-only port makes of plaintext: 3.11 and 5.0 reset the connection, 4.0 and 4.1 send an alert.
pub fn refusals() -> [Plaintext; 2] {
    ["the connection was reset", "TLS alert 70"].map(|how| Plaintext::Refused(how.into()))
}

/// What shows who shows no certificate to a port that wants one: an alert in TLS 1.2 and 1.3, or a lost one.
pub fn demands() -> Vec<Tls> {
    let shown = [
        "received fatal alert: HandshakeFailure",
        "received fatal alert: BadCertificate",
        "received fatal alert: CertificateRequired",
        "the connection was reset",
    ];
    shown.map(|alert| served(PUSHED, false, ClientCertificate::Demanded(alert.into()))).into()
}

fn wish(plaintext: bool, tls: bool, client_certificate: bool) -> Wire {
    let certificate = tls.then(|| PUSHED.to_owned());
    Wire {
        port: 9042,
        plaintext,
        tls,
        certificate,
        issuers: Default::default(),
        client_certificate,
        protocols: Default::default(),
        suites: Default::default(),
    }
}

fn asked(plaintext: Plaintext, tls: Tls, wish: &Wire) -> String {
    told(wire_is_right::check(&WireLook { plaintext, tls }, wish))
}

#[test]
fn a_port_that_shows_what_the_phase_demands_passes() {
    let (accepts, requires, off) =
        (wish(true, true, false), wish(false, true, false), wish(true, false, false));
    assert_eq!(asked(Plaintext::Accepted, tls(), &accepts), "pass");
    assert_eq!(asked(Plaintext::Accepted, Tls::NotTls, &off), "pass");
    for refusal in refusals() {
        assert_eq!(asked(refusal.clone(), tls(), &requires), "pass");
        assert_eq!(
            asked(refusal.clone(), served(PUSHED, true, ClientCertificate::Optional), &requires),
            "pass"
        );
        for demand in demands() {
            assert_eq!(asked(refusal.clone(), demand, &wish(false, true, true)), "pass");
        }
    }
    for demand in demands() {
        // `require_client_auth` beside `optional`: plaintext clients are served without any certificate.
        assert_eq!(asked(Plaintext::Accepted, demand, &wish(true, true, true)), "pass");
    }
    let any_certificate = Wire { certificate: None, ..requires };
    let old = served(OLD, true, ClientCertificate::NotAsked);
    assert_eq!(asked(refusals()[0].clone(), old, &any_certificate), "pass");
}

/// A store with the same leaf and an issuer more: a client that knows the root alone needs it.
#[test]
fn what_comes_behind_the_leaf_is_served_too() {
    let (issuer, root) = (b"issuer".to_vec(), b"root".to_vec());
    let shows = |behind: &[&[u8]]| {
        let Tls::Served(served) = tls() else { unreachable!() };
        let chain = [b"leaf".as_slice()].iter().chain(behind).map(|der| der.to_vec()).collect();
        Tls::Served(Served { chain, ..served })
    };
    let wish = Wire { issuers: [sha256_hex(&issuer)].into(), ..wish(true, true, false) };
    for behind in [vec![issuer.as_slice()], vec![&issuer, &root]] {
        assert_eq!(asked(Plaintext::Accepted, shows(&behind), &wish), "pass");
    }
    for behind in [vec![], vec![root.as_slice()]] {
        let told = asked(Plaintext::Accepted, shows(&behind), &wish);
        let missing = &sha256_hex(&issuer)[..16];
        assert!(told.starts_with("fail: ") && told.contains(&format!("without {missing}")), "{told}");
    }
}

#[test]
fn a_port_that_shows_something_else_fails() {
    let (accepts, requires, off) =
        (wish(true, true, false), wish(false, true, false), wish(true, false, false));
    let mutual = wish(false, true, true);
    let [reset, alert] = refusals();
    let no_key = Tls::Refused("received fatal alert: InternalError".into());
    let demand = demands().remove(0);
    for (plaintext, tls, wish, expected) in [
        (Plaintext::Accepted, tls(), &requires, "fail: port 9042: still accepts plaintext"),
        (Plaintext::Accepted, demand.clone(), &mutual, "fail: port 9042: still accepts plaintext"),
        (reset.clone(), tls(), &accepts, "fail: port 9042: refuses plaintext (the connection was reset)"),
        (alert, tls(), &off, "fail: port 9042: refuses plaintext (TLS alert 70)"),
        (
            Plaintext::Accepted,
            tls(),
            &off,
            "fail: port 9042: serves TLS, which the playbook does not ask for",
        ),
        (Plaintext::Accepted, Tls::NotTls, &accepts, "fail: port 9042: does not speak TLS"),
        (Plaintext::Accepted, Tls::NotTls, &requires, "fail: port 9042: still accepts plaintext"),
        (
            reset.clone(),
            no_key,
            &requires,
            "fail: port 9042: every TLS handshake fails (received fatal alert: InternalError)",
        ),
        (
            reset.clone(),
            served(OLD, true, ClientCertificate::NotAsked),
            &requires,
            "fail: port 9042: serves certificate cccccccccccccccc, not aaaaaaaaaaaaaaaa, which was pushed",
        ),
        (reset.clone(), demand, &requires, "fail: port 9042: demands a client certificate"),
        (reset.clone(), tls(), &mutual, "fail: port 9042: takes clients without a certificate"),
        (
            reset,
            served(PUSHED, true, ClientCertificate::Optional),
            &mutual,
            "fail: port 9042: takes clients without a certificate",
        ),
    ] {
        assert_eq!(asked(plaintext, tls, wish), expected);
    }
}

#[test]
fn a_port_that_says_nothing_yet_is_waited_for() {
    let (requires, off) = (wish(false, true, false), wish(true, false, false));
    let mute = served(PUSHED, false, ClientCertificate::NotAsked);
    for (plaintext, tls, wish, expected) in [
        (Plaintext::Closed, Tls::Closed, &requires, "wait: port 9042: nothing listens"),
        (Plaintext::Closed, Tls::Closed, &off, "wait: port 9042: nothing listens"),
        (Plaintext::Silent, Tls::Silent, &requires, "wait: port 9042: silent"),
        (Plaintext::Silent, tls(), &requires, "wait: port 9042: silent"),
        (refusals()[0].clone(), Tls::Silent, &requires, "wait: port 9042: silent"),
        (refusals()[0].clone(), mute, &requires, "wait: port 9042: TLS, but CQL does not answer in it"),
        // What is wrong already goes before what is open.
        (Plaintext::Accepted, Tls::Silent, &requires, "fail: port 9042: still accepts plaintext"),
    ] {
        assert_eq!(asked(plaintext, tls, wish), expected);
    }
}

#[test]
fn right_means_that_cql_answers() {
    for plaintext in [Plaintext::Accepted, refusals()[0].clone(), refusals()[1].clone()] {
        for tls in demands().into_iter().chain([tls(), Tls::NotTls]) {
            let look = WireLook { plaintext: plaintext.clone(), tls };
            for wish in [(true, true), (false, true), (true, false)]
                .into_iter()
                .flat_map(|(plaintext, tls)| [wish(plaintext, tls, false), wish(plaintext, tls, true)])
            {
                let right = told(wire_is_right::check(&look, &wish)) == "pass";
                assert!(!right || told(cql_answers::check(&look)) == "pass", "{look:?} {wish:?}");
            }
        }
    }
}
