//! The engine: a plain synchronous loop over the plan's order.
//!
//! Promises, each tested:
//! 1. An intent is on disk before its effect starts, and so is the process that carries it out.
//! 2. A step is carried out at least once and has a check; what was done and has a check is not done again.
//! 3. What was cut off is settled by looking at the world; where nothing can tell, the task is unknown and waits.
//! 4. A completed task starts again only after its check failed and that is recorded.
//! 5. One run at a time; the second is refused at once and told who has the state.

mod attempt;
mod describe;
mod error;
mod event;
mod hands;
mod journal;
mod logfile;
mod plan;
mod prior;
mod recover;
mod run;
mod select;
mod selection_file;
mod tool;

pub use error::EngineError;
pub use event::{Event, Reader};
pub use plan::{PlannedStep, PlannedTask, plan};
pub use run::{resume, run};
pub use select::{Resolved, Selection};

use std::time::{Duration, Instant};

use task_manager::event::RunOutcome;
use task_manager::exit::Code;
use task_manager::{Evidence, Graph};

use crate::runbook::Runbook;

/// How a task came out of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was carried out.
    Completed(Evidence),
    /// It was completed before and still is.
    StillSo(Option<Evidence>),
    /// It failed.
    Failed {
        /// Why.
        reason: String,
        /// Whether a time limit was the reason.
        timed_out: bool,
        /// The tool that is missing, when that is the reason.
        missing_tool: Option<String>,
    },
    /// It was stopped by a signal.
    Interrupted,
    /// Its outcome is not known and waits for a person.
    Unknown(String),
    /// It was not started, for this reason.
    Skipped(String),
    /// The runbook does not say how to carry it out.
    Manual,
}

impl End {
    /// Whether the task is completed after the run.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::StillSo(_))
    }
}

/// What a run did with one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskReport {
    /// The task.
    pub task: String,
    /// How it came out.
    pub end: End,
    /// What its steps said, one line each.
    pub output: Vec<String>,
    /// How long it took.
    pub duration: Duration,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// Its name; none when there was nothing to run and nothing was recorded.
    pub run: Option<String>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The exit code that says so.
    pub code: Code,
    /// The tasks in the order in which they were met.
    pub tasks: Vec<TaskReport>,
    /// When all of them are manual, the first phase that has tasks with bindings.
    pub bound_phase: Option<String>,
}

/// A run under way.
struct Engine<'c, 'r> {
    runbook: Runbook,
    plan: prd_parser::Plan,
    graph: Graph,
    hands: hands::Hands<'c>,
    journal: journal::Journal<'r>,
    run: String,
    target: String,
    commit: Option<String>,
    deadline: Option<Instant>,
    keep_going: bool,
}
