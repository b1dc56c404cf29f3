//! May we go on? Each gate as a table: what was seen, and its answer.

mod can_be_spared;
mod captured;
mod clients_ready;
mod cql_answers;
mod internode_is_right;
mod node_is_up;
mod peers_see_it_up;
mod offer_is_right;
mod schema_agrees;
mod wire_is_right;

use ringwalk::gates::{Verdict, View, ViewRow};
use ringwalk::node::nodetool::output::State;

/// `pass`, `wait: why` or `fail: why`.
fn told(verdict: Verdict) -> String {
    match verdict {
        Verdict::Pass => "pass".into(),
        Verdict::Wait(why) => format!("wait: {why}"),
        Verdict::Fail(why) => format!("fail: {why}"),
    }
}

/// What one node sees: `UN a, DN b, UJ c`, by letters that are host ids. `UN -c` has told no host id yet.
fn view(observer: &str, rows: &str) -> View {
    let row = |row: &str| {
        let (state, node) = row.trim().split_once(' ').expect("a state and a node");
        let letter = node.trim_start_matches('-');
        ViewRow {
            up: state.starts_with('U'),
            state: match &state[1..] {
                "N" => State::Normal,
                "J" => State::Joining,
                "L" => State::Leaving,
                "M" => State::Moving,
                other => panic!("{other} is no state"),
            },
            address: format!("10.0.0.{letter}"),
            host_id: if node.starts_with('-') { String::new() } else { letter.into() },
        }
    };
    View { observer: observer.into(), rows: rows.split(',').map(row).collect() }
}
