//! Whom a way back no longer serves, of the clients that are connected.

use super::Plan;
use super::back::Undone;
use super::stand::Progress;
use super::step::{Asks, Gate, Step, Wire};
use crate::facts::clients::{Client, Encryption};

/// Whether the ports refuse somebody on the way who can connect by TLS or plaintext before it.
pub fn may_cut_off(plan: &Plan) -> bool {
    let tls = |ports: &[&Wire]| ports.iter().any(|wire| wire.tls);
    let plaintext = |ports: &[&Wire]| ports.iter().any(|wire| wire.plaintext);
    let mut shown = plan.steps.iter().map(|step| ports(&step.step)).filter(|ports| !ports.is_empty());
    shown.any(|ports| !tls(&ports) || !plaintext(&ports) || ports.iter().any(|wire| wire.client_certificate))
}

/// Whether a client would not be served by its node any more. What the node does not tell of it speaks for nothing.
pub fn is_cut_off(plan: &Plan, client: &Client) -> bool {
    let own = plan.steps.iter().filter(|step| step.node == client.node);
    let mut shown = own.map(|step| ports(&step.step)).filter(|ports| !ports.is_empty());
    shown.any(|ports| match client.encryption {
        Encryption::Plaintext => !ports.iter().any(|wire| wire.plaintext),
        Encryption::Tls { .. } => {
            let demands = |wire: &Wire| wire.client_certificate && client.by_certificate == Some(false);
            !ports.iter().any(|wire| wire.tls && !demands(wire))
        }
        Encryption::NotKnown => false,
    })
}

/// What the run had waited for before it went on, and what is taken back all the same.
pub(super) fn waited_for<'a>(undone: &'a Undone<'_>) -> impl Iterator<Item = String> + 'a {
    let passed = undone.steps.iter().filter(|id| undone.progress[**id] == Progress::Done);
    passed.filter_map(|id| match &undone.plan.steps[*id].step {
        Step::Pause(pause) if pause.clients.is_some() || pause.asks == Asks::Operator => Some(format!(
            "the run was to {pause}, and this goes back behind that: a client that has moved since may not be served any more"
        )),
        Step::Pause(_)
        | Step::Hold(_)
        | Step::PushStore(_)
        | Step::EditYaml(_)
        | Step::Restart(_)
        | Step::Reload(_)
        | Step::RestoreFile(_)
        | Step::Confirm => None,
    })
}

/// What a hold wants the client ports to show.
fn ports(step: &Step) -> Vec<&Wire> {
    match step {
        Step::Hold(hold) => hold.gates.iter().filter_map(Gate::wire).collect(),
        Step::PushStore(_)
        | Step::EditYaml(_)
        | Step::Restart(_)
        | Step::Reload(_)
        | Step::RestoreFile(_)
        | Step::Confirm
        | Step::Pause(_) => Vec::new(),
    }
}
