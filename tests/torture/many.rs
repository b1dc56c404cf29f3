//! A run over many nodes: what a node costs does not grow with how many others there are.

use super::desk::Playbook;
use super::rollout::{Ended, Rollout};
use ringwalk::journal::event::RunResult;
use ringwalk::sim::{Faults, Mutation, in_time};
use std::collections::BTreeMap;
use std::time::Instant;

/// More than hear every sign of life, and four times as many.
const FEW: usize = 80;
const MANY: usize = 320;

/// What one run over so many nodes asked of them.
struct Cost {
    nodes: usize,
    /// By verb.
    asked: BTreeMap<String, u64>,
    records: usize,
    virtual_s: u64,
}

impl Cost {
    fn of(nodes: usize) -> Cost {
        in_time(async {
            let begun = tokio::time::Instant::now();
            let mut rollout = Rollout::new(nodes, 1, Faults::default(), Mutation::None);
            let ended = rollout.apply(Playbook::Enable, None).await;
            assert_eq!(ended, Ended::With(RunResult::Done), "{}", rollout.told());
            assert_eq!(rollout.violations(), Vec::<String>::new());
            let (asked, records) = (rollout.world.asked(), rollout.records());
            Cost { nodes, asked, records, virtual_s: begun.elapsed().as_secs() }
        })
    }

    /// Commands, without the lock's.
    fn per_node(&self) -> f64 {
        let commands = self.asked.iter().filter(|(verb, _)| *verb != "lock");
        commands.map(|(_, times)| *times).sum::<u64>() as f64 / self.nodes as f64
    }

    /// How many signs of life a node heard in a minute.
    fn signs_a_minute(&self) -> f64 {
        let signs = self.asked.get("lock").copied().unwrap_or_default();
        signs as f64 * 60.0 / self.nodes as f64 / self.virtual_s as f64
    }
}

#[test]
#[ignore = "minutes in a debug build: scripts/test torture"]
fn what_a_node_is_asked_does_not_grow_with_the_cluster() {
    let [few, many] = [FEW, MANY].map(Cost::of);
    let ratio = many.per_node() / few.per_node();
    assert!(ratio < 1.05, "{} commands a node of {FEW}, {} of {MANY}", few.per_node(), many.per_node());
    assert_eq!(few.records * MANY, many.records * FEW + (MANY - FEW) * 2, "records that are not a node's");
    // All of a quarter of the nodes each 15 s, and the last that were acted on each time.
    let most = 1.0 + 3.0 * 64.0 / MANY as f64;
    assert!(many.signs_a_minute() <= most * 1.05, "{} signs a minute", many.signs_a_minute());
}

/// `NODES=1000 cargo test --profile mutate --test torture many_nodes -- --ignored --nocapture`; `scripts/torture --nodes 1000`.
#[test]
#[ignore = "prints figures; for who asks"]
fn many_nodes_are_taken_to_tls() {
    let nodes = std::env::var("NODES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let begun = Instant::now();
    let cost = Cost::of(nodes);
    println!("\n{nodes} nodes in {:.1} s, peak of memory {} MB", begun.elapsed().as_secs_f64(), peak_mb());
    println!("{:.1} commands a node, {} records", cost.per_node(), cost.records);
    println!(
        "{:.2} signs of life a node and minute; {} s by the simulated clock",
        cost.signs_a_minute(),
        cost.virtual_s
    );
    println!("{:?}", cost.asked);
}

/// The most that this process ever held, by Linux.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}
