//! Tokens and replication settings in, the replicas of every range out: the ring as Cassandra places it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The replicas of every range, in ring order. Empty where there is nothing to place: no tokens, a `Local` keyspace,
/// a strategy we do not know.
///
/// As `calculateNaturalReplicas` of Cassandra's `SimpleStrategy` and `NetworkTopologyStrategy` does it (the same sets
/// in 3.0 to 5.0). A replica is an index into `members`; the first one owns the range's end token. Members without
/// tokens hold nothing and count neither as nodes nor for racks. `Everywhere` gives one range, the whole ring.
pub fn placement(members: &[Member], replication: &Replication) -> Vec<Range> {
    let ring = sorted_tokens(members);
    match replication {
        Replication::Simple { factor } => walk_every_range(&ring, || SimpleWalk { left: *factor }),
        Replication::NetworkTopology(factors) => {
            let topology = Topology::of(members);
            walk_every_range(&ring, || TopologyWalk::new(&topology, factors))
        }
        Replication::Everywhere => whole_ring(&ring, members),
        Replication::Local | Replication::Unknown(_) => Vec::new(),
    }
}

/// The tokens from `start` (not included) to `end` (included), and who holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    pub start: i128,
    pub end: i128,
    pub replicas: Vec<usize>,
}

/// One node as its peers know it (`system.local`, `system.peers`, or `nodetool status`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub host_id: String,
    /// The broadcast address: the name that peers and `nodetool status` use.
    pub address: String,
    /// Where it serves clients.
    pub rpc_address: String,
    pub datacenter: String,
    pub rack: String,
    pub release_version: String,
    /// Empty while it joins, and where only nodetool was asked.
    #[serde(with = "tokens_as_text")]
    pub tokens: Vec<i128>,
}

/// How a keyspace is replicated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replication {
    Simple {
        factor: usize,
    },
    /// Replicas per datacenter.
    NetworkTopology(BTreeMap<String, usize>),
    /// Every node for itself: `system` and `system_schema`.
    Local,
    /// A full copy on every node (DSE's `EverywhereStrategy`).
    Everywhere,
    /// Its replicas cannot be told; the text says why.
    Unknown(String),
}

/// Where 6.0 keeps the ring itself (CEP-21). Its replicas are the members of the cluster metadata service, chosen by
/// `nodetool cms`, whatever `system_schema` shows for those who read it so.
const CLUSTER_METADATA: &str = "system_cluster_metadata";

impl Replication {
    /// Of a keyspace.
    pub fn of(keyspace: &str, settings: &BTreeMap<String, String>) -> Replication {
        match keyspace {
            CLUSTER_METADATA => Replication::Unknown("the cluster metadata service".into()),
            _ => Replication::parse(settings),
        }
    }

    /// Reads the map of `system_schema.keyspaces.replication`. The class may be a short name or a full one. Transient
    /// replication (`3/1`) is `Unknown`: which of its replicas answer a read depends on repair.
    pub fn parse(settings: &BTreeMap<String, String>) -> Replication {
        let class = settings.get("class").map_or("", String::as_str);
        match class.rsplit('.').next().unwrap_or(class) {
            "SimpleStrategy" => match settings.get("replication_factor").map(|text| factor(text)) {
                Some(Ok(factor)) => Replication::Simple { factor },
                Some(Err(why)) => Replication::Unknown(why),
                None => Replication::Unknown("SimpleStrategy without a replication factor".into()),
            },
            "NetworkTopologyStrategy" => {
                let datacenters = settings.iter().filter(|(name, _)| name.as_str() != "class");
                let factors = datacenters.map(|(name, text)| Ok((name.clone(), factor(text)?)));
                factors
                    .collect::<Result<_, _>>()
                    .map_or_else(Replication::Unknown, Replication::NetworkTopology)
            }
            "LocalStrategy" => Replication::Local,
            "EverywhereStrategy" => Replication::Everywhere,
            _ => Replication::Unknown(format!("replication class `{class}`")),
        }
    }
}

fn factor(text: &str) -> Result<usize, String> {
    if text.contains('/') {
        return Err(format!("transient replication `{text}`"));
    }
    text.trim().parse().map_err(|_| format!("replication factor `{text}`"))
}

/// `(token, member)` in ring order, each token once.
fn sorted_tokens(members: &[Member]) -> Vec<(i128, usize)> {
    let owned = |(index, member): (usize, &Member)| {
        member.tokens.iter().map(move |token| (*token, index)).collect::<Vec<_>>()
    };
    let mut ring: Vec<(i128, usize)> = members.iter().enumerate().flat_map(owned).collect();
    ring.sort_unstable();
    ring.dedup_by_key(|(token, _)| *token);
    ring
}

/// Chooses replicas while the ring is walked from one token on.
trait Walk {
    fn is_done(&self) -> bool;
    /// Is this member, met for the first time or again, the next replica?
    fn takes(&mut self, member: usize, replicas: &[usize]) -> bool;
}

fn walk_every_range<W: Walk>(ring: &[(i128, usize)], new_walk: impl Fn() -> W) -> Vec<Range> {
    let range_at = |position: usize| {
        let mut walk = new_walk();
        let mut replicas = Vec::new();
        for (_, member) in ring[position..].iter().chain(&ring[..position]) {
            if walk.is_done() {
                break;
            }
            if walk.takes(*member, &replicas) {
                replicas.push(*member);
            }
        }
        let before = position.checked_sub(1).unwrap_or(ring.len() - 1);
        Range { start: ring[before].0, end: ring[position].0, replicas }
    };
    (0..ring.len()).map(range_at).collect()
}

fn whole_ring(ring: &[(i128, usize)], members: &[Member]) -> Vec<Range> {
    let Some((first, _)) = ring.first() else { return Vec::new() };
    let replicas = (0..members.len()).filter(|index| !members[*index].tokens.is_empty()).collect();
    vec![Range { start: *first, end: *first, replicas }]
}

/// `SimpleStrategy`: the next nodes on the ring, whatever their rack.
struct SimpleWalk {
    left: usize,
}

impl Walk for SimpleWalk {
    fn is_done(&self) -> bool {
        self.left == 0
    }

    fn takes(&mut self, member: usize, replicas: &[usize]) -> bool {
        let takes = !replicas.contains(&member);
        self.left -= usize::from(takes);
        takes
    }
}

/// Datacenters and racks as numbers, so that a walk compares no names.
struct Topology {
    datacenters: BTreeMap<String, usize>,
    /// Per member: its datacenter and its rack. Racks of one name in two datacenters are two racks.
    places: Vec<(usize, usize)>,
    node_counts: Vec<usize>,
    rack_counts: Vec<usize>,
}

impl Topology {
    fn of(members: &[Member]) -> Topology {
        let mut topology = Topology {
            datacenters: BTreeMap::new(),
            places: Vec::new(),
            node_counts: Vec::new(),
            rack_counts: Vec::new(),
        };
        let mut racks: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for member in members {
            let next = topology.datacenters.len();
            let datacenter = *topology.datacenters.entry(member.datacenter.clone()).or_insert(next);
            if datacenter == next {
                topology.node_counts.push(0);
                topology.rack_counts.push(0);
            }
            if member.tokens.is_empty() {
                topology.places.push((datacenter, usize::MAX));
                continue;
            }
            topology.node_counts[datacenter] += 1;
            let known = racks.len();
            let rack = *racks.entry((datacenter, &member.rack)).or_insert(known);
            topology.rack_counts[datacenter] += usize::from(rack == known);
            topology.places.push((datacenter, rack));
        }
        topology
    }
}

/// `NetworkTopologyStrategy`: per datacenter the next nodes of racks not met yet; a rack is repeated only as often as
/// there are fewer racks than replicas (`DatacenterEndpoints`).
struct TopologyWalk<'a> {
    topology: &'a Topology,
    /// Per datacenter: replicas to find, and rack repeats to accept.
    left: Vec<usize>,
    repeats: Vec<usize>,
    racks_met: Vec<usize>,
    left_in_all: usize,
}

impl<'a> TopologyWalk<'a> {
    fn new(topology: &'a Topology, factors: &BTreeMap<String, usize>) -> TopologyWalk<'a> {
        let mut left = vec![0; topology.node_counts.len()];
        let mut repeats = left.clone();
        for (name, factor) in factors {
            if let Some(datacenter) = topology.datacenters.get(name) {
                left[*datacenter] = *factor.min(&topology.node_counts[*datacenter]);
                repeats[*datacenter] = factor.saturating_sub(topology.rack_counts[*datacenter]);
            }
        }
        let left_in_all = left.iter().sum();
        TopologyWalk { topology, left, repeats, racks_met: Vec::new(), left_in_all }
    }
}

impl Walk for TopologyWalk<'_> {
    fn is_done(&self) -> bool {
        self.left_in_all == 0
    }

    fn takes(&mut self, member: usize, replicas: &[usize]) -> bool {
        let (datacenter, rack) = self.topology.places[member];
        if self.left[datacenter] == 0 || replicas.contains(&member) {
            return false;
        }
        if !self.racks_met.contains(&rack) {
            self.racks_met.push(rack);
        } else if self.repeats[datacenter] > 0 {
            self.repeats[datacenter] -= 1;
        } else {
            return false;
        }
        self.left[datacenter] -= 1;
        self.left_in_all -= 1;
        true
    }
}

/// Tokens as decimal texts, as `system.local` has them: RandomPartitioner's do not fit JSON's usual integers.
mod tokens_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(tokens: &[i128], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(tokens.iter().map(i128::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i128>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let token =
            |text: &String| text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not a token")));
        texts.iter().map(token).collect()
    }
}
