//! `execute-task`: carry out one task.

use task_manager::exit::Code;
use task_master::engine::Selection;

use super::failure::Failure;
use super::{App, execute_phase};

/// Arguments of `execute-task`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The task: its id, or an unambiguous beginning or end of it
    task: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    execute_phase::execute(&Selection::Task(args.task.clone()), app)
}
