//! A start command that would start Cassandra as root: its launcher refuses that, and the node would stay down.

use crate::facts::{Facts, Service};
use crate::input::Input;
use crate::input::inventory::{Become, Node};

/// What a command that becomes another user, or insists on root, has among its words (`-R`: `bin/cassandra`).
const CHOOSES_A_USER: [&str; 11] = [
    "sudo",
    "su",
    "runuser",
    "setpriv",
    "setuidgid",
    "chpst",
    "gosu",
    "doas",
    "start-stop-daemon",
    "systemd-run",
    "-R",
];

/// The nodes whose Cassandra runs as somebody else now. Only Cassandra's own launchers are known to refuse root; a script of
/// the operator's may become whom it likes.
pub fn warnings(input: &Input, facts: &Facts) -> Vec<String> {
    let of_node = |node: &Node| {
        let seen = facts.node(&node.name)?;
        let Service::Command { start, .. } = &seen.service else { return None };
        let user = &seen.process.as_ref()?.user;
        let is_root = node.ssh.become_ == Become::Sudo || node.ssh.user.as_deref() == Some("root");
        (is_root && !["root", "0"].contains(&user.as_str()) && would_start_as_root(start)).then(|| {
            format!(
                "`{}`: its start command runs as root, and Cassandra refuses to start so; it runs as `{user}` now: write \
                 `start: runuser -u {user} -- …`",
                node.name
            )
        })
    };
    input.inventory.nodes.iter().filter_map(of_node).collect()
}

fn would_start_as_root(start: &str) -> bool {
    let ends_a_word = |c: char| c.is_whitespace() || "\"';&|()".contains(c);
    let words = || start.split(ends_a_word).filter(|word| !word.is_empty());
    let is_launcher = |word: &str| word.ends_with("bin/cassandra") || word.ends_with("bin/dse");
    let chooses = |word: &str| CHOOSES_A_USER.contains(&word.rsplit('/').next().unwrap_or(word));
    words().any(is_launcher) && !words().any(chooses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_refused_as_root_and_what_names_a_user_is_not() {
        for (start, expected) in [
            ("/opt/cassandra/bin/cassandra", true),
            ("cd /opt/c && nohup bin/cassandra -p /run/c.pid >/dev/null 2>&1", true),
            ("CASSANDRA_CONF=/etc/c \"/opt/c/bin/cassandra\"", true),
            ("/opt/dse/bin/dse cassandra", true),
            ("/opt/cassandra/bin/cassandra -R", false),
            ("sudo -u cassandra /opt/c/bin/cassandra", false),
            ("su - cassandra -c '/opt/c/bin/cassandra'", false),
            ("/usr/sbin/runuser -u cassandra -- /opt/c/bin/cassandra", false),
            ("/etc/init.d/cassandra start", false),
            ("/usr/local/bin/start-cassandra", false),
        ] {
            assert_eq!(would_start_as_root(start), expected, "{start}");
        }
    }
}
