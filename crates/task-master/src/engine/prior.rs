//! What earlier attempts at a task left open.

use task_manager::event::StepOutcome;
use task_manager::state::StepState;

/// What is known of a step from earlier attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It was never begun, or failed and said so.
    Nothing,
    /// It was done.
    Done,
    /// It was begun, and its end is not known.
    Open,
}

/// What the log knows of a step, if it is still the same one: the runbook may have been edited since.
pub(super) fn known(prior: Option<&StepState>, what: &str) -> Known {
    match prior.filter(|was| was.what == what).map(|was| was.outcome) {
        None | Some(Some(StepOutcome::Failed)) => Known::Nothing,
        Some(Some(StepOutcome::Done | StepOutcome::AlreadySo)) => Known::Done,
        Some(_) => Known::Open,
    }
}
