//! `completions`: a script that teaches a shell this command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Answer, Cli};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "task-manager", &mut script);
    Answer::ok(String::from_utf8_lossy(&script).into_owned())
}
