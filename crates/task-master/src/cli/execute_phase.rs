//! `execute-phase`: carry out the tasks of a phase, or of the whole plan.

use task_manager::exit::Code;
use task_master::engine::{self, Selection};

use super::failure::Failure;
use super::progress::Shower;
use super::{App, summary};

/// Arguments of `execute-phase`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The phase: its number, "Phase 2", its slug or its title [default: the next unfinished one]
    #[arg(conflicts_with = "all")]
    phase: Option<String>,
    /// The whole plan, in the order of its dependencies
    #[arg(long)]
    all: bool,
}

impl Args {
    /// What was asked for.
    pub(crate) fn selection(&self) -> Selection {
        match &self.phase {
            Some(phase) => Selection::Phase(phase.clone()),
            None if self.all => Selection::All,
            None => Selection::NextPhase,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    execute(&args.selection(), app)
}

/// Runs a selection and shows it.
pub(crate) fn execute(selection: &Selection, app: &mut App<'_>) -> Result<Code, Failure> {
    let context = app.running_context()?;
    let shower = Shower::new(app, context.place.state.clone());
    let report = engine::run(&context, selection, &mut |what, plan| shower.begin(what, plan), &mut &shower)?;
    summary::end(&shower, &report)
}
