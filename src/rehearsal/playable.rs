//! What of a plan a simulated cluster can play, and what is taken as if it were so.

use super::Desk;
use crate::facts::NodeFacts;
use crate::plan::Plan;
use crate::plan::conduct::Conduct;
use crate::plan::step::{Asks, Gate, Pause, Step};

/// The same steps in the same order: nobody is connected to a copy, so clients are ready; time is not of this world, so
/// the window is open; what is spoken there is rustls, so nobody asks what else its ports would agree to; and nodes do
/// not really speak to each other.
pub fn of(plan: Plan) -> Plan {
    let mut plan = Plan { conduct: Conduct { window: None, ..plan.conduct }, ..plan };
    for planned in &mut plan.steps {
        match &mut planned.step {
            Step::Pause(pause) => pause.clients = None,
            Step::Hold(hold) => hold.gates.retain(is_asked),
            Step::PushStore(_)
            | Step::EditYaml(_)
            | Step::Restart(_)
            | Step::Reload(_)
            | Step::RestoreFile(_)
            | Step::Confirm => {}
        }
    }
    plan
}

/// A sentence for each thing that is taken as if it were so.
pub fn as_if(desk: &Desk) -> Vec<String> {
    let plan = &desk.plan;
    let mut words = Vec::new();
    for pause in plan.steps.iter().filter_map(|planned| pause(&planned.step)) {
        if let Some(wish) = &pause.clients {
            let before = pause.what_follows();
            words.push(format!(
                "clients are ready for {before} ({wish}) as soon as it comes; waiting for them is not counted"
            ));
        }
        if pause.asks != Asks::Nobody {
            words.push(format!("somebody says yes to {} at once", pause.what_follows()));
        }
    }
    if plan.conduct.window.is_some() {
        words.push("the window is open all the time; waiting for it is not counted".into());
    }
    let gates: Vec<&Gate> = plan.steps.iter().flat_map(|planned| gates(&planned.step)).collect();
    if gates.iter().any(|gate| matches!(gate, Gate::OfferIsRight(_))) {
        words.push("ports agree to nothing but the protocols and cipher suites of the playbook".into());
    }
    if gates.iter().any(|gate| matches!(gate, Gate::InternodeIsRight(_))) {
        words.push("ports between nodes take what each step asks for, and all nodes hear each other".into());
    }
    words.extend(desk.facts.nodes.iter().filter(|seen| is_only_seen_down(desk, seen)).map(|seen| {
        format!("the peers of `{}` see it up: it runs and serves, and only gossip calls it down", seen.node)
    }));
    words
}

fn pause(step: &Step) -> Option<&Pause> {
    if let Step::Pause(pause) = step { Some(pause) } else { None }
}

fn gates(step: &Step) -> &[Gate] {
    if let Step::Hold(hold) = step { &hold.gates } else { &[] }
}

fn is_asked(gate: &Gate) -> bool {
    match gate {
        Gate::OfferIsRight(_) | Gate::InternodeIsRight(_) => false,
        Gate::CanBeSpared { .. }
        | Gate::NodeIsUp
        | Gate::CqlAnswers
        | Gate::WireIsRight(_)
        | Gate::PeersSeeItUp
        | Gate::SchemaAgrees
        | Gate::ClientsReady(_) => true,
    }
}

fn is_only_seen_down(desk: &Desk, seen: &NodeFacts) -> bool {
    let address =
        desk.input.inventory.nodes.iter().find(|node| node.name == seen.node).map(|node| &node.address);
    let member = address.and_then(|address| desk.facts.member_of(seen, address));
    seen.native.listening && member.is_some_and(|member| desk.facts.down.contains(&member.host_id))
}
