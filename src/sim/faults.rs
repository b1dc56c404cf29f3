//! What goes wrong, and how often: both are drawn from the seed, so that most runs have few kinds of fault and many of
//! each.

use super::random::Random;
use super::records::Kill;
use std::time::Duration;

/// How many commands in a thousand end in each way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerMille {
    pub refused: u64,
    /// The connection is lost before the command has an effect.
    pub lost_before: u64,
    /// The command had its effect, and its answer is lost.
    pub lost_after: u64,
    pub hung: u64,
    pub slow: u64,
    /// The machine loses its power in the middle of a write.
    pub power_lost: u64,
}

/// What happens to a node by itself, each at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    JvmDies {
        node: usize,
    },
    /// It dies, and a supervisor starts it again.
    Flaps {
        node: usize,
    },
    WontStart {
        node: usize,
        lasts_s: u64,
    },
    /// It dies a minute after its next start.
    DiesAfterStart {
        node: usize,
    },
    /// The machine is gone until the operator sees to it.
    NeverBack {
        node: usize,
    },
    /// The machine stops, and starts again by itself.
    Reboots {
        node: usize,
    },
    /// Java there opens no store from now on but those that stand there, until the operator sees to it.
    OpensNoNewStore {
        node: usize,
    },
    /// The same, and the controller dies as soon as the node was restarted: nobody is there to see it.
    LeftDown {
        node: usize,
    },
    YamlByHand {
        node: usize,
    },
    DiskFull {
        node: usize,
        lasts_s: u64,
    },
    ReadOnly {
        node: usize,
        lasts_s: u64,
    },
    /// The nodes of this rack and all others do not hear of each other.
    Partition {
        rack: usize,
        lasts_s: u64,
    },
    ClockSkew {
        node: usize,
        seconds: i64,
    },
    /// The controller is killed after so many records; `recorded`: the last of them reached the disk.
    ControllerDies {
        after_records: usize,
        recorded: bool,
    },
    /// Somebody else sits down, too, and applies a playbook of their own.
    AnotherOperator,
}

/// The faults of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub per_mille: PerMille,
    /// When each event comes, in seconds since the run began.
    pub events: Vec<(u64, Event)>,
}

/// All faults are over by then; what comes after must end well.
pub const QUIET_AFTER: Duration = Duration::from_secs(1800);

impl Faults {
    pub fn draw(random: &mut Random, nodes: usize, racks: usize) -> Faults {
        let mut rate = |most: u64| if random.chance(400) { random.below(most) } else { 0 };
        let per_mille = PerMille {
            refused: rate(60),
            lost_before: rate(60),
            lost_after: rate(60),
            hung: rate(20),
            slow: rate(200),
            power_lost: rate(120),
        };
        let count = random.below(5);
        let mut events: Vec<(u64, Event)> = Vec::new();
        for _ in 0..count {
            let at_s = random.below(900);
            events.push((at_s, Faults::event(random, nodes, racks)));
        }
        events.sort_by_key(|(at_s, _)| *at_s);
        Faults { per_mille, events }
    }

    /// When the controller dies, the next time last.
    pub fn kills(&self) -> Vec<Kill> {
        let kill = |(_, event): &(u64, Event)| match *event {
            Event::ControllerDies { after_records, recorded } => {
                Some(Kill::After { records: after_records, recorded })
            }
            Event::LeftDown { node } => Some(Kill::AfterRestartOf { node }),
            Event::JvmDies { .. }
            | Event::Flaps { .. }
            | Event::WontStart { .. }
            | Event::DiesAfterStart { .. }
            | Event::NeverBack { .. }
            | Event::Reboots { .. }
            | Event::OpensNoNewStore { .. }
            | Event::YamlByHand { .. }
            | Event::DiskFull { .. }
            | Event::ReadOnly { .. }
            | Event::Partition { .. }
            | Event::ClockSkew { .. }
            | Event::AnotherOperator => None,
        };
        self.events.iter().filter_map(kill).collect()
    }

    /// How long after the beginning somebody else sits down.
    pub fn another_operator(&self) -> Option<Duration> {
        let mut others = self.events.iter().rev().filter(|(_, event)| *event == Event::AnotherOperator);
        others.next().map(|(at_s, _)| Duration::from_secs(*at_s))
    }

    fn event(random: &mut Random, nodes: usize, racks: usize) -> Event {
        let node = random.below(nodes as u64) as usize;
        let lasts_s = 10 + random.below(300);
        match random.below(16) {
            0 => Event::JvmDies { node },
            1 => Event::Flaps { node },
            2 => Event::WontStart { node, lasts_s },
            3 => Event::YamlByHand { node },
            4 => Event::DiskFull { node, lasts_s },
            5 => Event::ReadOnly { node, lasts_s },
            6 => Event::Partition { rack: random.below(racks as u64) as usize, lasts_s },
            7 => Event::ClockSkew { node, seconds: random.below(7200) as i64 - 3600 },
            8 => Event::DiesAfterStart { node },
            9 => Event::NeverBack { node },
            10 => Event::AnotherOperator,
            11 => Event::Reboots { node },
            12 => Event::OpensNoNewStore { node },
            13 => Event::LeftDown { node },
            _ => Event::ControllerDies {
                after_records: 1 + random.below(50) as usize,
                recorded: random.chance(500),
            },
        }
    }
}
