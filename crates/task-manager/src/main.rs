//! The command line of the task manager. Everything that it can do is in the library; this maps it to a terminal.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main().into()
}
