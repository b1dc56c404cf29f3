//! Which replicas of which ranges the judge of a simulated cluster watches.

use crate::facts::placement::{Member, Range, Replication, placement};
use crate::facts::ring::{KeepAvailable, Keyspace};
use std::collections::BTreeSet;

/// Replicas of one range, in numbers of machines, and how many of them must be left when ringwalk takes one down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    pub name: String,
    pub replicas: Vec<usize>,
    pub needs: usize,
}

/// Every range that keeps what is asked for while one of its replicas is down. No order of restarts can keep the others.
pub fn ranges(members: &[Member], keyspaces: &[Keyspace], keep: KeepAvailable) -> Vec<Guarded> {
    let mut guarded: Vec<Guarded> = Vec::new();
    let mut settings: Vec<&Replication> = keyspaces.iter().map(|keyspace| &keyspace.replication).collect();
    settings.sort();
    settings.dedup();
    for range in settings.into_iter().flat_map(|replication| placement(members, replication)) {
        guarded.extend(parts(members, &range, keep).into_iter().map(|replicas| {
            let needs = if keep == KeepAvailable::One { 1 } else { replicas.len() / 2 + 1 };
            Guarded { name: range.end.to_string(), replicas, needs }
        }));
    }
    guarded.retain(|range| range.replicas.len() > range.needs);
    guarded
}

/// The replicas that count together: those of a datacenter under `local_quorum`, or all.
fn parts(members: &[Member], range: &Range, keep: KeepAvailable) -> Vec<Vec<usize>> {
    if keep != KeepAvailable::LocalQuorum {
        return vec![range.replicas.clone()];
    }
    let datacenter = |replica: &usize| members[*replica].datacenter.as_str();
    let datacenters: BTreeSet<&str> = range.replicas.iter().map(datacenter).collect();
    let of =
        |name: &str| range.replicas.iter().copied().filter(|replica| datacenter(replica) == name).collect();
    datacenters.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn keyspace(factors: &[(&str, usize)]) -> Keyspace {
        let factors =
            factors.iter().map(|(name, factor)| ((*name).to_owned(), *factor)).collect::<BTreeMap<_, _>>();
        Keyspace { name: "app".into(), replication: Replication::NetworkTopology(factors) }
    }

    #[test]
    fn every_datacenter_is_guarded_for_itself_and_a_range_with_two_replicas_not_at_all() {
        let member = |number: usize| Member {
            datacenter: if number < 3 { "dc1" } else { "dc2" }.into(),
            rack: format!("r{}", number % 3),
            tokens: vec![number as i128],
            ..Member::default()
        };
        let members: Vec<Member> = (0..6).map(member).collect();
        let both = keyspace(&[("dc1", 3), ("dc2", 3)]);
        let of = |keyspace: &Keyspace, keep| {
            let ranges = ranges(&members, std::slice::from_ref(keyspace), keep);
            let narrow = ranges.first().map(|range| (range.replicas.len(), range.needs));
            (ranges.len(), narrow)
        };
        assert_eq!(of(&both, KeepAvailable::LocalQuorum), (12, Some((3, 2))));
        assert_eq!(of(&both, KeepAvailable::Quorum), (6, Some((6, 4))));
        assert_eq!(of(&both, KeepAvailable::One), (6, Some((6, 1))));
        assert_eq!(of(&keyspace(&[("dc1", 2)]), KeepAvailable::LocalQuorum), (0, None));
        assert_eq!(of(&keyspace(&[("dc1", 2)]), KeepAvailable::One), (6, Some((2, 1))));
    }
}
