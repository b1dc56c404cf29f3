//! The ring in the eyes of a few nodes, chosen so that no single one is believed.

use super::moment::Moment;
use super::{Cluster, Node};
use crate::facts::version::Flavour;
use crate::facts::{Facts, NodeFacts};
use crate::gates::{View, ViewRow};
use crate::node::jmx::{self, Standing};
use crate::node::nodetool::output::{self, State};
use crate::node::nodetool::{self, Nodetool};
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

/// Two observers see a partition that one does not; each more may cost a JVM start on its node at every look.
const OBSERVERS: usize = 2;

/// How often others are asked where some did not answer.
const ROUNDS: usize = 3;

/// Whoever answered at once has an old answer when the last one comes. A gossip needs that long, too, to find a node down.
const FRESH: Duration = Duration::from_secs(30);

/// What the observers say.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// When they were asked.
    pub asked: Option<Moment>,
    pub views: Vec<View>,
    /// Who did not answer, with the reason.
    pub silent: Vec<String>,
    /// How many views there should be: fewer where there are no more nodes to ask.
    pub wanted: usize,
}

/// Who may be asked about others. Looked up once for all questions of a run: it walks the ring for every node.
pub struct Observers {
    /// In the order of the cluster.
    places: Vec<Place>,
}

struct Place {
    runs: bool,
    /// Datacenter and rack; `None` of a node that is not in the ring.
    rack: Option<(String, String)>,
}

impl Observers {
    pub fn of(cluster: &Cluster, facts: &Facts) -> Observers {
        let place = |node: &Node| {
            let seen = facts.node(&node.name);
            let member = seen.and_then(|seen| facts.member_of(seen, &node.inventory.address));
            Place {
                runs: seen.is_some_and(|seen| seen.process.is_some()),
                rack: member.map(|member| (member.datacenter.clone(), member.rack.clone())),
            }
        };
        Observers { places: cluster.nodes.iter().map(place).collect() }
    }

    /// Running nodes other than `subject`, in the order in which they are asked about it: of other racks first, and of
    /// different ones. `cluster`: the one that these were looked up in.
    pub fn candidates<'a>(&self, cluster: &'a Cluster, subject: Option<&str>) -> Vec<&'a Node> {
        let placed = || cluster.nodes.iter().zip(&self.places);
        let is_subject = |node: &Node| Some(node.name.as_str()) == subject;
        let own = placed().find(|(node, _)| is_subject(node)).and_then(|(_, place)| place.rack.as_ref());
        let others = placed().filter(|(node, place)| place.runs && !is_subject(node));
        let mut met = BTreeSet::from([own]);
        // By rank: the first of a rack that is not the subject's, the others of such a rack, the subject's own rack.
        let mut ranked: Vec<(u8, &Node)> = others
            .map(|(node, place)| {
                let rack = place.rack.as_ref();
                (if rack == own { 2 } else { u8::from(!met.insert(rack)) }, node)
            })
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, node)| node).collect()
    }
}

/// How two of the candidates see the ring, asked at the same time. One that does not answer is replaced by the
/// next, and then all are asked again: what the others said is old by that time.
pub async fn look(candidates: &[&Node], facts: &Facts) -> Looks {
    let mut looks = Looks { wanted: OBSERVERS.min(candidates.len()), ..Looks::default() };
    let mut candidates = candidates.to_vec();
    for _ in 0..ROUNDS {
        let asked = Moment::now();
        let observers = &candidates[..OBSERVERS.min(candidates.len())];
        let answers = join_all(observers.iter().map(|node| status(node, facts))).await;
        looks.asked = Some(asked);
        looks.views.clear();
        let mut silent = Vec::new();
        for (node, answer) in observers.iter().zip(answers) {
            match answer {
                Ok(rows) => looks.views.push(View { observer: node.name.clone(), rows }),
                Err(why) => {
                    silent.push(node.name.clone());
                    looks.silent.push(format!("{}: {why}", node.name));
                }
            }
        }
        candidates.retain(|node| !silent.contains(&node.name));
        let is_fresh = asked.age() < FRESH;
        if is_fresh && (silent.is_empty() || candidates.len() < OBSERVERS) {
            return looks;
        }
        if !is_fresh {
            looks.views.clear();
        }
    }
    looks
}

/// From JMX itself, or by nodetool where that does not work: what it says of the reason is what operators know.
async fn status(node: &Node, facts: &Facts) -> Result<Vec<ViewRow>, String> {
    let seen = facts.node(&node.name).ok_or("it was not probed")?;
    let tool = node.nodetool(seen);
    if let Some(rows) = by_jmx(node, seen, facts, &tool).await {
        return Ok(rows);
    }
    let text = ask(node, &tool, &["status"]).await?;
    let rows = output::status(&text).map_err(|error| error.to_string())?;
    Ok(rows.into_iter().map(ViewRow::from).collect())
}

/// `None` where nodetool has to be asked. DSE's says more of a member than the lists of live nodes do, and whoever answers on the
/// port has to be this node.
async fn by_jmx(node: &Node, seen: &NodeFacts, facts: &Facts, tool: &Nodetool) -> Option<Vec<ViewRow>> {
    let own = facts.member_of(seen, &node.inventory.address)?;
    if seen.flavour == Flavour::Dse {
        return None;
    }
    let standing = jmx::standing(node.host.as_ref(), tool).await.ok()?;
    (standing.host_id == own.host_id).then(|| rows(standing))
}

fn rows(standing: Standing) -> Vec<ViewRow> {
    let Standing { members, live, joining, leaving, moving, .. } = standing;
    let on_the_way = [(joining, State::Joining), (leaving, State::Leaving), (moving, State::Moving)];
    let state = |address: &String| {
        let found = on_the_way.iter().find(|(addresses, _)| addresses.contains(address));
        found.map_or(State::Normal, |(_, state)| *state)
    };
    let row = |(address, host_id)| ViewRow {
        up: live.contains(&address),
        state: state(&address),
        address,
        host_id,
    };
    members.into_iter().map(row).collect()
}

/// One nodetool call on a node; the error is a sentence with its way out.
pub async fn ask(node: &Node, tool: &Nodetool, arguments: &[&str]) -> Result<String, String> {
    let output =
        node.host.run(&nodetool::command(tool, arguments)).await.map_err(|error| error.to_string())?;
    nodetool::answer(&output).map_err(|error| error.in_full())
}
