//! Is the node up and normal in the eyes of its peers?

use super::{Verdict, View, doing};
use crate::node::nodetool::output::State;

/// Every observer must show the node as `UN`. `UN` comes up to two seconds before the client port opens (measured), so
/// this gate is asked together with the wire, never instead of it.
pub fn check(views: &[View], host_id: &str) -> Verdict {
    if views.is_empty() {
        return Verdict::Wait("no peer could be asked".into());
    }
    let doubts: Vec<String> = views.iter().filter_map(|view| doubt(view, host_id)).collect();
    if doubts.is_empty() { Verdict::Pass } else { Verdict::Wait(doubts.join("; ")) }
}

fn doubt(view: &View, host_id: &str) -> Option<String> {
    match view.rows.iter().find(|row| row.host_id == host_id) {
        None => Some(format!("{} does not know it", view.observer)),
        Some(row) if !row.up => Some(format!("{} sees it down", view.observer)),
        Some(row) if row.state != State::Normal => {
            Some(format!("{} sees it {}", view.observer, doing(row.state)))
        }
        Some(_) => None,
    }
}
