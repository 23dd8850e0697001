//! Short ways to write events in tests.

use jiff::Timestamp;
use task_manager::event::{Event, NewEvent, Recorded, TaskOutcome};
use task_manager::status::{Evidence, Status};
use task_manager::transition::{Condition, Move};

pub(crate) const T: &str = "blue-green-implementation/create-helm-chart";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

/// The event that asks for the move, about the given task and target.
pub(crate) fn event(asked: Move, task: &str, target: &str, attempt: u32) -> Event {
    let (task, target, run) = (task.to_owned(), target.to_owned(), "r1".to_owned());
    let finished = |outcome, task, target, run| Event::TaskFinished {
        task,
        target,
        run,
        attempt,
        outcome,
        evidence: Evidence::Simulated,
        reason: (outcome == TaskOutcome::Failed).then(|| "it broke".to_owned()),
        log: Some("runs/r1/log".to_owned()),
    };
    match asked {
        Move::Start => Event::TaskStarted { task, target, run, attempt },
        Move::Step => Event::StepIntended { task, target, run, attempt, step: 1, what: "apply".into() },
        Move::Complete => finished(TaskOutcome::Completed, task, target, run),
        Move::Fail => finished(TaskOutcome::Failed, task, target, run),
        Move::Interrupt => {
            Event::TaskInterrupted { task, target, run, attempt, reason: "killed".into(), log: None }
        }
        Move::LoseTrack => {
            Event::TaskUnknown { task, target, run, attempt, reason: "no check".into(), log: None }
        }
        Move::Skip => Event::TaskSkipped { task, target, run, reason: "manual".into() },
        Move::Drift => Event::TaskDrifted { task, target, run: None, reason: "gone".into() },
        Move::State(status) => {
            Event::StatusStated { task, target, status, message: Some("by hand".into()), who: "ann".into() }
        }
    }
}

pub(crate) fn new(event: Event) -> NewEvent {
    NewEvent { at: at(0), actor: "test".into(), event }
}

/// A log of the events, numbered from 1, a second apart.
pub(crate) fn log(events: impl IntoIterator<Item = Event>) -> Vec<Recorded> {
    (1..)
        .zip(events)
        .map(|(seq, event)| Recorded {
            seq,
            at: at(i64::try_from(seq).unwrap()),
            actor: "test".into(),
            event,
        })
        .collect()
}

/// Legal events that bring the task from nothing to the condition.
pub(crate) fn way_to(condition: Condition, task: &str, target: &str) -> Vec<Event> {
    let moves: &[Move] = match condition {
        Condition::Pending => &[],
        Condition::Skipped => &[Move::Skip],
        Condition::Drifted => &[Move::Start, Move::Complete, Move::Drift],
        Condition::Running => &[Move::Start],
        Condition::ByHand => &[Move::State(Status::InProgress)],
        Condition::Interrupted => &[Move::Start, Move::Interrupt],
        Condition::Unknown => &[Move::Start, Move::LoseTrack],
        Condition::Completed => &[Move::Start, Move::Complete],
        Condition::Failed => &[Move::Start, Move::Fail],
    };
    moves.iter().map(|asked| event(*asked, task, target, 1)).collect()
}
