//! The keys of a playbook.

use super::internode::INTERNODE;
use super::shape::{Choice, Form, Key, Table};
use super::store_keys::{PHASE_STORES, STORES};

pub static PLAYBOOK: Table = Table {
    name: "the playbook",
    keys: &[
        Key::new("playbook", Form::Text, "The playbook's name, in plans and journals.", "enable-client-tls").required(),
        Key::new(
            "stores",
            Form::Table(&STORES),
            "The stores that every node gets; the options `keystore`, `truststore` and their passwords follow from them.",
            "{ keystore: { from: node.p12, to: /etc/cassandra/tls/node.p12, password: env:KEYSTORE_PASSWORD } }",
        ),
        Key::new(
            "phases",
            Form::Tables(&PHASE),
            "What the cluster should be, one phase after the other; a phase keeps what the one before it set.",
            "[{ name: require, client_encryption_options: { enabled: true, optional: false } }]",
        )
        .required(),
        Key::new("rollout", Form::Table(&ROLLOUT), "How carefully the cluster is taken there.", "{ canary: 1 }"),
    ],
};

pub static PHASE: Table = Table {
    name: "a phase",
    keys: &[
        Key::new("name", Form::Text, "What plans and reports call the phase.", "require").required(),
        Key::new(
            "client_encryption_options",
            Form::Table(&OPTIONS),
            "What this section of cassandra.yaml should say; what no phase names stays as the node has it.",
            "{ enabled: true, optional: false }",
        ),
        Key::new(
            "stores",
            Form::Table(&PHASE_STORES),
            "What the phase changes of the stores; the others stay as the phase before had them.",
            "{ truststore: { from: stores/both.p12 } }",
        ),
        Key::new(
            "native_transport_port_ssl",
            Form::WholeOrNull { least: 1, most: 65535 },
            "A port for TLS beside the plaintext one; deprecated by Cassandra 5.0, and drivers find only the plaintext one. `null` takes it out of the file.",
            "9142",
        ),
        Key::new(
            "internode",
            Form::Table(&INTERNODE),
            "TLS between nodes: what server_encryption_options should say, in the steps of docs/internode.md.",
            "{ internode_encryption: none, optional: true }",
        ),
        Key::new(
            "settings",
            Form::Settings,
            "Any other settings of cassandra.yaml, by their dotted paths; `null` takes a setting out of the file.",
            "{ compaction_throughput: 64MiB/s, audit_logging_options.enabled: true }",
        ),
        Key::new("restart", Form::Choice(RESTART), "Which nodes are restarted.", "always").or("if_needed"),
        Key::new(
            "goes_back",
            Form::Bool,
            "Whether the phase may let in who is refused today, or turn TLS off; without it that is refused.",
            "true",
        )
        .or("false"),
        Key::new(
            "enter_when",
            Form::Table(&ENTER_WHEN),
            "When the phase may begin; a phase that finds every node as wished is not waited for.",
            "{ plaintext_clients: 0, for: 15m }",
        ),
    ],
};

pub static ENTER_WHEN: Table = Table {
    name: "`enter_when`",
    keys: &[
        Key::new(
            "plaintext_clients",
            Form::Whole { least: 0, most: 0 },
            "No client of any node speaks plaintext; told by 4.0 and later.",
            "0",
        ),
        Key::new(
            "tls_clients",
            Form::Whole { least: 0, most: 0 },
            "No client of any node speaks TLS, so that it can be turned off; told by 4.0 and later.",
            "0",
        ),
        Key::new(
            "clients_with_certificate",
            Form::Choice(&[Choice::new("all", "Every client shows a certificate.")]),
            "Who shows a certificate; 5.0 and earlier do not tell, so that `approved` is needed too.",
            "all",
        ),
        Key::new(
            "approved",
            Form::Bool,
            "A person says yes: on the terminal, or by `--approve PHASE`.",
            "true",
        ),
        Key::new(
            "for",
            Form::Duration { least_s: 1, most_s: 30 * DAY_S },
            "How long it must have been so of clients without a break.",
            "15m",
        )
        .or("15m"),
        Key::new(
            "within",
            Form::Duration { least_s: 2, most_s: 90 * DAY_S },
            "How long a run waits for it before it ends with exit code 4, to be resumed.",
            "24h",
        )
        .or("24h"),
    ],
};

const RESTART: &[Choice] = &[
    Choice::new("if_needed", "Those whose change takes effect by nothing less."),
    Choice::new("always", "Every node, changed or not."),
];

pub static OPTIONS: Table = Table {
    name: "`client_encryption_options`",
    keys: &[
        Key::new("enabled", Form::Bool, "Whether the client port speaks TLS.", "true"),
        Key::new("optional", Form::Bool, "Whether it speaks plaintext too.", "false").or("false"),
        Key::new(
            "keystore",
            Form::PathTemplate { absolute: true },
            "The node's key and certificate, if they are not in `stores`.",
            "/etc/cassandra/tls/keystore.p12",
        )
        .or("`to` of the store"),
        Key::new(
            "keystore_password",
            Form::Secret,
            "Where its password comes from.",
            "env:KEYSTORE_PASSWORD",
        )
        .or("`password` of the store"),
        Key::new("require_client_auth", Form::Bool, "Whether a client must show a certificate.", "true"),
        Key::new(
            "truststore",
            Form::PathTemplate { absolute: true },
            "The certificates by which clients are known, if they are not in `stores`.",
            "/etc/cassandra/tls/truststore.p12",
        )
        .or("`to` of the store"),
        Key::new(
            "truststore_password",
            Form::Secret,
            "Where its password comes from.",
            "env:TRUSTSTORE_PASSWORD",
        )
        .or("`password` of the store"),
        Key::new("protocol", Form::Text, "The TLS protocol; 3.x cannot pin one.", "TLS"),
        Key::new(
            "accepted_protocols",
            Form::Texts,
            "The TLS protocols that are accepted; 4.0 and later.",
            "[TLSv1.3, TLSv1.2]",
        ),
        Key::new("algorithm", Form::Text, "The key manager's algorithm.", "SunX509"),
        Key::new("store_type", Form::Text, "The type of both stores.", "PKCS12"),
        Key::new(
            "cipher_suites",
            Form::Texts,
            "The cipher suites that are accepted.",
            "[TLS_AES_256_GCM_SHA384]",
        ),
        Key::new(
            "ssl_context_factory",
            Form::Table(&FACTORY),
            "The class that reads the stores; 4.1 and later.",
            "{ class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }",
        ),
        Key::new(
            "require_endpoint_verification",
            Form::Bool,
            "Whether a client's certificate must name its address; 3.11 to 4.1 read it and do nothing.",
            "false",
        ),
    ],
};

pub static FACTORY: Table = Table {
    name: "`ssl_context_factory`",
    keys: &[
        Key::new(
            "class_name",
            Form::Text,
            "The class.",
            "org.apache.cassandra.security.PEMBasedSslContextFactory",
        )
        .required(),
        Key::new(
            "parameters",
            Form::Parameters,
            "What the class takes; a password or a private key is named by where it comes from.",
            "{ private_key: file:node.pem }",
        ),
    ],
};

pub static ROLLOUT: Table = Table {
    name: "`rollout`",
    keys: &[
        Key::new("waves", Form::Choice(WAVES), "Which nodes may be down together.", "node").or("node"),
        Key::new(
            "canary",
            Form::Whole { least: 0, most: 10_000 },
            "How many nodes go first, each watched for longer.",
            "1",
        )
        .or("1"),
        Key::new(
            "canary_look",
            Form::Duration { least_s: 0, most_s: DAY_S },
            "How long a canary is watched.",
            "30s",
        )
        .or("30s"),
        Key::new(
            "at_once",
            Form::Whole { least: 1, most: 1000 },
            "Nodes of a wave in work at the same time; to be said with waves of racks or of the ring.",
            "1",
        )
        .or("1"),
        Key::new(
            "keep_available",
            Form::Choice(KEEP),
            "What every range keeps while a node is down.",
            "quorum",
        )
        .or("local_quorum"),
        Key::new(
            "on_failure",
            Form::Choice(ON_FAILURE),
            "What happens when a node fails, such as one that does not come back healthy.",
            "stop",
        )
        .or("stop"),
        Key::new(
            "pause_after",
            Form::Choice(PAUSE_AFTER),
            "After what the run asks before it goes on; without a terminal it ends with exit code 4, to be resumed.",
            "canary",
        )
        .or("never"),
        Key::new(
            "window",
            Form::Texts,
            "When a node may be begun, in UTC; days may be left out. Outside of it the run waits, or ends with exit code 4 to be resumed.",
            "Sat,Sun 22:00-05:00 UTC",
        )
        .or("at any time"),
        Key::new(
            "steady_looks",
            Form::Whole { least: 1, most: 100 },
            "How many looks in a row must find a node healthy.",
            "3",
        )
        .or("3"),
        Key::new(
            "self_heal",
            Form::Bool,
            "Whether a node puts its old files back by itself where it does not answer after a restart and nobody is there.",
            "true",
        )
        .or("true"),
        Key::new("timeouts", Form::Table(&TIMEOUTS), "How long each part may take.", "{ start: 10m }"),
    ],
};

const WAVES: &[Choice] = &[
    Choice::new("node", "One node after the other."),
    Choice::new(
        "rack",
        "Nodes of one rack, as many as may be down together without a range falling below `keep_available`.",
    ),
    Choice::new(
        "ring",
        "Any nodes, as many as may be down together without a range falling below `keep_available`.",
    ),
];

const KEEP: &[Choice] = &[
    Choice::new("local_quorum", "A quorum of its replicas in every datacenter."),
    Choice::new("quorum", "A quorum of all its replicas."),
    Choice::new("one", "One replica."),
];

const PAUSE_AFTER: &[Choice] = &[
    Choice::new("never", "Nothing."),
    Choice::new("canary", "Each phase's canaries."),
    Choice::new("wave", "Every wave."),
    Choice::new("phase", "Every phase."),
];

const ON_FAILURE: &[Choice] = &[
    Choice::new("stop", "The run stops; the operator decides."),
    Choice::new(
        "restore_node",
        "The node gets its old files back, under the same gates; then the run stops.",
    ),
    Choice::new(
        "restore_run",
        "Every node that the run touched gets its old files back, as far as the last pause that the run passed.",
    ),
];

/// Longer than a day, and nobody would be watching any more.
const DAY_S: u64 = 86_400;

const TIMEOUT: Form = Form::Duration { least_s: 1, most_s: DAY_S };

pub static TIMEOUTS: Table = Table {
    name: "`timeouts`",
    keys: &[
        Key::new(
            "clients",
            Form::Duration { least_s: 0, most_s: DAY_S },
            "For clients to leave once the port is closed.",
            "5s",
        )
        .or("5s"),
        Key::new("drain", TIMEOUT, "For `nodetool drain`.", "60s").or("60s"),
        Key::new("stop", TIMEOUT, "For the process to end.", "60s").or("60s"),
        Key::new("start", TIMEOUT, "For the node to answer again; a long commit log takes minutes.", "10m")
            .or("10m"),
        Key::new("hold", TIMEOUT, "For the ring to allow the next step.", "30m").or("30m"),
        // Four signs of life, so that a network that falters is no death.
        Key::new(
            "heal",
            Form::Duration { least_s: 60, most_s: DAY_S },
            "For a sign of life of the run, before a node heals itself.",
            "12m",
        )
        .or("`start` and 2m"),
    ],
};
