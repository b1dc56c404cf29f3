//! The ring: who is in it, how its keyspaces are replicated, and whether a node of it can be spared.

use super::placement::{Member, Range, Replication, placement};
pub use crate::input::playbook::KeepAvailable;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// The ring as one node of it knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    pub cluster_name: String,
    pub partitioner: Partitioner,
    pub members: Vec<Member>,
    pub keyspaces: Vec<Keyspace>,
    /// Addresses by the schema version that they report; more than one key is disagreement.
    pub schema_versions: BTreeMap<String, BTreeSet<String>>,
    pub source: RingSource,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyspace {
    pub name: String,
    pub replication: Replication,
}

/// How tokens are ordered. Only the two partitioners whose tokens are numbers can be placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Partitioner {
    Murmur3,
    Random,
    Other(String),
}

impl Partitioner {
    /// Reads a class name, short or full.
    pub fn parse(class: &str) -> Partitioner {
        match class.rsplit('.').next().unwrap_or(class) {
            "Murmur3Partitioner" => Partitioner::Murmur3,
            "RandomPartitioner" => Partitioner::Random,
            _ => Partitioner::Other(class.into()),
        }
    }
}

/// Where the ring was read, and so how much of it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingSource {
    Cql,
    /// Without CQL there are no tokens: who holds which range is not known.
    NodetoolOnly,
}

impl Ring {
    /// The member with this host id or address.
    pub fn member(&self, node: &str) -> Option<&Member> {
        self.position(node).map(|index| &self.members[index])
    }

    /// Can this node go down now, with those of `down` down already? Nodes are named by host id or by address. Who has
    /// many questions about one ring asks `availability()` once.
    pub fn can_be_spared(
        &self,
        node: &str,
        down: &BTreeSet<String>,
        keep: KeepAvailable,
    ) -> Result<Proof, Vec<Blocked>> {
        self.availability().can_be_spared(node, down, keep)
    }

    /// Places every range once, for any number of questions.
    pub fn availability(&self) -> Availability<'_> {
        let mut placed: Vec<Placed<'_>> = Vec::new();
        for keyspace in self.keyspaces.iter().filter(|keyspace| keyspace.replication != Replication::Local) {
            match placed.iter_mut().find(|other| *other.replication == keyspace.replication) {
                Some(same) => same.keyspaces.push(&keyspace.name),
                None => placed.push(Placed::new(self, keyspace)),
            }
        }
        let names = self.members.iter().enumerate();
        let names = names.flat_map(|(index, member)| [(&*member.address, index), (&*member.host_id, index)]);
        Availability { ring: self, names: names.collect(), placed }
    }

    /// Why the replicas of a keyspace are not known, if they are not.
    fn unknown(&self, replication: &Replication) -> Option<String> {
        match (self.source, &self.partitioner, replication) {
            (RingSource::NodetoolOnly, _, _) => Some("the ring was read without CQL".into()),
            (RingSource::Cql, Partitioner::Other(class), _) => Some(format!("partitioner `{class}`")),
            (RingSource::Cql, _, Replication::Unknown(why)) => Some(why.clone()),
            (RingSource::Cql, Partitioner::Murmur3 | Partitioner::Random, _) => {
                let without_tokens = self.members.iter().find(|member| member.tokens.is_empty());
                without_tokens.map(|member| format!("{} has no tokens", member.address))
            }
        }
    }

    fn position(&self, node: &str) -> Option<usize> {
        self.members.iter().position(|member| member.host_id == node || member.address == node)
    }
}

/// The replicas of every range of a ring, placed once per replication setting.
pub struct Availability<'a> {
    ring: &'a Ring,
    /// Members by address and by host id.
    names: HashMap<&'a str, usize>,
    placed: Vec<Placed<'a>>,
}

struct Placed<'a> {
    keyspaces: Vec<&'a str>,
    replication: &'a Replication,
    unknown: Option<String>,
    ranges: Vec<Range>,
    /// Per member: the ranges it holds.
    held: Vec<Vec<usize>>,
}

impl<'a> Placed<'a> {
    fn new(ring: &'a Ring, keyspace: &'a Keyspace) -> Placed<'a> {
        let replication = &keyspace.replication;
        let unknown = ring.unknown(replication);
        let ranges = if unknown.is_some() { Vec::new() } else { placement(&ring.members, replication) };
        let mut held = vec![Vec::new(); ring.members.len()];
        for (index, range) in ranges.iter().enumerate() {
            range.replicas.iter().for_each(|replica| held[*replica].push(index));
        }
        Placed { keyspaces: vec![&keyspace.name], replication, unknown, ranges, held }
    }
}

/// Why a node can be spared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// One sentence, e.g. `every range keeps 2 of 3 replicas (quorum 2)`; the narrowest range speaks for all.
    pub text: String,
    /// How many ranges of this node were checked.
    pub ranges: usize,
    /// One sentence for each keyspace that no order of restarts can keep available.
    pub unprotected: Vec<String>,
}

/// Why a node cannot be spared now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// The worst range of a keyspace would keep too few replicas. `down`: those of its replicas that are down already.
    Range { keyspace: String, range: String, down: Vec<String>, needs: usize, has: usize },
    /// Replicas are not known (`why`), so every other node must be up.
    OneAtATime { why: String, down: Vec<String> },
    /// Not a member of the ring that was read: it may hold any range.
    NotInRing { node: String },
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blocked::Range { keyspace, range, down, needs, has } => {
                let down = down.join(", ");
                write!(
                    f,
                    "range {range} of `{keyspace}` would keep {has} of the {needs} replicas it needs; down: {down}"
                )
            }
            Blocked::OneAtATime { why, down } => {
                let down = down.join(", ");
                write!(f, "replicas are not known ({why}), so one node at a time; down: {down}")
            }
            Blocked::NotInRing { node } => write!(f, "{node} is not in the ring that was read"),
        }
    }
}

impl Availability<'_> {
    /// Can this node go down now, with those of `down` down already?
    ///
    /// Only ranges that the node holds are looked at: it makes no other range worse. A range that cannot do without
    /// even one of its replicas (one replica; or two, under quorum) is broken by every order of restarts, so to block
    /// on it would block for ever: its keyspace is reported as unprotected instead. With another of its replicas down
    /// already it does block, because waiting helps. A node that is down already can always be spared.
    pub fn can_be_spared(
        &self,
        node: &str,
        down: &BTreeSet<String>,
        keep: KeepAvailable,
    ) -> Result<Proof, Vec<Blocked>> {
        let not_in_ring = |name: &str| vec![Blocked::NotInRing { node: name.into() }];
        let position = |name: &str| self.names.get(name).copied().ok_or_else(|| not_in_ring(name));
        let subject = position(node)?;
        let mut others = BTreeSet::new();
        for name in down {
            others.insert(position(name)?);
        }
        if others.remove(&subject) {
            return Ok(Proof { text: "it is down already".into(), ranges: 0, unprotected: Vec::new() });
        }
        let question = Question { ring: self.ring, subject, others, keep };
        let mut findings = Findings::default();
        if self.ring.source == RingSource::NodetoolOnly {
            // Before 4.0 nodetool lists no keyspaces, and their absence must not read as safety.
            question.only_if_all_others_are_up("the ring was read without CQL", &mut findings);
        } else {
            self.placed.iter().for_each(|placed| question.judge(placed, &mut findings));
        }
        findings.verdict(keep)
    }
}

struct Question<'a> {
    ring: &'a Ring,
    subject: usize,
    /// Members that are down already.
    others: BTreeSet<usize>,
    keep: KeepAvailable,
}

/// What one range would have left of the replicas that count under the rule.
#[derive(Clone, Copy)]
struct Left {
    has: usize,
    of: usize,
    needs: usize,
}

#[derive(Default)]
struct Findings {
    ranges: usize,
    narrowest: Option<Left>,
    unknown: BTreeSet<String>,
    unprotected: Vec<String>,
    blocked: Vec<Blocked>,
}

impl Question<'_> {
    fn judge(&self, placed: &Placed<'_>, findings: &mut Findings) {
        if let Some(why) = &placed.unknown {
            return self.only_if_all_others_are_up(why, findings);
        }
        let mut unprotected = None;
        let mut worst: Option<(&Range, Left)> = None;
        for range in placed.held[self.subject].iter().map(|index| &placed.ranges[*index]) {
            let left = self.left(placed.replication, range);
            let is_whole = left.has + 1 == left.of;
            findings.ranges += 1;
            if left.has >= left.needs {
                let spare = left.has - left.needs;
                if findings.narrowest.is_none_or(|narrowest| spare < narrowest.has - narrowest.needs) {
                    findings.narrowest = Some(left);
                }
            } else if is_whole {
                unprotected = Some(left);
            } else if worst.is_none_or(|(_, worst)| left.has < worst.has) {
                worst = Some((range, left));
            }
        }
        for name in &placed.keyspaces {
            findings.unprotected.extend(unprotected.map(|left| self.unprotected(name, left)));
            findings.blocked.extend(worst.map(|(range, left)| self.blocked(name, range, left)));
        }
    }

    fn left(&self, replication: &Replication, range: &Range) -> Left {
        let datacenter = &self.ring.members[self.subject].datacenter;
        let is_local = |replica: &usize| self.ring.members[*replica].datacenter == *datacenter;
        let (factor, counted): (usize, Vec<usize>) = match (replication, self.keep) {
            (Replication::NetworkTopology(factors), KeepAvailable::LocalQuorum) => {
                let local = range.replicas.iter().copied().filter(is_local).collect();
                (factors.get(datacenter).copied().unwrap_or(0), local)
            }
            (Replication::NetworkTopology(factors), KeepAvailable::One | KeepAvailable::Quorum) => {
                (factors.values().sum(), range.replicas.clone())
            }
            (Replication::Simple { factor }, _) => (*factor, range.replicas.clone()),
            (Replication::Everywhere | Replication::Local | Replication::Unknown(_), _) => {
                (range.replicas.len(), range.replicas.clone())
            }
        };
        let down = counted.iter().filter(|replica| self.others.contains(replica)).count();
        let needs = match self.keep {
            KeepAvailable::One => 1,
            KeepAvailable::LocalQuorum | KeepAvailable::Quorum => factor / 2 + 1,
        };
        Left { has: counted.len() - down - 1, of: counted.len(), needs }
    }

    fn unprotected(&self, keyspace: &str, left: Left) -> String {
        let address = &self.ring.members[self.subject].address;
        match left.of {
            1 => format!("ranges of `{keyspace}` (one replica) are unavailable while {address} restarts"),
            of => format!(
                "ranges of `{keyspace}` ({of} replicas) are below {} {} while {address} restarts",
                self.keep, left.needs
            ),
        }
    }

    fn blocked(&self, keyspace: &str, range: &Range, left: Left) -> Blocked {
        let down = range.replicas.iter().copied().filter(|replica| self.others.contains(replica));
        Blocked::Range {
            keyspace: keyspace.into(),
            range: format!("({}, {}]", range.start, range.end),
            down: self.addresses(down),
            needs: left.needs,
            has: left.has,
        }
    }

    fn only_if_all_others_are_up(&self, why: &str, findings: &mut Findings) {
        if findings.unknown.insert(why.into()) && !self.others.is_empty() {
            let down = self.addresses(self.others.iter().copied());
            findings.blocked.push(Blocked::OneAtATime { why: why.into(), down });
        }
    }

    fn addresses(&self, members: impl Iterator<Item = usize>) -> Vec<String> {
        members.map(|member| self.ring.members[member].address.clone()).collect()
    }
}

impl Findings {
    fn verdict(self, keep: KeepAvailable) -> Result<Proof, Vec<Blocked>> {
        if !self.blocked.is_empty() {
            return Err(self.blocked);
        }
        let mut facts = Vec::new();
        if let Some(Left { has, of, needs }) = self.narrowest {
            let every = if self.unprotected.is_empty() { "every range" } else { "every other range" };
            facts.push(format!("{every} keeps {has} of {of} replicas ({keep} {needs})"));
        }
        if !self.unknown.is_empty() {
            let why = self.unknown.into_iter().collect::<Vec<_>>().join("; ");
            facts.push(format!("every other node is up (replicas are not known: {why})"));
        }
        if facts.is_empty() {
            facts.push("no range depends on it that another node could serve".into());
        }
        Ok(Proof { text: facts.join("; "), ranges: self.ranges, unprotected: self.unprotected })
    }
}
