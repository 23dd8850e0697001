//! What an event can be refused for.

use crate::transition::{Condition, Move};

/// An event that the table of moves does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalEvent {
    /// The task cannot go there from where it is.
    #[error("task {task} on target {target} is {from} and cannot become {to}{hint}")]
    Move {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// Where it stands.
        from: Condition,
        /// Where the event would take it.
        to: Condition,
        /// A way on, when there is one; begins with `: `.
        hint: &'static str,
    },
    /// A step of a task that has no attempt under way.
    #[error("task {task} on target {target} is {from} and not running: it can have no step")]
    Step {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// Where it stands.
        from: Condition,
    },
    /// An attempt that is not the next one, or an outcome of one that is not under way.
    #[error("task {task} on target {target} is at attempt {known}, and the event names attempt {named}")]
    Attempt {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The attempts that the log holds.
        known: u32,
        /// The attempt that the event names.
        named: u32,
    },
    /// A run with a name that is taken, or the end of one that never began or has ended.
    #[error("run {run} {problem}")]
    Run {
        /// The run.
        run: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// An event that is not the next one of the log.
    #[error("event {found} follows event {known} in the log")]
    Sequence {
        /// The last event before.
        known: u64,
        /// The event that came.
        found: u64,
    },
}

/// A way on from a move that is not legal, when there is one; begins with `: `.
pub(super) fn hint(from: Condition, asked: Move) -> &'static str {
    match (from, asked) {
        (Condition::Completed, Move::Start | Move::State(_)) => ": only after it is recorded as drifted",
        (Condition::Unknown, Move::Start) => ": a person has to say how it stands, with `update`",
        (Condition::ByHand, Move::Start) => ": a person said that they are at it; `update` gives it back",
        (Condition::Running, Move::Start) => ": the attempt under way must end or be recorded as interrupted",
        _ => "",
    }
}
