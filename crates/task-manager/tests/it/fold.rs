//! The fold as a whole: properties over random logs, and what a plan's renames do to it.

use proptest::prelude::*;
use task_manager::State;
use task_manager::event::{Event, KnownTask, PlanParsed, Renamed, StepOutcome};
use task_manager::status::Status;
use task_manager::transition::{Condition, Move, after};

use crate::build::{event, log, way_to};

/// A random walk: which task, which target, which move. Illegal ones are left out as they come.
fn walk() -> impl Strategy<Value = Vec<Event>> {
    let choice = (0..3usize, 0..2usize, 0..Move::ALL.len());
    prop::collection::vec(choice, 0..60).prop_map(|choices| {
        let mut state = State::default();
        let mut events = Vec::new();
        for (task, target, asked) in choices {
            let (task, target) = (["p/a", "p/b", "q/a"][task], ["sim", "host"][target]);
            let known = state.task(target, task);
            let asked = Move::ALL[asked];
            if after(known.condition, asked).is_some() {
                let attempt = known.attempts + u32::from(asked == Move::Start);
                events.push(event(asked, task, target, attempt));
                state = State::fold(&log(events.clone())).unwrap();
            }
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_fold_is_the_same_in_one_go_and_cut_anywhere(events in walk(), cut in 0..60usize) {
        let events = log(events);
        let whole = State::fold(&events).unwrap();
        let cut = cut.min(events.len());
        let mut resumed = State::fold(&events[..cut]).unwrap();
        for recorded in &events[cut..] {
            resumed.apply(recorded).unwrap();
        }
        for target in ["sim", "host"] {
            prop_assert!(whole.tasks(target).eq(resumed.tasks(target)));
        }
    }

    #[test]
    fn what_happens_on_one_target_counts_on_no_other(events in walk()) {
        let whole = State::fold(&log(events.clone())).unwrap();
        let on_sim = events.into_iter().filter(|event| event.target() == Some("sim"));
        let alone = State::fold(&log(on_sim)).unwrap();
        // The times differ, as the numbers do; all else is the same.
        let plain = |state: &State| state.tasks("sim").map(|(id, task)| (id.to_owned(), task.condition, task.attempts, task.evidence)).collect::<Vec<_>>();
        prop_assert_eq!(plain(&whole), plain(&alone));
    }

    #[test]
    fn between_completed_and_a_new_start_lies_a_drift(events in walk()) {
        let mut completed = std::collections::HashSet::new();
        for event in events {
            let Some(key) = event.task().map(|task| (task.to_owned(), event.target().map(str::to_owned))) else { continue };
            match Move::of(&event) {
                Some(Move::Complete | Move::State(Status::Completed)) => { completed.insert(key); }
                Some(Move::Drift) => { completed.remove(&key); }
                Some(Move::Start) => prop_assert!(!completed.contains(&key), "started while completed"),
                _ => {}
            }
        }
    }
}

fn plan(ids: &[&str], renamed: &[(&str, &str)]) -> Event {
    let known = |id: &&str| KnownTask {
        id: (*id).to_owned(),
        explicit: false,
        title: (*id).to_owned(),
        phase: "p".to_owned(),
        spec: 0,
    };
    let rename = |(from, to): &(&str, &str)| Renamed { from: (*from).to_owned(), to: (*to).to_owned() };
    Event::PlanParsed(PlanParsed {
        file: "PRD.md".into(),
        sha256: String::new(),
        tasks: ids.iter().map(known).collect(),
        renamed: renamed.iter().map(rename).collect(),
        removed: Vec::new(),
    })
}

#[test]
fn state_goes_with_a_renamed_task_and_its_old_id_still_finds_it() {
    let mut events = way_to(Condition::Completed, "p/a", "sim");
    events.push(plan(&["p/b"], &[("p/a", "p/b")]));
    events.push(plan(&["p/c"], &[("p/b", "p/c")]));
    let state = State::fold(&log(events)).unwrap();
    for id in ["p/a", "p/b", "p/c"] {
        assert_eq!(state.status("sim", id), Status::Completed, "{id}");
        assert_eq!(state.current_id(id), "p/c");
    }
}

#[test]
fn an_event_under_an_old_id_is_about_the_renamed_task() {
    let mut events = vec![event(Move::Start, "p/a", "sim", 1)];
    events.push(plan(&["p/b"], &[("p/a", "p/b")]));
    // A run that began before the rename goes on with the id that it knows.
    events.push(event(Move::Complete, "p/a", "sim", 1));
    let state = State::fold(&log(events)).unwrap();
    assert_eq!(state.status("sim", "p/b"), Status::Completed);
    assert_eq!(state.tasks("sim").map(|(id, _)| id).collect::<Vec<_>>(), ["p/b"]);
}

#[test]
fn two_tasks_can_swap_their_ids() {
    let mut events = way_to(Condition::Completed, "p/a", "sim");
    events.extend(way_to(Condition::Failed, "p/b", "sim"));
    events.push(plan(&["p/a", "p/b"], &[("p/a", "p/b"), ("p/b", "p/a")]));
    let state = State::fold(&log(events)).unwrap();
    assert_eq!(state.status("sim", "p/a"), Status::Failed);
    assert_eq!(state.status("sim", "p/b"), Status::Completed);
}

fn step_event(what: &str, attempt: u32, outcome: Option<StepOutcome>) -> Event {
    let (task, target, run) = ("p/a".to_owned(), "sim".to_owned(), "r".to_owned());
    match outcome {
        None => Event::StepIntended { task, target, run, attempt, step: 1, what: what.to_owned() },
        Some(outcome) => Event::StepFinished { task, target, run, attempt, step: 1, outcome, detail: None },
    }
}

/// What the next attempt has to reckon with, after each end of one that has intended and perhaps finished a step.
#[test]
fn steps_are_remembered_until_the_task_stands_anew() {
    let cases = [
        (Move::Interrupt, None, Some(None)),
        (Move::Interrupt, Some(StepOutcome::Done), Some(Some(StepOutcome::Done))),
        (Move::Fail, None, None),
        (Move::Fail, Some(StepOutcome::Failed), None),
        (Move::Fail, Some(StepOutcome::Done), Some(Some(StepOutcome::Done))),
        (Move::Complete, Some(StepOutcome::Done), None),
    ];
    for (end, outcome, kept) in cases {
        let mut events = vec![event(Move::Start, "p/a", "sim", 1), step_event("x", 1, None)];
        events.extend(outcome.map(|outcome| step_event("x", 1, Some(outcome))));
        events.push(event(end, "p/a", "sim", 1));
        let state = State::fold(&log(events)).unwrap().task("sim", "p/a");
        assert_eq!(state.steps.get(&1).map(|step| step.outcome), kept, "{end:?} {outcome:?}");
    }
}

#[test]
fn a_step_that_was_done_stays_done_when_a_later_attempt_passes_it_over() {
    let events = vec![
        event(Move::Start, "p/a", "sim", 1),
        step_event("x", 1, None),
        step_event("x", 1, Some(StepOutcome::Done)),
        event(Move::Fail, "p/a", "sim", 1),
        event(Move::Start, "p/a", "sim", 2),
        step_event("x", 2, Some(StepOutcome::AlreadySo)),
    ];
    let state = State::fold(&log(events)).unwrap().task("sim", "p/a");
    assert_eq!(state.steps[&1].outcome, Some(StepOutcome::Done));
    assert_eq!(state.step, None, "the second attempt has intended none");
}
