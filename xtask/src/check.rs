//! `cargo xtask check`: all that needs more than `cargo test`: linters, documentation, real tools.
//!
//! A tool that is missing is named with the command that brings it. Under `REQUIRE_LIVE=1` that is a
//! failure; elsewhere it is said loudly and the rest goes on.

use crate::run::{self, Error};

/// What to check.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the checks of Rust code: format, clippy, documentation, rules of the house.
    #[arg(long)]
    rust_only: bool,
}

/// Runs the checks in the order in which they fail most often.
///
/// # Errors
/// The first check that fails.
pub(crate) fn run(_options: &Options) -> Result<(), Error> {
    let cargo = env!("CARGO");
    run::run(run::command(cargo).args(["fmt", "--all", "--check"]))?;
    crate::tidy::run()?;
    run::run(run::command(cargo).args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    run::run(
        run::command(cargo)
            .args(["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    Ok(())
}
