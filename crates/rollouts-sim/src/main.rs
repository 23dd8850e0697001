//! A Kubernetes API with the controllers of Argo Rollouts and Argo CD, in virtual time.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use rollouts_sim::cli::{Cli, run};

/// Objects are many small pieces of memory, which the C library's allocator hands out slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("ROLLOUTS_SIM_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
    match run(cli, &mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut said = format!("rollouts-sim: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                said = format!("{said}: {inner}");
                cause = inner.source();
            }
            // Nothing is left to tell when stderr is closed.
            let _ = writeln!(std::io::stderr(), "{said}");
            ExitCode::FAILURE
        }
    }
}
