//! The one table of legal moves of a task on one target.
//!
//! A [`Condition`] is finer than a [`Status`]: a running task and an interrupted one are both in progress, but only
//! the second may start again. Whoever wants to know whether something is allowed asks [`after`], and nothing else.

use std::fmt;

use crate::event::{Event, TaskOutcome};
use crate::status::Status;

/// How a task stands, as finely as the table of moves needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Condition {
    /// Never started, or stated to be pending.
    #[default]
    Pending,
    /// Passed over by a run.
    Skipped,
    /// Was completed and is no longer so.
    Drifted,
    /// An attempt is under way, or was when its process died.
    Running,
    /// A person said that they are at it.
    ByHand,
    /// An attempt was cut off.
    Interrupted,
    /// An attempt was cut off and nothing can tell its outcome.
    Unknown,
    /// Done.
    Completed,
    /// Tried and not done.
    Failed,
}

impl Condition {
    /// Every condition.
    pub const ALL: [Condition; 9] = [
        Condition::Pending,
        Condition::Skipped,
        Condition::Drifted,
        Condition::Running,
        Condition::ByHand,
        Condition::Interrupted,
        Condition::Unknown,
        Condition::Completed,
        Condition::Failed,
    ];

    /// The status that it shows as.
    pub fn status(self) -> Status {
        match self {
            Condition::Pending | Condition::Skipped | Condition::Drifted => Status::Pending,
            Condition::Running | Condition::ByHand | Condition::Interrupted | Condition::Unknown => {
                Status::InProgress
            }
            Condition::Completed => Status::Completed,
            Condition::Failed => Status::Failed,
        }
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Pending => "pending",
            Condition::Skipped => "skipped",
            Condition::Drifted => "drifted",
            Condition::Running => "running",
            Condition::ByHand => "in progress by hand",
            Condition::Interrupted => "interrupted",
            Condition::Unknown => "unknown",
            Condition::Completed => "completed",
            Condition::Failed => "failed",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an event asks of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Move {
    /// An attempt begins.
    Start,
    /// A step of the attempt under way is intended, spawned or finished.
    Step,
    /// The attempt ends well.
    Complete,
    /// The attempt ends badly.
    Fail,
    /// The attempt is found cut off.
    Interrupt,
    /// The attempt is found cut off, its outcome not to be known.
    LoseTrack,
    /// A run passes it over.
    Skip,
    /// What was completed is found to be no longer so.
    Drift,
    /// A person states a status.
    State(Status),
}

impl Move {
    /// Every move.
    pub const ALL: [Move; 12] = [
        Move::Start,
        Move::Step,
        Move::Complete,
        Move::Fail,
        Move::Interrupt,
        Move::LoseTrack,
        Move::Skip,
        Move::Drift,
        Move::State(Status::Pending),
        Move::State(Status::InProgress),
        Move::State(Status::Completed),
        Move::State(Status::Failed),
    ];

    /// What the event asks of the task that it names; none for an event about no task.
    pub fn of(event: &Event) -> Option<Move> {
        Some(match event {
            Event::TaskStarted { .. } => Move::Start,
            Event::StepIntended { .. } | Event::StepSpawned { .. } | Event::StepFinished { .. } => Move::Step,
            Event::TaskFinished { outcome: TaskOutcome::Completed, .. } => Move::Complete,
            Event::TaskFinished { outcome: TaskOutcome::Failed, .. } => Move::Fail,
            Event::TaskInterrupted { .. } => Move::Interrupt,
            Event::TaskUnknown { .. } => Move::LoseTrack,
            Event::TaskSkipped { .. } => Move::Skip,
            Event::TaskDrifted { .. } => Move::Drift,
            Event::StatusStated { status, .. } => Move::State(*status),
            Event::PlanParsed(_)
            | Event::RunStarted { .. }
            | Event::RunFinished { .. }
            | Event::Shown { .. } => return None,
        })
    }

    /// The condition that it leads to where it is legal; none for a step, which leads nowhere.
    pub fn aim(self) -> Option<Condition> {
        Some(match self {
            Move::Step => return None,
            Move::Start => Condition::Running,
            Move::Complete | Move::State(Status::Completed) => Condition::Completed,
            Move::Fail | Move::State(Status::Failed) => Condition::Failed,
            Move::Interrupt => Condition::Interrupted,
            Move::LoseTrack => Condition::Unknown,
            Move::Skip => Condition::Skipped,
            Move::Drift => Condition::Drifted,
            Move::State(Status::Pending) => Condition::Pending,
            Move::State(Status::InProgress) => Condition::ByHand,
        })
    }
}

/// The table: where a move leads from a condition, or none where it is not legal.
///
/// A completed task goes on only by drift. A task with an unknown outcome, and one that a person works at, go on
/// only by a person's word. A skip changes nothing but what was pending.
pub fn after(from: Condition, asked: Move) -> Option<Condition> {
    use Condition::*;
    match (from, asked) {
        (Pending | Skipped | Drifted | Interrupted | Failed, Move::Start) => Some(Running),
        (Running, Move::Step) => Some(Running),
        (Running, Move::Complete | Move::Fail | Move::Interrupt) => asked.aim(),
        (Running | Interrupted, Move::LoseTrack) => Some(Unknown),
        (Pending | Skipped, Move::Skip) => Some(Skipped),
        (Drifted | Failed | Interrupted | Unknown | ByHand, Move::Skip) => Some(from),
        (Completed, Move::Drift) => Some(Drifted),
        (Completed, Move::State(Status::Completed)) => Some(Completed),
        (Completed, Move::State(_)) => None,
        (_, Move::State(_)) => asked.aim(),
        _ => None,
    }
}
