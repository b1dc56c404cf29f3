//! The holds of a run that its way back makes again.

use crate::input::playbook::KeepAvailable;
use crate::plan::Plan;
use crate::plan::step::{Gate, Hold, Step, Wire};

/// What the run keeps available: it says so before each node that goes down, and everywhere the same.
pub fn keep_available(plan: &Plan) -> KeepAvailable {
    let holds = plan.steps.iter().filter_map(|step| hold(&step.step));
    holds.flat_map(|hold| hold.gates.iter().find_map(keeps)).next().unwrap_or_default()
}

/// The holds that the run itself would have made around this node's turn.
#[derive(Default)]
pub struct Gates {
    pub spare: Option<Hold>,
    pub healthy: Option<Hold>,
}

impl Gates {
    pub fn of(plan: &Plan, phase: usize, node: &str) -> Gates {
        let mut gates = Gates::default();
        let steps = plan.steps.iter().filter(|step| step.phase == phase && step.node == node);
        for hold in steps.filter_map(|step| hold(&step.step)) {
            let is_spare = hold.gates.iter().any(|gate| keeps(gate).is_some());
            let place = if is_spare { &mut gates.spare } else { &mut gates.healthy };
            *place = Some(hold.clone());
        }
        gates
    }
}

fn hold(step: &Step) -> Option<&Hold> {
    if let Step::Hold(hold) = step { Some(hold) } else { None }
}

fn keeps(gate: &Gate) -> Option<KeepAvailable> {
    match gate {
        Gate::CanBeSpared { keep } => Some(*keep),
        Gate::NodeIsUp
        | Gate::CqlAnswers
        | Gate::WireIsRight(_)
        | Gate::InternodeIsRight(_)
        | Gate::PeersSeeItUp
        | Gate::SchemaAgrees
        | Gate::ClientsReady(_)
        | Gate::OfferIsRight(_) => None,
    }
}

/// The same hold, for what the ports are to show now.
pub fn showing(mut hold: Hold, wires: &[Wire]) -> Hold {
    let at = hold.gates.iter().position(|gate| gate.wire().is_some());
    let at = at.unwrap_or(hold.gates.len());
    let is_of_the_run = |gate: &Gate| {
        matches!(gate, Gate::WireIsRight(_) | Gate::OfferIsRight(_) | Gate::InternodeIsRight(_))
    };
    hold.gates.retain(|gate| !is_of_the_run(gate));
    hold.gates.splice(at..at, wires.iter().cloned().flat_map(Wire::gates));
    hold
}
