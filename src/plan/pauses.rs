//! Where a plan waits between its waves: what a phase's `enter_when` and `pause_after` become.

use super::step::{Asks, Before, ClientsWish, Pause};
use crate::diagnostic::Diagnostic;
use crate::facts::version::Version;
use crate::facts::{Facts, NodeFacts};
use crate::input::Input;
use crate::input::entry::{ClientsMust, EnterWhen, PauseAfter};
use crate::input::playbook::Phase;

/// From this version on, 4.0, a node tells which clients speak TLS.
const TELLS_ENCRYPTION: Version = Version::new(4, 0, 0);
/// The first version after 5.0, whose `system_views.clients` has `authentication_mode`.
const TELLS_CERTIFICATES: Version = Version::new(5, 1, 0);

/// The pause before a phase.
pub fn before(phase: &Phase) -> Option<Pause> {
    let enter = phase.enter_when.as_ref()?;
    let asks = if enter.approved { Asks::Operator } else { Asks::Nobody };
    Some(Pause { phase: phase.name.clone(), before: Before::Phase, clients: clients(enter), asks })
}

fn clients(enter: &EnterWhen) -> Option<ClientsWish> {
    let must = enter.clients_must();
    (!must.is_empty()).then_some(ClientsWish {
        must,
        for_s: enter.window.as_secs(),
        within_s: enter.within.as_secs(),
        vouched: enter.approved,
    })
}

/// The pause after a wave that another wave of its phase follows.
pub fn after_wave(pause_after: PauseAfter, phase: &str, was_last_canary: bool) -> Option<Pause> {
    let is_due = match pause_after {
        PauseAfter::Never | PauseAfter::Phase => false,
        PauseAfter::Canary => was_last_canary,
        PauseAfter::Wave => true,
    };
    is_due.then(|| asking(phase, Before::Wave))
}

/// The pause after a phase that this one follows; one that asks anyhow need not ask twice. `had_canaries_alone`: that phase
/// changed no other node, so that nothing was asked after its last one.
pub fn after_phase(pause_after: PauseAfter, next: &Phase, had_canaries_alone: bool) -> Option<Pause> {
    let is_due = match pause_after {
        PauseAfter::Never => false,
        PauseAfter::Canary => had_canaries_alone,
        PauseAfter::Wave | PauseAfter::Phase => true,
    };
    let asks_anyhow = next.enter_when.as_ref().is_some_and(|enter| enter.approved);
    (is_due && !asks_anyhow).then(|| asking(&next.name, Before::Phase))
}

fn asking(phase: &str, before: Before) -> Pause {
    Pause { phase: phase.into(), before, clients: None, asks: Asks::OperatorOrResume }
}

/// Conditions that some node's version cannot show, unless a person vouches for them.
pub fn problems(input: &Input, facts: &Facts) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (index, phase) in input.playbook.phases.iter().enumerate() {
        let Some(enter) = phase.enter_when.as_ref().filter(|enter| !enter.approved) else { continue };
        for must in enter.clients_must() {
            let silent: Vec<&NodeFacts> = facts.nodes.iter().filter(|node| !tells(node, must)).collect();
            if let Some(node) = silent.first() {
                let more = match silent.len() - 1 {
                    0 => String::new(),
                    more => format!(" (and {more} more nodes)"),
                };
                let message = format!(
                    "`{}` runs {}, which does not tell {}{more}",
                    node.node,
                    node.version,
                    what(must)
                );
                let place = format!("phases[{index}].enter_when.{}", key(must));
                let help =
                    "add `approved: true`: what the nodes do tell is waited for, and then you are asked";
                problems.push(input.playbook.source.diagnostic_of(&place, message, help));
            }
        }
    }
    problems
}

fn tells(node: &NodeFacts, must: ClientsMust) -> bool {
    let base = node.flavour.apache_base(node.version);
    match must {
        ClientsMust::NotSpeakPlaintext | ClientsMust::NotSpeakTls => base >= TELLS_ENCRYPTION,
        ClientsMust::ShowCertificates => base >= TELLS_CERTIFICATES,
    }
}

fn what(must: ClientsMust) -> &'static str {
    match must {
        ClientsMust::NotSpeakPlaintext | ClientsMust::NotSpeakTls => "which clients speak TLS",
        ClientsMust::ShowCertificates => "which clients show a certificate",
    }
}

fn key(must: ClientsMust) -> &'static str {
    match must {
        ClientsMust::NotSpeakPlaintext => "plaintext_clients",
        ClientsMust::NotSpeakTls => "tls_clients",
        ClientsMust::ShowCertificates => "clients_with_certificate",
    }
}
