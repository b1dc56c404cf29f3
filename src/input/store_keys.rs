//! The keys of a playbook's stores: those of every phase, and those that a phase changes.

use super::shape::{Form, Key, Table};

const DAY_S: u64 = 86_400;

pub static STORES: Table = Table {
    name: "`stores`",
    keys: &[
        Key::new(
            "keystore",
            Form::Table(&STORE),
            "The node's key and certificate.",
            "{ from: node.p12, to: /etc/cassandra/tls/node.p12, password: env:KEYSTORE_PASSWORD }",
        ),
        Key::new(
            "truststore",
            Form::Table(&STORE),
            "The certificates by which the node knows its clients.",
            "{ from: trust.p12, to: /etc/cassandra/tls/trust.p12, password: env:TRUSTSTORE_PASSWORD }",
        ),
        Key::new(
            "internode_keystore",
            Form::Table(&STORE),
            "The key and certificate by which other nodes know it.",
            "{ from: node.p12, to: /etc/cassandra/internode/node.p12, password: env:INTERNODE_PASSWORD }",
        ),
        Key::new(
            "internode_truststore",
            Form::Table(&STORE),
            "The certificates by which it knows other nodes.",
            "{ from: nodes.p12, to: /etc/cassandra/internode/nodes.p12, password: env:INTERNODE_PASSWORD }",
        ),
        Key::new(
            "client_truststores",
            Form::Tables(&CLIENT_TRUSTSTORE),
            "Truststores that clients are known to have; a keystore that one of them would refuse is refused.",
            "[{ from: clients/orders-app.jks, password: env:ORDERS_APP_TRUSTSTORE }]",
        ),
        Key::new(
            "expiry_warning",
            Form::Duration { least_s: 0, most_s: 3650 * DAY_S },
            "How long before a certificate ends a plan begins to warn of it.",
            "30d",
        )
        .or("30d"),
        Key::new(
            "allow_expired",
            Form::Bool,
            "Whether a certificate that has ended is a warning instead of a refusal.",
            "false",
        )
        .or("false"),
    ],
};

pub static STORE: Table = Table {
    name: "a store",
    keys: &[
        Key::new(
            "from",
            Form::PathTemplate { absolute: false },
            "The file beside the operator, relative to the playbook; `{node}` and `{address}` stand for each node's own.",
            "\"stores/{node}.p12\"",
        )
        .required(),
        Key::new(
            "to",
            Form::PathTemplate { absolute: true },
            "Where it goes on the node; an absolute path, since Cassandra reads any other from where it was started.",
            "/etc/cassandra/tls/keystore.p12",
        )
        .required(),
        Key::new("password", Form::Secret, "Where the store's password comes from.", "env:KEYSTORE_PASSWORD").required(),
        Key::new("owner", Form::Text, "The file's owner, `user` or `user:group`.", "cassandra:cassandra")
            .or("who runs Cassandra"),
        Key::new("mode", Form::Mode, "The file's mode.", "\"0400\"").or("\"0400\""),
    ],
};

pub static CLIENT_TRUSTSTORE: Table = Table {
    name: "a client's truststore",
    keys: &[
        Key::new(
            "from",
            Form::Text,
            "The file beside the operator, relative to the playbook.",
            "clients/orders-app.jks",
        )
        .required(),
        Key::new(
            "password",
            Form::Secret,
            "Where its password comes from; PEM has none.",
            "env:ORDERS_APP_TRUSTSTORE",
        ),
    ],
};

pub static PHASE_STORES: Table = Table {
    name: "the `stores` of a phase",
    keys: &[
        Key::new(
            "keystore",
            Form::Table(&PHASE_STORE),
            "Another key and certificate from this phase on.",
            "{ from: \"stores/2027/{node}.p12\" }",
        ),
        Key::new(
            "truststore",
            Form::Table(&PHASE_STORE),
            "Other certificates to know clients by from this phase on.",
            "{ from: stores/both.p12 }",
        ),
    ],
};

/// What it does not say is as it was.
pub static PHASE_STORE: Table = Table {
    name: "a store of a phase",
    keys: &[
        Key::new(
            "from",
            Form::PathTemplate { absolute: false },
            "The file beside the operator, relative to the playbook; `{node}` and `{address}` stand for each node's own.",
            "\"stores/2027/{node}.p12\"",
        )
        .required(),
        Key::new(
            "to",
            Form::PathTemplate { absolute: true },
            "Where it goes on the node; a new path takes a restart.",
            "/etc/cassandra/tls/keystore.p12",
        )
        .or("as before"),
        Key::new(
            "password",
            Form::Secret,
            "Where the store's password comes from; a new password takes a restart.",
            "env:KEYSTORE_PASSWORD",
        )
        .or("as before"),
        Key::new("owner", Form::Text, "The file's owner, `user` or `user:group`.", "cassandra:cassandra").or("as before"),
        Key::new("mode", Form::Mode, "The file's mode.", "\"0400\"").or("as before"),
    ],
};
