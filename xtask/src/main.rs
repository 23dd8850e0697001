//! The project's build system: `cargo xtask <verb>`.
//!
//! Every verb is a module of its own; this file only parses and routes. It runs the shipped binaries
//! rather than linking them wherever that is enough.

mod check;
mod run;
mod tidy;

use std::process::ExitCode;

use clap::Parser;

/// Checks, scenarios on every target, benches and generated files.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
enum Verb {
    /// Every linter and every test that needs tools beyond Rust; names the tools that are missing.
    Check(check::Options),
    /// The rules of the house that no compiler checks: module headers, file sizes, words, arrows.
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Verb::parse() {
        Verb::Check(options) => check::run(&options),
        Verb::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say_error(&error);
            ExitCode::FAILURE
        }
    }
}
