//! What the keys of `rollout` mean together.

use super::playbook::{Playbook, Waves};
use super::reader::Reader;

/// One node after the other, or several and how many.
pub(super) fn check(playbook: &Playbook, reader: &mut Reader) {
    let rollout = &playbook.rollout;
    let said = playbook.source.place("rollout.at_once");
    match (rollout.waves, said) {
        (Waves::Node, Some(span)) if rollout.at_once > 1 => {
            let message = format!("`at_once: {}` with waves of one node", rollout.at_once);
            reader.refuse(span, message, "write `waves: rack` or `waves: ring`, or leave `at_once` out");
        }
        (Waves::Rack | Waves::Ring, None) => {
            let Some(span) = playbook.source.place("rollout.waves") else { return };
            let message = "waves of several nodes, and not how many of them may be in work at the same time";
            reader.refuse(span, message, "say it, for example `at_once: 3`");
        }
        (Waves::Node | Waves::Rack | Waves::Ring, _) => {}
    }
}
