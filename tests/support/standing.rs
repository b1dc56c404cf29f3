//! A node's standing by JMX, held against what its `nodetool status` printed: no member is on its way in or out.

use ringwalk::node::jmx::Standing;
use ringwalk::node::nodetool::output::{self, State};
use std::collections::BTreeSet;

pub fn is_as_printed(standing: &Standing, printed: &str, whose: &str) {
    let rows = output::status(printed).unwrap();
    let members: BTreeSet<(String, String)> =
        rows.iter().map(|row| (row.address.clone(), row.host_id.clone())).collect();
    assert_eq!(standing.members.iter().cloned().collect::<BTreeSet<_>>(), members, "{whose}");
    let live = rows.iter().filter(|row| row.up).map(|row| row.address.clone());
    assert_eq!(standing.live, live.collect(), "{whose}");
    assert!(rows.iter().all(|row| row.state == State::Normal), "{whose}");
    let on_the_way: Vec<&String> =
        [&standing.joining, &standing.leaving, &standing.moving].into_iter().flatten().collect();
    assert!(on_the_way.is_empty(), "{whose}: {on_the_way:?}");
    assert!(members.iter().any(|(_, host_id)| *host_id == standing.host_id), "{whose}");
}
