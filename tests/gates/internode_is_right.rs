use super::told;
use super::wire_is_right::{PUSHED, refusals};
use ringwalk::gates::internode_is_right;
use ringwalk::node::wire::Plaintext;
use ringwalk::node::wire::storage::StorageLook;
use ringwalk::plan::step::InternodeWish;

fn wish(plaintext: bool, tls: bool) -> InternodeWish {
    InternodeWish { port: 7000, tls_port: None, plaintext, tls, certificate: tls.then(|| PUSHED.into()) }
}

#[test]
fn the_port_between_nodes_takes_what_the_phase_says() {
    let [reset, _] = refusals();
    let (off, both, tls) = (wish(true, false), wish(true, true), wish(false, true));
    for (plaintext, served, wish, expected) in [
        (Plaintext::Accepted, None, &off, "pass"),
        (Plaintext::Accepted, Some(PUSHED), &both, "pass"),
        (reset.clone(), Some(PUSHED), &tls, "pass"),
        (Plaintext::Accepted, Some(PUSHED), &tls, "fail: port 7000 between nodes: still accepts plaintext"),
        (
            reset.clone(),
            Some(PUSHED),
            &both,
            "fail: port 7000 between nodes: refuses plaintext (the connection was reset)",
        ),
        (
            Plaintext::Accepted,
            None,
            &both,
            "fail: port 7000 between nodes: no TLS handshake shows a certificate",
        ),
        (
            Plaintext::Accepted,
            Some(PUSHED),
            &off,
            "fail: port 7000 between nodes: serves TLS, which the playbook does not ask for",
        ),
        (
            reset,
            Some("ccccccccccccccccdddd"),
            &tls,
            "fail: port 7000 between nodes: serves certificate cccccccccccccccc, not aaaaaaaaaaaaaaaa, which was pushed",
        ),
        (Plaintext::Silent, None, &both, "wait: port 7000 between nodes: silent"),
        (Plaintext::Closed, None, &tls, "wait: port 7000 between nodes: nothing listens"),
    ] {
        let look = StorageLook { plaintext, leaf_sha256: served.map(Into::into) };
        assert_eq!(told(internode_is_right::check(&look, wish)), expected);
    }
}

#[test]
fn before_4_0_each_has_a_port_that_opens_only_where_it_is_taken() {
    let wish = |plaintext, tls| InternodeWish { tls_port: Some(7001), ..wish(plaintext, tls) };
    let (off, both, tls) = (wish(true, false), wish(true, true), wish(false, true));
    for (plaintext, served, wish, expected) in [
        (Plaintext::Accepted, None, &off, "pass"),
        (Plaintext::Accepted, Some(PUSHED), &both, "pass"),
        (Plaintext::Closed, Some(PUSHED), &tls, "pass"),
        (Plaintext::Accepted, Some(PUSHED), &tls, "fail: port 7000 between nodes: still accepts plaintext"),
        (Plaintext::Closed, Some(PUSHED), &both, "wait: port 7000 between nodes: nothing listens"),
        (
            Plaintext::Closed,
            None,
            &tls,
            "wait: port 7001 between nodes: no TLS handshake shows a certificate",
        ),
        (
            Plaintext::Closed,
            Some("ccccccccccccccccdddd"),
            &tls,
            "fail: port 7001 between nodes: serves certificate cccccccccccccccc, not aaaaaaaaaaaaaaaa, which was pushed",
        ),
    ] {
        let look = StorageLook { plaintext, leaf_sha256: served.map(Into::into) };
        assert_eq!(told(internode_is_right::check(&look, wish)), expected);
    }
}
