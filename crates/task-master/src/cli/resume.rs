//! `resume`: go on with a run that did not complete.

use task_manager::exit::Code;
use task_master::engine;

use super::failure::Failure;
use super::progress::Shower;
use super::{App, summary};

/// Arguments of `resume`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run [default: the last one on the target that did not complete]
    run: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    let context = app.running_context()?;
    let shower = Shower::new(app, context.place.state.clone());
    let begin = &mut |what: &engine::Resolved, plan: &prd_parser::Plan| shower.begin(what, plan);
    let report = engine::resume(&context, args.run.as_deref(), begin, &mut &shower)?;
    summary::end(&shower, &report)
}
