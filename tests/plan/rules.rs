//! What holds for every plan, whatever its case.

use super::carried_out::carried_out;
use super::case::{self, Case, SECRET};
use super::{planned, shown};
use ringwalk::facts::placement::placement;
use ringwalk::input::playbook::Restart;
use ringwalk::plan::step::{Gate, Step};
use ringwalk::plan::{Plan, PlannedStep};
use ringwalk::report;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Every case that comes to a plan; planned once, since a whole stock file takes its time.
fn plans() -> impl Iterator<Item = &'static (String, Case, Plan)> {
    static PLANS: LazyLock<Vec<(String, Case, Plan)>> = LazyLock::new(|| {
        let cases = case::names().into_iter().map(|name| (name.clone(), Case::read(&name)));
        cases.filter_map(|(name, case)| planned(&case).ok().map(|plan| (name, case, plan))).collect()
    });
    PLANS.iter()
}

/// Those that end where the playbook wants the cluster; one that always restarts never does.
fn settling() -> impl Iterator<Item = &'static (String, Case, Plan)> {
    plans().filter(|(_, case, _)| !restarts_always(case))
}

fn is_small(case: &Case) -> bool {
    case.facts.nodes.iter().all(|node| node.yaml.file.size_bytes < 10_000)
}

fn restarts_always(case: &Case) -> bool {
    case.input.playbook.phases.iter().any(|phase| phase.restart == Restart::Always)
}

#[test]
fn a_plan_that_was_carried_out_leaves_nothing_to_do() {
    for (name, case, plan) in settling() {
        let after = carried_out(case, plan, plan.steps.len());
        let again = planned(&after).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        assert!(again.is_empty(), "{name}\n{}", shown(&again));
    }
}

#[test]
fn wherever_a_run_ends_the_next_plan_finishes_it() {
    // A whole stock file is edited once more for each step; small ones show the same.
    for (name, case, plan) in settling().filter(|(_, case, _)| is_small(case)) {
        let whole = yamls_and_files(&carried_out(case, plan, plan.steps.len()));
        for count in 0..plan.steps.len() {
            let left = carried_out(case, plan, count);
            let rest = planned(&left).unwrap_or_else(|problems| panic!("{name} after {count}: {problems}"));
            let done = carried_out(&left, &rest, rest.steps.len());
            assert_eq!(yamls_and_files(&done), whole, "{name} after {count} steps");
            assert!(done.facts.nodes.iter().all(|node| node.owed.is_none()), "{name} after {count} steps");
            assert!(every_changed_node_restarts(&plan.steps[..count], &rest), "{name} after {count} steps");
        }
    }
}

fn yamls_and_files(case: &Case) -> Vec<(String, BTreeMap<String, Option<String>>)> {
    let files = |node: &ringwalk::facts::NodeFacts| {
        node.files
            .iter()
            .map(|(path, file)| (path.clone(), file.as_ref().map(|file| file.sha256.clone())))
            .collect()
    };
    case.facts.nodes.iter().map(|node| (node.yaml.file.sha256.clone(), files(node))).collect()
}

/// A node whose files were changed and whose change was not confirmed is restarted by what comes next.
fn every_changed_node_restarts(done: &[PlannedStep], rest: &Plan) -> bool {
    let mut open = BTreeSet::new();
    for step in done {
        match step.step {
            Step::PushStore(_) | Step::EditYaml(_) | Step::RestoreFile(_) => {
                open.insert(step.node.as_str());
            }
            Step::Confirm => drop(open.remove(step.node.as_str())),
            Step::Hold(_) | Step::Restart(_) | Step::Reload(_) | Step::Pause(_) => {}
        }
    }
    let restarts = |node: &&str| {
        rest.steps.iter().any(|step| step.node == *node && matches!(step.step, Step::Restart(_)))
    };
    open.iter().all(restarts)
}

#[test]
fn no_secret_is_in_a_plan_in_any_form() {
    for name in case::names() {
        let case = Case::read(&name);
        let texts = match planned(&case) {
            Ok(plan) => {
                let full = report::plan::text_in(
                    &plan,
                    report::Screen { width: 100, color: false },
                    report::plan::Detail::Full,
                );
                vec![serde_json::to_string(&plan).unwrap(), shown(&plan), full, format!("{plan:?}")]
            }
            Err(problems) => vec![problems],
        };
        for text in texts.into_iter().chain([format!("{:?} {:?}", case.material, case.facts)]) {
            assert!(!text.contains(SECRET), "{name}: {text}");
        }
        let stores = serde_json::to_string(&case.facts).unwrap();
        assert!(!stores.contains(SECRET), "{name}: {stores}");
    }
}

#[test]
fn a_plan_reads_back_from_json_as_it_was() {
    for (name, _, plan) in plans() {
        let json = serde_json::to_string(plan).unwrap();
        assert_eq!(&serde_json::from_str::<Plan>(&json).unwrap(), plan, "{name}");
    }
}

#[test]
fn the_same_wish_and_the_same_facts_are_the_same_plan() {
    for (name, _, plan) in plans().filter(|(_, case, _)| is_small(case)) {
        assert_eq!(planned(&Case::read(name)).as_ref(), Ok(plan), "{name}");
    }
}

/// Wave by wave and node by node: stores, then the yaml, then the gate, the restart, the gates, the word that it is well.
#[test]
fn steps_are_in_the_order_that_keeps_a_cluster_available() {
    for (name, _, plan) in plans() {
        let order: Vec<(usize, usize)> = plan.steps.iter().map(|step| (step.phase, step.wave)).collect();
        assert!(order.is_sorted(), "{name}: waves run in order");
        let waves: BTreeSet<usize> = plan.steps.iter().map(|step| step.wave).collect();
        assert_eq!(waves, (0..waves.len()).collect(), "{name}: waves are counted through");
        for wave in waves {
            let steps: Vec<&PlannedStep> = plan.steps.iter().filter(|step| step.wave == wave).collect();
            let visits: Vec<&[&PlannedStep]> = steps.chunk_by(|a, b| a.node == b.node).collect();
            let nodes: BTreeSet<&str> = steps.iter().map(|step| step.node.as_str()).collect();
            assert_eq!(visits.len(), nodes.len(), "{name}, wave {wave}: a node's steps stand together");
            for steps in visits {
                assert!(steps[0].on_node().is_some() == !matches!(steps[0].step, Step::Pause(_)), "{name}");
                let letters: String = steps.iter().map(|step| letter(&step.step)).collect();
                let path = letters.trim_start_matches('s').trim_start_matches('y');
                assert!(["?R!c", "L!c", "c", "|"].contains(&path), "{name}, wave {wave}: {letters}");
                assert!(
                    path == "?R!c" || !letters.contains('y'),
                    "{name}, wave {wave}: an edit without a restart"
                );
            }
        }
    }
}

const IN_WAVES: &str = "\
playbook: restart
phases:
  - name: restart
    restart: always
rollout: { waves: WAVES, at_once: 9 }
";

/// Counted anew, from the replicas of every range.
#[test]
fn no_range_has_two_of_its_three_replicas_in_one_wave() {
    for (waves, most) in [("rack", 60), ("ring", 60), ("node", 91)] {
        let playbook = IN_WAVES.replace("WAVES", waves).replace(
            ", at_once: 9",
            match waves {
                "node" => "",
                _ => ", at_once: 9",
            },
        );
        let case = Case::large(90, 3, &playbook, include_str!("../plans/shared/plain.yaml"));
        let plan = planned(&case).unwrap();
        let ring = &case.facts.ring;
        let found = &plan.phases[0].waves;
        assert!(found.len() < most, "{waves}: {} waves for 90 nodes", found.len());
        assert_eq!(found.iter().map(|wave| wave.nodes.len()).sum::<usize>(), 90, "{waves}");
        for wave in found {
            let member = |node: &str| {
                let node = case.input.inventory.nodes.iter().find(|known| known.name == node).unwrap();
                ring.members.iter().position(|member| member.address == node.address).unwrap()
            };
            let down: BTreeSet<usize> = wave.nodes.iter().map(|change| member(&change.node)).collect();
            let racks: BTreeSet<&str> = down.iter().map(|at| ring.members[*at].rack.as_str()).collect();
            assert!(waves != "rack" || racks.len() == 1, "wave {}: {racks:?}", wave.number);
            for keyspace in &ring.keyspaces {
                for range in placement(&ring.members, &keyspace.replication) {
                    let lost = range.replicas.iter().filter(|replica| down.contains(replica)).count();
                    assert!(lost < 2, "{waves}, wave {}: {} of {range:?}", wave.number, keyspace.name);
                }
            }
        }
    }
}

fn letter(step: &Step) -> char {
    match step {
        Step::PushStore(_) => 's',
        Step::EditYaml(_) => 'y',
        Step::Hold(hold) => match hold.gates.first() {
            Some(Gate::CanBeSpared { .. }) => '?',
            _ => '!',
        },
        Step::Restart(_) => 'R',
        Step::Reload(_) => 'L',
        Step::RestoreFile(_) => 'b',
        Step::Confirm => 'c',
        Step::Pause(_) => '|',
    }
}

const STAGED: &str = "\
playbook: staged
stores:
  keystore: { from: '{node}.p12', to: /etc/cassandra/tls/keystore.p12, password: env:KEYSTORE_PASSWORD }
phases:
  - name: accept
    client_encryption_options: { enabled: true, optional: true }
  - name: require
    client_encryption_options: { optional: false }
";

#[test]
fn a_plan_for_a_thousand_nodes_is_read_like_one_for_six() {
    let case = Case::large(1000, 3, STAGED, include_str!("../plans/shared/plain.yaml"));
    let plan = planned(&case).unwrap();
    assert_eq!(plan.phases.iter().map(|phase| phase.waves.len()).collect::<Vec<_>>(), [1000, 1000]);
    assert_eq!(plan.steps.len(), 1000 * 6 + 1000 * 5);
    assert_eq!(plan.nodes().len(), 1000);
    let lines = shown(&plan).lines().take_while(|line| *line != "steps").count();
    assert!(lines < 120, "{lines} lines");
}

#[test]
fn a_mistake_on_a_thousand_nodes_is_a_screenful_of_problems() {
    let case = Case::large(1000, 3, STAGED, "client_encryption_options: &shared\n  enabled: false\n");
    let problems = planned(&case).unwrap_err();
    assert!(problems.lines().count() < 120, "{problems}");
    assert!(problems.contains("(980 more problems are not shown)"), "{problems}");
}
