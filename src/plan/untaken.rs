//! Who would stand outside: clients of a port that has no half way, and we, with the TLS that a playbook asks for.

use super::options::some;
use super::ports::ClientOptions;
use crate::diagnostic::Diagnostic;
use crate::facts::suites::SPOKEN_HERE;
use crate::facts::version::Version;
use crate::facts::{Facts, NodeFacts};
use crate::formats::yaml;
use crate::input::Input;
use crate::input::options::{OptionKey, Setting};

/// Thrift, which 3.x serves where `start_rpc` says so: its port takes TLS alone as soon as `enabled` is true, whatever
/// `optional` says (`CustomTThreadPoolServer.Factory`), and one that is `hsha` does not start with it
/// (`THsHaDisruptorServer.Factory`).
pub fn thrift(input: &Input, facts: &Facts) -> (Vec<Diagnostic>, Vec<String>) {
    let phase = input.playbook.phases.iter().position(|phase| {
        let said = phase.client_encryption_options.get(&OptionKey::Enabled);
        said.is_some_and(|said| said.value == Setting::Bool(true))
    });
    let Some(phase) = phase else { return (Vec::new(), Vec::new()) };
    let is_old = |seen: &&NodeFacts| seen.flavour.apache_base(seen.version) < Version::new(4, 0, 0);
    let serves = facts.nodes.iter().filter(is_old).filter_map(|seen| Some((seen, Thrift::of(seen)?)));
    let (refuses, turns): (Vec<_>, Vec<_>) = serves.partition(|(_, thrift)| thrift.is_hsha);
    let refused = named(&refuses).map(|nodes| {
        let message = format!(
            "{nodes} would not start with `enabled: true`: Thrift is served there with `rpc_server_type: hsha`, which has no TLS"
        );
        let help = "set `start_rpc: false` there first, or `rpc_server_type: sync` if somebody still uses Thrift";
        let place = format!("phases[{phase}].client_encryption_options.enabled");
        input.playbook.source.diagnostic_of(&place, message, help)
    });
    let warned = named(&turns).map(|nodes| {
        format!(
            "{nodes}: Thrift is served there (`start_rpc: true`, port {}), and takes TLS alone from phase `{}` on, whatever \
             `optional` says; no client of it is counted here",
            turns[0].1.port, input.playbook.phases[phase].name
        )
    });
    (refused.into_iter().collect(), warned.into_iter().collect())
}

struct Thrift {
    port: i64,
    is_hsha: bool,
}

impl Thrift {
    fn of(seen: &NodeFacts) -> Option<Thrift> {
        // A file is read as YAML only if it may say so: the stock one says `false`.
        let text = seen.yaml.text.expose();
        let may_say_so = |line: &str| line.starts_with("start_rpc") && !line.trim_end().ends_with("false");
        text.lines().any(may_say_so).then_some(())?;
        let root = yaml::parse(text).ok().flatten()?;
        let is_on = root.get("start_rpc").and_then(yaml::as_bool_1_1) == Some(true);
        let stands_on = ClientOptions::of(Some(&root)).enabled;
        (is_on && !stands_on).then(|| Thrift {
            port: root.get("rpc_port").and_then(yaml::as_integer_1_1).unwrap_or(9160),
            is_hsha: root.get("rpc_server_type").and_then(yaml::Node::as_str) == Some("hsha"),
        })
    }
}

fn named(nodes: &[(&NodeFacts, Thrift)]) -> Option<String> {
    let nodes: Vec<&NodeFacts> = nodes.iter().map(|(seen, _)| *seen).collect();
    (!nodes.is_empty()).then(|| some(&nodes))
}

/// `cipher_suites` of which we speak none: what such a port serves cannot be proved, and the gates would not pass.
pub fn unspoken(input: &Input, facts: &Facts) -> Option<String> {
    let last = input.playbook.phases.len().checked_sub(1)?;
    let wish = input.playbook.wish(last);
    let is_off = wish.get(&OptionKey::Enabled).is_some_and(|said| said.value == Setting::Bool(false));
    let is_ours = |name: &String| SPOKEN_HERE.contains(&name.as_str());
    let said = wish.get(&OptionKey::CipherSuites).map(|said| match &said.value {
        Setting::List(names) => !names.is_empty() && !names.iter().any(is_ours),
        _ => false,
    });
    let in_file = |seen: &NodeFacts| {
        let text = seen.yaml.text.expose();
        text.lines().any(|line| line.trim_start().starts_with("cipher_suites")).then_some(())?;
        let suites = ClientOptions::of(yaml::parse(text).ok().flatten().as_ref()).suites;
        Some(!suites.is_empty() && !suites.iter().any(is_ours))
    };
    let is_unspoken = |seen: &&NodeFacts| said.or_else(|| in_file(seen)).unwrap_or(false);
    let nodes: Vec<&NodeFacts> = facts.nodes.iter().filter(is_unspoken).collect();
    (!is_off && !nodes.is_empty()).then(|| {
        format!(
            "`cipher_suites` on {} has none that ringwalk speaks: unless the node's TLS library keeps TLS 1.3 on beside \
             them, the first node would not pass `wire_is_right`; add one of ECDHE with AES-GCM, such as \
             TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            some(&nodes)
        )
    })
}
