//! The way back, from wherever a run was cut off: every file as it was, phases in reverse, the ports as they were.

use super::carried_out::{carried_out, carried_out_with};
use super::case::Case;
use super::planned;
use ringwalk::facts::SelfHealed;
use ringwalk::facts::clients::{Client, Encryption};
use ringwalk::plan::back::{self, Undone};
use ringwalk::plan::stand::Progress;
use ringwalk::plan::step::{Gate, Step, StoreName};
use ringwalk::plan::{Plan, cut_off, healed};
use ringwalk::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// One phase and several, new stores and replaced ones, restarts and reloads. Each way back reads every file anew.
const CASES: [&str; 8] = [
    "rotate-in-place",
    "rotate-on-3.11",
    "rotate-to-a-new-path",
    "staged-fresh",
    "second-port-5.0",
    "turned-off",
    "rotate-ca",
    "rotate-ca-mixed-versions",
];

#[test]
fn from_wherever_a_run_was_cut_off_every_file_comes_back() {
    let mut ways = 0;
    for name in CASES {
        let case = Case::read(name);
        let plan = planned(&case).unwrap();
        for count in 0..=plan.steps.len() {
            for ended in [true, false] {
                comes_back(&format!("{name} after {count} steps"), &case, &plan, count, ended);
                ways += 1;
            }
        }
    }
    assert!(ways > 100, "{ways} ways back were tried");
}

/// `ended`: whether the end of the last step is on record.
fn comes_back(name: &str, before: &Case, plan: &Plan, count: usize, ended: bool) {
    let cut = carried_out(before, plan, count);
    let progress = |id: usize| match id + 1 {
        at if at < count || (at == count && ended) => Progress::Done,
        at if at == count => Progress::Perhaps,
        _ => Progress::NotBegun,
    };
    let progress: Vec<Progress> = (0..plan.steps.len()).map(progress).collect();
    let (kept, texts) = kept(before, plan, count);
    let undone = Undone {
        run: "a-run",
        plan,
        steps: (0..plan.steps.len()).collect(),
        progress: &progress,
        kept,
        texts: texts.clone(),
    };
    let back = back::plan(&undone, &before.input.inventory, &cut.facts)
        .unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
    undoes_later_phases_first(name, plan, &back);
    let after = carried_out_with(&cut, &back, back.steps.len(), &texts);
    for (was, is) in before.facts.nodes.iter().zip(&after.facts.nodes) {
        assert_eq!(was.yaml.text.expose(), is.yaml.text.expose(), "{name}: {}", was.node);
        for (path, file) in &is.files {
            let sha256 = was.files.get(path).cloned().flatten().map(|file| file.sha256);
            assert_eq!(sha256, file.as_ref().map(|file| file.sha256.clone()), "{name}: {}:{path}", was.node);
        }
        assert!(is.owed.as_deref() != Some("a-run"), "{name}: {} owes nothing for it", was.node);
    }
    for node in back.nodes() {
        let restarts = |plan: &Plan, until: usize| {
            let steps = plan.steps.iter().take(until).filter(|step| step.node == node);
            steps.filter(|step| matches!(step.step, Step::Restart(_))).count()
        };
        assert_eq!(restarts(&back, back.steps.len()), restarts(plan, count), "{name}: {node} restarts");
    }
    asks_before_each_restart(name, &back);
    asks_for_no_certificate_that_went(name, &back);
    confirms_last(name, &back);
}

/// What a node serves once its keystore is put back nobody has read: no later hold asks for a certificate there.
fn asks_for_no_certificate_that_went(name: &str, back: &Plan) {
    for node in back.nodes() {
        let steps = back.steps.iter().filter(|step| step.node == node);
        let is_put_back =
            |step: &Step| matches!(step, Step::RestoreFile(file) if file.store == Some(StoreName::Keystore));
        for step in steps.skip_while(|step| !is_put_back(&step.step)) {
            let Step::Hold(hold) = &step.step else { continue };
            let asks = hold.gates.iter().filter_map(Gate::wire).find(|wire| wire.certificate.is_some());
            assert!(asks.is_none(), "{name}: {node} is asked for {asks:?}");
        }
    }
}

/// A mark is not taken away in a wave that puts nothing back, while a later one does.
fn confirms_last(name: &str, back: &Plan) {
    for (id, step) in back.steps.iter().enumerate() {
        let own = back.steps[..id].iter().filter(|earlier| earlier.node == step.node);
        let mut idle = own.clone().filter(|earlier| {
            let mut wave = own.clone().filter(|other| other.wave == earlier.wave);
            earlier.wave < step.wave && wave.all(|other| !other.step.changes_the_node())
        });
        let why = format!("{name}: step {id} comes after a wave of nothing");
        assert!(!step.step.changes_the_node() || idle.next().is_none(), "{why}");
    }
}

type Kept = BTreeMap<usize, (String, Option<String>)>;

/// What the run has kept, as its journal and its nodes have it.
fn kept(before: &Case, plan: &Plan, count: usize) -> (Kept, BTreeMap<(String, String), Secret>) {
    let (mut kept, mut texts) = (Kept::new(), BTreeMap::new());
    for (id, step) in plan.steps.iter().enumerate().take(count) {
        let Some(write) = step.step.writes() else { continue };
        let backup = format!("/backup/{id}");
        kept.insert(id, (backup.clone(), write.was.map(str::to_owned)));
        if write.store.is_none() {
            let stood = carried_out(before, plan, id);
            let text = stood.facts.node(&step.node).unwrap().yaml.text.clone();
            texts.insert((step.node.clone(), backup), text);
        }
    }
    (kept, texts)
}

fn undoes_later_phases_first(name: &str, plan: &Plan, back: &Plan) {
    let number = |phase: &str| {
        let undone = phase.strip_prefix("undo ").expect("a phase says what it undoes");
        plan.phases.iter().position(|phase| phase.name == undone).unwrap()
    };
    let order: Vec<usize> = back.phases.iter().map(|phase| number(&phase.name)).collect();
    assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{name}: {order:?}");
}

fn asks_before_each_restart(name: &str, back: &Plan) {
    for (id, step) in back.steps.iter().enumerate() {
        if !matches!(step.step, Step::Restart(_)) {
            continue;
        }
        let Step::Hold(asks) = &back.steps[id - 1].step else { panic!("{name}: no hold before {id}") };
        assert!(matches!(asks.gates[..], [Gate::CanBeSpared { .. }]), "{name}");
        let Step::Hold(looks) = &back.steps[id + 1].step else { panic!("{name}: no hold after {id}") };
        assert!(looks.gates.iter().any(|gate| matches!(gate, Gate::WireIsRight(_))), "{name}");
    }
}

#[test]
fn a_file_that_something_else_changed_since_is_not_put_back() {
    let case = Case::read("enable-on-stock-5.0");
    let plan = planned(&case).unwrap();
    let count = plan.steps.len();
    let (kept, texts) = kept(&case, &plan, count);
    let mut cut = carried_out(&case, &plan, count);
    cut.facts.nodes[0].yaml.file.sha256 = "by hand".into();
    let progress = vec![Progress::Done; count];
    let undone = Undone {
        run: "a-run",
        plan: &plan,
        steps: (0..plan.steps.len()).collect(),
        progress: &progress,
        kept,
        texts,
    };
    let problems = back::plan(&undone, &case.input.inventory, &cut.facts).unwrap_err();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["is not as the run left it"]);
}

/// Clients moved for the pause, or somebody said yes to it: what came before it stays, and every client finds a port.
#[test]
fn what_was_done_since_a_pause_comes_back_and_what_came_before_it_stays() {
    for name in ["staged-pauses", "rotate-ca-waits-for-a-yes"] {
        let case = Case::read(name);
        let plan = planned(&case).unwrap();
        for (pause, _) in plan.steps.iter().enumerate().filter(|(_, it)| matches!(it.step, Step::Pause(_))) {
            let next = plan.steps[pause..].iter().position(|it| matches!(it.step, Step::Confirm)).unwrap();
            let count = pause + next;
            let (kept, texts) = kept(&case, &plan, count);
            let progress: Vec<Progress> = (0..plan.steps.len())
                .map(|id| if id < count { Progress::Done } else { Progress::NotBegun })
                .collect();
            let steps: BTreeSet<usize> = (pause + 1..plan.steps.len()).collect();
            let undone =
                Undone { run: "a-run", plan: &plan, steps, progress: &progress, kept, texts: texts.clone() };
            let cut = carried_out(&case, &plan, count);
            let back = back::plan(&undone, &case.input.inventory, &cut.facts).unwrap();
            let after = carried_out_with(&cut, &back, back.steps.len(), &texts);
            let at_the_pause = carried_out(&case, &plan, pause);
            for (was, is) in at_the_pause.facts.nodes.iter().zip(&after.facts.nodes) {
                assert_eq!(was.yaml.text.expose(), is.yaml.text.expose(), "{name} at {pause}: {}", was.node);
            }
            // Within the first phase a node goes back to what it was, as the one that failed in it would.
            let is_later = plan.steps[pause].phase > 0;
            assert!(!is_later || !cuts_off_tls(&back) && back.warnings.is_empty(), "{name} at {pause}");
        }
    }
}

fn cuts_off_tls(back: &Plan) -> bool {
    let encryption = Encryption::Tls { protocol: None, cipher: None };
    back.nodes().iter().any(|node| cut_off::is_cut_off(back, &client(node, encryption.clone())))
}

fn client(node: &str, encryption: Encryption) -> Client {
    Client {
        node: node.into(),
        address: "10.9.0.1".into(),
        port: 50_000,
        username: None,
        driver_name: None,
        driver_version: None,
        encryption,
        by_certificate: None,
    }
}

/// Who asks for it is told, and knows whom it concerns.
#[test]
fn a_way_back_behind_a_pause_says_so_and_knows_whom_it_cuts_off() {
    let case = Case::read("staged-pauses");
    let plan = planned(&case).unwrap();
    let count = plan.steps.len();
    let (kept, texts) = kept(&case, &plan, count);
    let progress = vec![Progress::Done; count];
    let steps = (0..count).collect();
    let undone = Undone { run: "a-run", plan: &plan, steps, progress: &progress, kept, texts };
    let cut = carried_out(&case, &plan, count);
    let back = back::plan(&undone, &case.input.inventory, &cut.facts).unwrap();
    assert!(back.warnings.iter().any(|it| it.starts_with("TLS is turned off again")), "{:?}", back.warnings);
    assert!(
        back.warnings.iter().any(|it| it.starts_with("the run was to wait before")),
        "{:?}",
        back.warnings
    );
    assert!(cut_off::may_cut_off(&back) && cuts_off_tls(&back));
    assert!(!cut_off::is_cut_off(&back, &client("n1", Encryption::NotKnown)));
}

/// The walk of a node in the second phase failed at its restart: what it wrote there comes back, what the first phase
/// did stays, and so do the other nodes.
#[test]
fn a_node_that_failed_is_put_back_to_where_it_was_last_seen_healthy() {
    let case = Case::read("staged-fresh");
    let plan = planned(&case).unwrap();
    let restart =
        |step: &ringwalk::plan::PlannedStep| step.phase == 1 && matches!(step.step, Step::Restart(_));
    let failed = plan.steps.iter().position(restart).unwrap();
    let (wave, node) = (plan.steps[failed].wave, plan.steps[failed].node.clone());
    let is_own = |id: &usize| plan.steps[*id].wave == wave && plan.steps[*id].node == node;
    let steps: BTreeSet<usize> = (0..plan.steps.len()).filter(is_own).collect();
    let first = *steps.first().unwrap();
    let (kept, texts) = kept(&case, &plan, failed);
    let progress: Vec<Progress> = (0..plan.steps.len())
        .map(|id| match id.cmp(&failed) {
            std::cmp::Ordering::Less => Progress::Done,
            std::cmp::Ordering::Equal => Progress::Perhaps,
            std::cmp::Ordering::Greater => Progress::NotBegun,
        })
        .collect();
    let healthy = carried_out(&case, &plan, first);
    let cut = carried_out(&case, &plan, failed);
    let undone = Undone { run: "a-run", plan: &plan, steps, progress: &progress, kept, texts: texts.clone() };
    let back = back::plan(&undone, &case.input.inventory, &cut.facts).unwrap();
    assert_eq!(back.nodes(), [node.as_str()]);
    assert_eq!(back.phases.len(), 1, "the phases before and after it have nothing to undo");
    let after = carried_out_with(&cut, &back, back.steps.len(), &texts);
    let yaml = |case: &Case| case.facts.node(&node).unwrap().yaml.text.clone();
    assert_eq!(yaml(&after).expose(), yaml(&healthy).expose());
    assert!(yaml(&after).expose() != yaml(&case).expose(), "the first phase stays");

    // The node did it by itself, since nobody was there: that is found, and not done again.
    let mut healed = healthy.facts;
    let seen = healed.nodes.iter_mut().find(|seen| seen.node == node).unwrap();
    seen.healed = Some(SelfHealed { run: "a-run".into(), at_s: 0, what: "its old files are back".into() });
    let progress = healed::progress("a-run", &plan, progress.clone(), &healed);
    let undone = Undone { progress: &progress, ..undone };
    assert!(back::plan(&undone, &case.input.inventory, &healed).unwrap().is_empty());
}
