use super::told;
use ringwalk::facts::suites::Protocol;
use ringwalk::facts::suites::SUITES;
use ringwalk::gates::offer_is_right::check;
use ringwalk::node::wire::offer::Offered;
use ringwalk::plan::step::Offer;
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
        let wish = Offer { port: 9042, protocols: versions(accepted), suites: BTreeSet::new() };
        let offer = Offered { versions: versions(offered), suites: SUITES.iter().collect() };
        assert_eq!(told(check(&offer, &wish)), expected, "{offered} of {accepted}");
    }
}

#[test]
fn a_port_takes_no_suite_that_the_phase_does_not_accept() {
    const GCM: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    const RC4: &str = "TLS_RSA_WITH_RC4_128_SHA";
    for (offered, accepted, expected) in [
        (&[GCM][..], &[GCM][..], "pass"),
        (&[], &[GCM], "pass"),
        (&[RC4], &["SSL_RSA_WITH_RC4_128_SHA"], "pass"),
        (&[GCM, RC4], &[], "pass"),
        (
            &[GCM, RC4],
            &[GCM],
            "fail: port 9042: agrees to TLS_RSA_WITH_RC4_128_SHA; \
             the phase accepts TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 only",
        ),
    ] {
        let wish = Offer {
            port: 9042,
            protocols: BTreeSet::new(),
            suites: accepted.iter().map(ToString::to_string).collect(),
        };
        let suites = SUITES.iter().filter(|suite| offered.contains(&suite.name)).collect();
        let offer = Offered { versions: versions("12 13"), suites };
        assert_eq!(told(check(&offer, &wish)), expected, "{offered:?} of {accepted:?}");
    }
}
