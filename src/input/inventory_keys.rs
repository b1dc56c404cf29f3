//! The keys of an inventory.

use super::shape::{Choice, Form, Key, Table};

const PORT: Form = Form::Whole { least: 1, most: 65535 };

pub static INVENTORY: Table = Table {
    name: "the inventory",
    keys: &[
        Key::new(
            "cluster",
            Form::Text,
            "The `cluster_name` of cassandra.yaml; a node that reports another one is refused.",
            "orders",
        )
        .required(),
        Key::new(
            "ssh",
            Form::Table(&SSH),
            "How nodes are reached; each key may be repeated on a node, and `~/.ssh/config` holds beneath it.",
            "{ user: ops }",
        ),
        Key::new(
            "cassandra",
            Form::Table(&CASSANDRA),
            "How Cassandra is installed and run; each key may be repeated on a node.",
            "{ install: package }",
        ),
        Key::new(
            "nodes",
            Form::Tables(&NODE),
            "Every node of the cluster: one that the ring has and the list has not, or the reverse, is refused.",
            "[{ name: orders-1, address: 10.0.1.11 }]",
        )
        .required(),
    ],
};

pub static NODE: Table = Table {
    name: "a node",
    keys: &[
        Key::new(
            "name",
            Form::Text,
            "What ringwalk calls the node; `orders-[1..9]` stands for nine of them, `[a,b]` for two.",
            "orders-1",
        )
        .required(),
        Key::new(
            "address",
            Form::Text,
            "The address or host name that SSH connects to; a range here is as long as the one in `name`.",
            "10.0.1.11",
        )
        .required(),
        Key::new("datacenter", Form::Text, "Checked against what the ring says.", "dc1"),
        Key::new("rack", Form::Text, "Checked against what the ring says.", "r1"),
        Key::new("ssh", Form::Table(&SSH), "What differs here from the file's `ssh`.", "{ port: 2222 }"),
        Key::new(
            "cassandra",
            Form::Table(&CASSANDRA),
            "What differs here from the file's `cassandra`.",
            "{ location: /opt/cassandra }",
        ),
    ],
};

pub static SSH: Table = Table {
    name: "`ssh`",
    keys: &[
        Key::new("user", Form::Text, "The login user.", "ops").or("from `~/.ssh/config`, else who runs ringwalk"),
        Key::new("port", PORT, "The port of sshd.", "22").or("from `~/.ssh/config`, else 22"),
        Key::new(
            "identity",
            Form::Texts,
            "Private key files to offer, relative to the inventory; `~` is expanded.",
            "~/.ssh/id_ed25519",
        )
        .or("the agent's keys and those of `~/.ssh/config`"),
        Key::new("passphrase", Form::Secret, "The passphrase of the private keys.", "env:SSH_PASSPHRASE")
            .or("asked for when a key needs it"),
        Key::new("jump", Form::Text, "The bastion to go through, `user@host:port`.", "ops@bastion.example"),
        Key::new("become", Form::Choice(BECOME), "How the login user becomes root.", "sudo").or("none"),
        Key::new(
            "accept_new_host_keys",
            Form::Bool,
            "Whether a host that `known_hosts` does not have yet is believed and added; a changed key never is.",
            "false",
        )
        .or("false"),
        Key::new(
            "known_hosts",
            Form::Text,
            "The file of known host keys, relative to the inventory; `~` is expanded.",
            "~/.ssh/known_hosts",
        )
        .or("from `~/.ssh/config`, else `~/.ssh/known_hosts`"),
        Key::new(
            "config",
            Form::Text,
            "The OpenSSH client configuration to honour, relative to the inventory; `~` is expanded.",
            "~/.ssh/config",
        )
        .or("`~/.ssh/config`"),
        Key::new(
            "connect_timeout",
            Form::Duration { least_s: 1, most_s: 600 },
            "How long a host may take to answer; `ConnectTimeout` of `~/.ssh/config` goes before it.",
            "10s",
        )
        .or("10s"),
    ],
};

const BECOME: &[Choice] = &[
    Choice::new("none", "The login user is root, or runs Cassandra and owns its files."),
    Choice::new("sudo", "By `sudo -n`, without a password."),
];

pub static CASSANDRA: Table = Table {
    name: "`cassandra`",
    keys: &[
        Key::new("install", Form::Choice(INSTALL), "How Cassandra or DSE came onto the node.", "package")
            .or("auto"),
        Key::new(
            "location",
            Form::AbsolutePath,
            "A tarball's directory; `conf/` or, for DSE, `resources/cassandra/conf/` is found below it.",
            "/opt/cassandra",
        ),
        Key::new("config", Form::AbsolutePath, "The cassandra.yaml in use.", "/etc/cassandra/cassandra.yaml")
            .or("found from the running process and the layout"),
        Key::new("service", Form::Text, "The service that runs Cassandra.", "cassandra")
            .or("`start`, else the unit that the process is in; of a package else `cassandra` or `dse`"),
        Key::new(
            "start",
            Form::Text,
            "A command that starts Cassandra, for a tarball or an odd service.",
            "/opt/cassandra/bin/cassandra -p /run/cassandra/cassandra.pid",
        ),
        Key::new(
            "stop",
            Form::Text,
            "A command that stops Cassandra; it must not return before the process is told to end.",
            "kill $(cat /run/cassandra/cassandra.pid)",
        )
        .or("SIGTERM to the process"),
        Key::new(
            "user",
            Form::Text,
            "Who runs Cassandra on a node where it does not run now; where it runs, the process tells.",
            "cassandra",
        )
        .or("the owner of the files"),
        Key::new("nodetool", Form::AbsolutePath, "The nodetool to use.", "/opt/cassandra/bin/nodetool")
            .or("found beside Cassandra"),
        Key::new(
            "jmx",
            Form::Table(&JMX),
            "How the node's JMX is reached, by ringwalk and by nodetool.",
            "{ username: monitor, password: env:JMX_PASSWORD }",
        ),
        Key::new(
            "cql",
            Form::Table(&CQL),
            "Who reads the system tables, needed only if the cluster authenticates.",
            "{ username: ringwalk, password: env:CQL_PASSWORD }",
        ),
    ],
};

const INSTALL: &[Choice] = &[
    Choice::new("auto", "Found out from the node."),
    Choice::new("package", "deb or rpm: files under `/etc/cassandra` or `/etc/dse`, run as a service."),
    Choice::new("tarball", "Unpacked under `location`."),
];

pub static JMX: Table = Table {
    name: "`jmx`",
    keys: &[
        Key::new("port", PORT, "The JMX port.", "7199").or("7199"),
        Key::new("username", Form::Text, "Needed if JMX authenticates.", "monitor"),
        Key::new("password", Form::Secret, "Where that user's password comes from.", "env:JMX_PASSWORD"),
    ],
};

pub static CQL: Table = Table {
    name: "`cql`",
    keys: &[
        Key::new("username", Form::Text, "A role that may read `system` and `system_views`.", "ringwalk")
            .required(),
        Key::new("password", Form::Secret, "Where that role's password comes from.", "env:CQL_PASSWORD")
            .required(),
    ],
};
