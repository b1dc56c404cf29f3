//! A node that cannot be reached, trusted or asked: said of every node at once, before anything is touched.

use super::desk::Desk;
use super::rig::{fault, heal_network, on, ring_says, state, until};
use std::fs;
use std::time::Duration;

pub fn scene() {
    let desk = Desk::of_this_ring();
    unreachable(&desk);
    unplugged(&desk);
    unknown_and_changed_host_keys(&desk);
    sudo_asks_for_a_password(&desk);
    nodetool_does_not_answer(&desk);
    jmx_refuses_the_password(&desk);
}

fn unreachable(desk: &Desk) {
    let quick = desk.read("inventory.yaml").replace("ssh:\n", "ssh:\n  connect_timeout: 3s\n");
    desk.write("quick.yaml", &quick);
    fault("n2", &["port", "22"]);
    fault("n3", &["reset", "22"]);
    let screen = desk.ringwalk_on("quick.yaml", "enable.yaml", &["plan"]);
    heal_network("n2");
    heal_network("n3");
    screen
        .exits(2)
        .says("node `n2`: cannot look at it: cannot connect to 10.77.0.12:22")
        .says("node `n3`: cannot look at it")
        .says("refused")
        .says_not("node `n1`");
}

/// Silence: not even a refusal comes back.
fn unplugged(desk: &Desk) {
    fault("n2", &["loss", "100"]);
    let screen = desk.ringwalk_on("quick.yaml", "enable.yaml", &["plan"]);
    heal_network("n2");
    screen
        .exits(2)
        .says("node `n2`: cannot look at it: cannot connect to 10.77.0.12:22: no answer within 3 s")
        .says("see that `ssh NODE true` works")
        .says_not("node `n1`")
        .says_not("node `n3`");
    // Its peers may have called it down meanwhile.
    ring_says(&["wait", "120"]);
}

fn unknown_and_changed_host_keys(desk: &Desk) {
    let known = fs::read_to_string(state().join("known_hosts")).unwrap();
    let keys: Vec<&str> = known.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    // n1 as it is, n2 with the key of n3, n3 not at all.
    let changed = format!("{}\nn2,10.77.0.12 {}\n", known.lines().next().unwrap(), keys[2]);
    desk.write("known_hosts", &changed);
    let inventory = desk.read("inventory.yaml");
    let line = inventory.lines().find(|line| line.contains("known_hosts:")).unwrap();
    desk.write("strangers.yaml", &inventory.replace(line, "  known_hosts: known_hosts"));
    desk.ringwalk_on("strangers.yaml", "enable.yaml", &["plan"])
        .exits(2)
        .says("node `n2`")
        .says("has changed")
        .says("node `n3`")
        .says("is not known")
        .says("known_hosts")
        .says_not("node `n1`");
    assert_eq!(desk.read("known_hosts"), changed, "a key is trusted by nobody but the operator");
}

fn sudo_asks_for_a_password(desk: &Desk) {
    on("n2", "sed -i 's/NOPASSWD: //' /etc/sudoers.d/ops");
    let screen = desk.ringwalk(&["check"]);
    on("n2", "sed -i 's/(ALL) ALL/(ALL) NOPASSWD: ALL/' /etc/sudoers.d/ops");
    screen
        .exits(2)
        .says("node `n2`: cannot become root: sudo asks for a password")
        .says("NOPASSWD: ALL")
        .says("/etc/sudoers.d");
}

fn nodetool_does_not_answer(desk: &Desk) {
    let with = |line: &str| {
        desk.read("inventory.yaml").replace("  install: auto\n", &format!("  install: auto\n  {line}\n"))
    };
    desk.write("jmx.yaml", &with("jmx: { port: 7198 }"));
    desk.ringwalk_on("jmx.yaml", "enable.yaml", &["plan"])
        .exits(2)
        .says("n1")
        .says("7198")
        .says("`cassandra.jmx.port`");
    desk.write("tool.yaml", &with("nodetool: /opt/nodetool"));
    desk.ringwalk_on("tool.yaml", "enable.yaml", &["plan"])
        .exits(2)
        .says("/opt/nodetool")
        .says("set `cassandra.nodetool`");
}

/// Cassandra's own JMX server asks for a password where the JVM's properties say so, for local connections too.
fn jmx_refuses_the_password(desk: &Desk) {
    const NODES: [&str; 3] = ["n1", "n2", "n3"];
    let environment = "/etc/cassandra/cassandra-env.sh";
    let property = "-Dcom.sun.management.jmxremote";
    // Cassandra's JMX server names a class of the JVM that Java 17 keeps to itself.
    let opened = "--add-exports=java.management/com.sun.jmx.remote.security=ALL-UNNAMED";
    for node in NODES {
        on(
            node,
            &format!(
                "cp -p {environment} /root/kept.env; cd /etc/cassandra && echo 'monitor right-secret' >jmx.password \
                 && chown cassandra: jmx.password && chmod 400 jmx.password \
                 && echo 'JVM_OPTS=\"$JVM_OPTS {opened} {property}.authenticate=true {property}.password.file=/etc/cassandra/jmx.password\"' \
                 >>{environment} && systemctl restart cassandra"
            ),
        );
        let asks = "nodetool -u monitor -pw right-secret status 2>/dev/null | grep -c ^UN || :";
        until(&format!("{node} sees all"), Duration::from_secs(120), || on(node, asks).trim() == "3");
    }
    let with = |password: &str| {
        let line = format!("  jmx: {{ username: monitor, password: \"file:{password}\" }}");
        desk.read("inventory.yaml").replace("  install: auto\n", &format!("  install: auto\n{line}\n"))
    };
    for (password, secret) in [("jmx-right", "right-secret\n"), ("jmx-wrong", "wrong-secret\n")] {
        desk.write(password, secret);
        desk.write(&format!("{password}.yaml"), &with(password));
    }
    let wrong = desk.ringwalk_on("jmx-wrong.yaml", "enable.yaml", &["plan"]);
    let none = desk.ringwalk(&["plan"]);
    let right = desk.ringwalk_on("jmx-right.yaml", "enable.yaml", &["plan"]);
    for node in NODES {
        on(
            node,
            &format!(
                "mv /root/kept.env {environment} && rm /etc/cassandra/jmx.password && systemctl restart cassandra"
            ),
        );
    }
    ring_says(&["wait", "240"]);
    wrong.exits(2).says("n1: JMX refused the username or the password").says_not("wrong-secret");
    none.exits(2).says("JMX demands a username and a password").says("`cassandra.jmx");
    right.says_not("JMX").says_not("right-secret");
}
