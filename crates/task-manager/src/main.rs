//! The command line of the task manager. Everything that it can do is in the library; this maps it to a terminal.

mod cli;

/// Plans, objects and events are many small pieces of memory, which the C library's allocator hands out slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main().into()
}
