//! A process that sees other files than the machine it runs on: a container, or a mount of its own.

use super::probes::{asks, at, facts, machine, running};
use ringwalk::node::probe::probe;

const TARBALL: &str = "/opt/c/conf:/opt/c/lib/apache-cassandra-5.0.6.jar";

/// The same line in a mount namespace of its own, in which this was done first.
fn apart(prepare: &str, line: &str) -> String {
    line.replace("(setpriv ", &format!("(unshare --mount sh -c '{prepare} && exec \"$@\"' - setpriv "))
}

#[tokio::test]
async fn a_unit_with_a_private_tmp_is_no_container() {
    let host = machine();
    host.sh(&apart("mount -t tmpfs private /tmp", &running("/opt/c/conf", "")));
    assert_eq!(facts(&host, at("/opt/c")).await.yaml.real_path, "/opt/c/conf/cassandra.yaml");
}

#[tokio::test]
async fn a_container_and_a_file_mounted_over_the_yaml_are_refused() {
    let a_container = "mkdir /mnt/box && mount -t tmpfs box /mnt/box && for d in usr lib lib64 bin etc opt; do \
                       mkdir /mnt/box/$d && mount --bind /$d /mnt/box/$d; done && set -- chroot /mnt/box \"$@\"";
    for (prepare, expected) in [
        (a_container, "the running Cassandra (process "),
        (
            "mount --bind /mnt/cassandra.yaml /opt/c/conf/cassandra.yaml",
            "the running Cassandra has another file mounted at /opt/c/conf/cassandra.yaml than this machine",
        ),
    ] {
        let host = machine();
        host.sh(&apart(prepare, &running(TARBALL, "")));
        let error = probe(&host, &asks(at("/opt/c"))).await.expect_err(expected);
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!error.help().is_empty());
    }
}
