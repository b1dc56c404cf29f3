//! May we go on? A gate looks at the ring or a node and answers; it never touches a host.

pub mod can_be_spared;
pub mod clients_ready;
pub mod cql_answers;
pub mod internode_is_right;
pub mod node_is_up;
pub mod offer_is_right;
pub mod peers_see_it_up;
pub mod schema_agrees;
pub mod wire_is_right;

use crate::node::nodetool::output::{State, StatusRow};

/// A gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    /// Not yet; time may mend it.
    Wait(String),
    /// Time will not mend it.
    Fail(String),
}

/// The ring in the eyes of one node: what its `nodetool status` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The node that was asked.
    pub observer: String,
    pub rows: Vec<ViewRow>,
}

/// One member in the eyes of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRow {
    pub up: bool,
    pub state: State,
    pub address: String,
    /// Empty where gossip has told none yet.
    pub host_id: String,
}

impl From<StatusRow> for ViewRow {
    fn from(row: StatusRow) -> ViewRow {
        ViewRow { up: row.up, state: row.state, address: row.address, host_id: row.host_id }
    }
}

/// What a node does to the ring, in nodetool's words.
fn doing(state: State) -> &'static str {
    match state {
        State::Normal => "normal",
        State::Joining => "joining",
        State::Leaving => "leaving",
        State::Moving => "moving",
    }
}
