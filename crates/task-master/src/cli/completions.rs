//! `completions`: a completion script for a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;
use task_manager::exit::Code;

use super::failure::Failure;
use super::{App, Cli};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "task-master", &mut script);
    app.print(&String::from_utf8_lossy(&script))?;
    Ok(Code::Ok)
}
