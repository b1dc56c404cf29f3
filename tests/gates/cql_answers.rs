use super::told;
use super::wire_is_right::{PUSHED, demands, refusals, served, tls};
use ringwalk::gates::cql_answers::check;
use ringwalk::node::wire::{ClientCertificate, Plaintext, Tls, WireLook};

#[test]
fn any_way_in_that_answers_is_enough() {
    let [reset, alert] = refusals();
    let mute = served(PUSHED, false, ClientCertificate::NotAsked);
    let failing = Tls::Refused("received fatal alert: HandshakeFailure".into());
    let closed = "wait: the client port is closed";
    let does_not = "wait: the client port does not answer";
    let mut cases = vec![
        (Plaintext::Accepted, Tls::NotTls, "pass"),
        (Plaintext::Accepted, failing.clone(), "pass"),
        (Plaintext::Accepted, tls(), "pass"),
        (reset.clone(), tls(), "pass"),
        (alert.clone(), served(PUSHED, true, ClientCertificate::Accepted), "pass"),
        (Plaintext::Closed, Tls::Closed, closed),
        (Plaintext::Silent, Tls::Silent, does_not),
        (reset.clone(), mute, does_not),
        (alert, failing, does_not),
        (reset.clone(), Tls::NotTls, does_not),
    ];
    cases.extend(demands().into_iter().map(|demand| (reset.clone(), demand, "pass")));
    for (plaintext, tls, expected) in cases {
        let look = WireLook { plaintext, tls };
        assert_eq!(told(check(&look)), expected, "{look:?}");
    }
}
