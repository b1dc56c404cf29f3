//! The order of a phase: its waves, those of one node each folded while their proof is the same.

use super::Detail;
use crate::plan::{Plan, Wave};
use crate::report::words::count;
use crate::report::{Screen, names};
use std::fmt::Write;

pub fn text(plan: &Plan, waves: &[Wave], screen: Screen, detail: Detail) -> String {
    let groups = groups(waves);
    let shown = match detail {
        // A screenful; proofs that differ wave by wave are read in the journal, not before a yes.
        Detail::Short => 12,
        Detail::Full => groups.len(),
    };
    let mut text = String::new();
    let mut told = String::new();
    for group in groups.iter().take(shown) {
        text += &screen.wrap("  ", &title(plan, group));
        let proof = proof(&group[0]);
        if proof != told {
            text += &screen.wrap("    safe: ", &group[0].proof);
            told = proof;
        }
    }
    let rest: usize = groups.iter().skip(shown).map(|group| group.len()).sum();
    if rest > 0 {
        let _ = writeln!(text, "  and {}: -v shows each with its proof", count(rest, "more wave"));
    }
    text
}

fn title(plan: &Plan, group: &[Wave]) -> String {
    let nodes: Vec<&str> =
        group.iter().flat_map(|wave| &wave.nodes).map(|change| change.node.as_str()).collect();
    let names = names::in_order(&nodes);
    let (first, last) = (plan.ordinal(group[0].number), plan.ordinal(group[group.len() - 1].number));
    match (group[0].canary, first == last) {
        (true, _) => format!("wave {first}, canary: {names}"),
        (false, true) if nodes.len() == 1 => format!("wave {first}: {names}"),
        (false, true) => format!("wave {first}, {} together: {names}", count(nodes.len(), "node")),
        (false, false) => format!("waves {first} to {last}, one node each: {names}"),
    }
}

fn groups(waves: &[Wave]) -> Vec<&[Wave]> {
    let alone = |wave: &Wave| !wave.canary && wave.nodes.len() == 1;
    waves.chunk_by(|a, b| alone(a) && alone(b) && proof(a) == proof(b)).collect()
}

/// The proof with the wave's own nodes taken out of it.
fn proof(wave: &Wave) -> String {
    wave.nodes.iter().fold(wave.proof.clone(), |proof, change| proof.replace(&change.node, "{node}"))
}
