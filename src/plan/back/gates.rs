//! The holds of a run that its way back makes again.

use crate::input::playbook::KeepAvailable;
use crate::plan::Plan;
use crate::plan::step::{Gate, Hold, Step, Wire};

/// The holds that the run itself would have made around this node's turn.
pub struct Gates {
    pub keep: KeepAvailable,
    pub spare: Option<Hold>,
    pub healthy: Option<Hold>,
}

impl Gates {
    pub fn of(plan: &Plan, phase: usize, node: &str) -> Gates {
        let mut gates = Gates { keep: KeepAvailable::default(), spare: None, healthy: None };
        for step in plan.steps.iter().filter(|step| step.phase == phase && step.node == node) {
            let Step::Hold(hold) = &step.step else { continue };
            let keep = hold.gates.iter().find_map(|gate| match gate {
                Gate::CanBeSpared { keep } => Some(*keep),
                Gate::NodeIsUp
                | Gate::CqlAnswers
                | Gate::WireIsRight(_)
                | Gate::InternodeIsRight(_)
                | Gate::PeersSeeItUp
                | Gate::SchemaAgrees
                | Gate::ClientsReady(_)
                | Gate::OfferIsRight(_) => None,
            });
            match keep {
                Some(keep) => (gates.keep, gates.spare) = (keep, Some(hold.clone())),
                None => gates.healthy = Some(hold.clone()),
            }
        }
        gates
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
