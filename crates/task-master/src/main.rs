//! The `task-master` binary: the child shim first, then the command line.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    if let Some(code) = task_master::runner::shim::run_if_asked(std::env::args_os()) {
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    cli::main().into()
}
