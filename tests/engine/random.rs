//! Any plan, any outcomes, any interrupts: what always holds.

use super::script::{Happened, Run, Script, fold, resume, run, step};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use ringwalk::engine::EngineError;
use ringwalk::engine::next::{Next, Window, next};
use ringwalk::journal::event::{Outcome, RunResult, StepEvent};
use ringwalk::plan::{PLAN_FORMAT, Plan, PlannedStep, StepId};
use std::collections::BTreeSet;

/// Waves of up to four nodes with up to four steps each. A node comes back in later waves; within a wave the steps of
/// its nodes may be mixed.
fn any_plan() -> impl Strategy<Value = Plan> {
    let steps = vec((0..4_usize, prop::sample::select(vec!['p', 'h', 'R', 'c'])), 1..10);
    (vec(steps, 0..4), 1..4_usize).prop_map(|(waves, at_once)| Plan {
        format: PLAN_FORMAT,
        cluster: "orders".into(),
        playbook: "random".into(),
        at_once,
        conduct: Default::default(),
        warnings: Vec::new(),
        findings: Vec::new(),
        seen: Vec::new(),
        phases: Vec::new(),
        steps: waves
            .into_iter()
            .enumerate()
            .flat_map(|(wave, steps)| {
                steps.into_iter().map(move |(node, letter)| PlannedStep {
                    phase: 0,
                    wave,
                    node: format!("n{node}"),
                    step: step(letter),
                })
            })
            .collect(),
    })
}

fn any_script() -> impl Strategy<Value = Script> {
    let fails = prop_oneof![2 => Just(Vec::new()), 1 => vec(0..40_usize, 1..4)];
    let interrupts_s = prop_oneof![2 => Just(Vec::new()), 1 => vec(1..60_u64, 1..3)];
    (btree_map(0..40_usize, 1..8_u64, 0..40), fails, interrupts_s).prop_map(
        |(takes_s, fails, interrupts_s)| Script { takes_s, fails, interrupts_s, ..Script::default() },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn the_loop_keeps_its_promises(plan in any_plan(), script in any_script()) {
        let run = run(plan, &script);
        orderly(&run);
        asks_the_same_on_every_prefix(&run);
        ends_as_it_says(&run, &script);
    }

    #[test]
    fn a_killed_run_ends_as_it_would_have(plan in any_plan(), script in any_script(), cut in any::<prop::sample::Index>()) {
        let script = Script { interrupts_s: Vec::new(), ..script };
        let whole = run(plan, &script);
        let open = &whole.journal[..whole.journal.len() - 1];
        let resumed = resume(open[..=cut.index(open.len())].to_vec(), &script);
        orderly(&resumed);
        ends_as_it_says(&resumed, &script);
        prop_assert_eq!(resumed.ended.is_ok(), whole.ended.is_ok());
        if script.fails.is_empty() {
            prop_assert_eq!(resumed.ended.unwrap(), whole.ended.unwrap());
        }
    }
}

/// Follows the log: who may begin, and when.
fn orderly(run: &Run) {
    let plan = &run.state.plan;
    let mut state = fold(&run.journal[..run.journal.len() - recorded(run)]);
    let mut running: BTreeSet<StepId> = BTreeSet::new();
    for happened in &run.log {
        match happened {
            Happened::Recorded(event) => {
                if let StepEvent::StepStarted { step, .. } = event {
                    may_begin(&state, *step);
                }
                state.apply(state.started, event).unwrap();
            }
            Happened::Begun(step) => {
                assert!(
                    state.running().any(|it| it == *step),
                    "step {step} is on record before it is performed"
                );
                running.insert(*step);
                let waves: BTreeSet<usize> = running.iter().map(|step| plan.steps[*step].wave).collect();
                assert_eq!(waves.len(), 1, "two waves at once: {running:?}");
                let nodes: BTreeSet<&str> =
                    running.iter().map(|step| plan.steps[*step].node.as_str()).collect();
                assert_eq!(nodes.len(), running.len(), "two steps of one node at once: {running:?}");
                assert!(nodes.len() <= plan.at_once, "more than {} nodes at once", plan.at_once);
            }
            Happened::Ended(step) => assert!(running.remove(step)),
        }
    }
}

fn recorded(run: &Run) -> usize {
    run.log.iter().filter(|happened| matches!(happened, Happened::Recorded(_))).count()
}

/// Whether the step's turn has come, by rules of this test's own.
fn may_begin(state: &ringwalk::journal::state::RunState, step: StepId) {
    use ringwalk::journal::state::Status;
    let planned = &state.plan.steps[step];
    let is_done = |step: StepId| matches!(state.status[step], Status::Done { .. });
    let mut has_begun_here = false;
    for (other, earlier) in state.plan.steps.iter().enumerate() {
        let is_own = earlier.node == planned.node && earlier.wave == planned.wave;
        assert!(
            earlier.wave >= planned.wave || is_done(other),
            "step {step} before wave {} is over",
            earlier.wave
        );
        assert!(!is_own || other >= step || is_done(other), "step {step} before step {other} of its node");
        has_begun_here |= is_own && !matches!(state.status[other], Status::Waiting);
    }
    let any_failed = state.status.iter().any(|status| matches!(status, Status::Failed { .. }));
    assert!(
        has_begun_here || !(any_failed || state.winding_down),
        "step {step} begins a node while the run stops"
    );
}

/// What a process would do that found this much of the journal is what the run did.
fn asks_the_same_on_every_prefix(run: &Run) {
    for records in 1..run.journal.len() {
        let state = fold(&run.journal[..records]);
        let (asked, (_, did)) = (next(&state, Window::Open), &run.journal[records]);
        match did {
            StepEvent::StepStarted { step, .. } => {
                assert!(
                    matches!(&asked, Next::Perform(steps) if steps.first() == Some(step)),
                    "{asked:?}, not {did:?}"
                );
            }
            StepEvent::StepFinished { .. } | StepEvent::Interrupted => {
                assert_eq!(asked, Next::Wait, "{did:?}")
            }
            StepEvent::RunFinished { result } => assert_eq!(asked, Next::Finish(*result)),
            StepEvent::RunStarted { .. }
            | StepEvent::Resumed { .. }
            | StepEvent::WindowClosed { .. }
            | StepEvent::WindowOpened
            | StepEvent::RollbackPlanned { .. }
            | StepEvent::RollbackRefused { .. }
            | StepEvent::RollbackEnded { .. } => panic!("these plans stop at a failure, and start once"),
        }
    }
}

fn ends_as_it_says(run: &Run, script: &Script) {
    let state = &run.state;
    let count =
        |is_it: &dyn Fn(&StepEvent) -> bool| run.journal.iter().filter(|(_, event)| is_it(event)).count();
    let failed =
        count(&|event| matches!(event, StepEvent::StepFinished { outcome: Outcome::Failed { .. }, .. }));
    let is_whole = state.plan.steps.iter().all(|step| state.node_is_done(&step.node));
    let ended = match &run.ended {
        Ok(ended) => *ended,
        Err(EngineError::Left) => return assert_eq!(script.interrupts_s.len(), 2),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(state.running().count(), 0, "nothing is left running");
    match ended {
        RunResult::Done => assert!(is_whole && failed == 0),
        RunResult::Interrupted => assert!(!is_whole && failed == 0 && state.winding_down),
        RunResult::StoppedMidway => assert!(failed > 0 && state.changed_something()),
        RunResult::Waiting | RunResult::Restored => panic!("no pause is in these plans, and no way back"),
        RunResult::StoppedUnchanged => assert!(failed > 0 && !state.changed_something()),
    }
}
