//! The `task-master` binary: the child shim first, then the command line.

use std::process::ExitCode;

mod cli;

/// Plans, objects and events are many small pieces of memory, which the C library's allocator hands out slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(code) = task_master::runner::shim::run_if_asked(std::env::args_os()) {
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    cli::main().into()
}
