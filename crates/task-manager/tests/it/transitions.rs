//! The table of moves, every pair of it, written out a second time as a person reads it.

use task_manager::State;
use task_manager::state::IllegalEvent;
use task_manager::status::Status;
use task_manager::transition::{Condition, Move, after};

use crate::build::{T, event, log, way_to};

/// One row a condition, one column a move, in the order of `Move::ALL`; `.` is illegal, and a letter is where the
/// move leads: Pending, sKipped, Drifted, Running, by Hand, Interrupted, Unknown, Completed, Failed.
const TABLE: [(Condition, &str); 9] = [
    //                        start step complete fail interrupt lose skip drift | state: pend prog comp fail
    (Condition::Pending, "R.....K.PHCF"),
    (Condition::Skipped, "R.....K.PHCF"),
    (Condition::Drifted, "R.....D.PHCF"),
    (Condition::Running, ".RCFIU..PHCF"),
    (Condition::ByHand, "......H.PHCF"),
    (Condition::Interrupted, "R....UI.PHCF"),
    (Condition::Unknown, "......U.PHCF"),
    (Condition::Completed, ".......D..C."),
    (Condition::Failed, "R.....F.PHCF"),
];

fn letter(condition: Option<Condition>) -> char {
    match condition {
        None => '.',
        Some(Condition::Pending) => 'P',
        Some(Condition::Skipped) => 'K',
        Some(Condition::Drifted) => 'D',
        Some(Condition::Running) => 'R',
        Some(Condition::ByHand) => 'H',
        Some(Condition::Interrupted) => 'I',
        Some(Condition::Unknown) => 'U',
        Some(Condition::Completed) => 'C',
        Some(Condition::Failed) => 'F',
    }
}

#[test]
fn every_pair_of_condition_and_move_is_as_written() {
    let found = Condition::ALL.map(|from| (from, Move::ALL.map(|asked| letter(after(from, asked)))));
    for ((from, found), (named, row)) in found.into_iter().zip(TABLE) {
        assert_eq!(from, named);
        assert_eq!(found.iter().collect::<String>(), row, "from {from}");
    }
}

#[test]
fn the_fold_goes_where_the_table_says_and_an_illegal_event_names_both_states() {
    for from in Condition::ALL {
        let before = way_to(from, T, "sim");
        let known = u32::from(before.iter().any(|event| event.kind() == "task_started"));
        for asked in Move::ALL {
            let attempt = known + u32::from(asked == Move::Start);
            let events = before.iter().cloned().chain([event(asked, T, "sim", attempt)]);
            match (State::fold(&log(events)), after(from, asked)) {
                (Ok(state), Some(to)) => {
                    assert_eq!(state.task("sim", T).condition, to, "{from} {asked:?}");
                    assert_eq!(state.task("host", T).condition, Condition::Pending, "another target");
                }
                (Err(error @ IllegalEvent::Move { .. }), None) => {
                    let to = asked.aim().unwrap();
                    let message = error.to_string();
                    assert!(message.contains(&format!("is {from} and cannot become {to}")), "{message}");
                }
                (Err(IllegalEvent::Step { .. }), None) => assert_eq!(asked, Move::Step),
                (found, expected) => panic!("{from} {asked:?}: {found:?}, not {expected:?}"),
            }
        }
    }
}

#[test]
fn a_completed_task_starts_again_only_after_drift() {
    for asked in Move::ALL {
        let reached = after(Condition::Completed, asked);
        let stays_or_drifts =
            reached.is_none_or(|to| matches!(to, Condition::Completed | Condition::Drifted));
        assert!(stays_or_drifts, "{asked:?} leads from completed to {reached:?}");
    }
    assert_eq!(after(Condition::Drifted, Move::Start), Some(Condition::Running));
}

#[test]
fn an_attempt_out_of_turn_is_refused() {
    let mut events = way_to(Condition::Failed, T, "sim");
    events.push(event(Move::Start, T, "sim", 3));
    let error = State::fold(&log(events)).unwrap_err();
    insta::assert_snapshot!(error, @"task blue-green-implementation/create-helm-chart on target sim is at attempt 1, and the event names attempt 3");
}

#[test]
fn a_persons_word_does_not_weaken_evidence() {
    let mut events = way_to(Condition::Completed, T, "sim");
    events.push(event(Move::State(Status::Completed), T, "sim", 1));
    let task = State::fold(&log(events)).unwrap().task("sim", T);
    assert_eq!(task.evidence, Some(task_manager::Evidence::Simulated));
    assert_eq!(task.reason, None);
}
