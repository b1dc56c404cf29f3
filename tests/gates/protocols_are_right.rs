use super::told;
use ringwalk::facts::suites::Protocol;
use ringwalk::gates::protocols_are_right::check;
use ringwalk::plan::step::Protocols;
use std::collections::BTreeSet;

/// `10 12`: TLS 1.0 and 1.2.
fn versions(text: &str) -> BTreeSet<Protocol> {
    let version = |word: &str| match word {
        "10" => Protocol::Tls10,
        "11" => Protocol::Tls11,
        "12" => Protocol::Tls12,
        "13" => Protocol::Tls13,
        other => panic!("no TLS {other}"),
    };
    text.split_whitespace().map(version).collect()
}

#[test]
fn a_port_agrees_to_no_version_that_the_phase_does_not_accept() {
    for (offered, accepted, expected) in [
        ("12 13", "12 13", "pass"),
        ("13", "12 13", "pass"),
        ("", "12 13", "wait: port 9042: agrees to no version of TLS yet"),
        (
            "10 11 12 13",
            "12 13",
            "fail: port 9042: agrees to TLS 1.0, TLS 1.1; the phase accepts TLS 1.2, TLS 1.3 only",
        ),
        ("12", "13", "fail: port 9042: agrees to TLS 1.2; the phase accepts TLS 1.3 only"),
    ] {
        let wish = Protocols { port: 9042, accepted: versions(accepted) };
        assert_eq!(told(check(&versions(offered), &wish)), expected, "{offered} of {accepted}");
    }
}
