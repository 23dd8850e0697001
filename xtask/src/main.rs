//! The project's build system: `cargo xtask <verb>`.
//!
//! Every verb is a module of its own; this file only parses and routes. It runs the shipped binaries
//! rather than linking them wherever that is enough.

mod bench;
mod check;
mod cluster;
mod doctor;
mod e2e;
mod fault;
mod gomodule;
mod guide;
mod image;
mod linters;
mod manifests;
mod monitoring;
mod policies;
mod run;
mod terraform;
mod tidy;

use std::process::ExitCode;

use clap::Parser;

/// Checks, scenarios on every target, benches and generated files.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
enum Verb {
    /// The promised speeds, measured on release builds and judged.
    Bench(bench::Options),
    /// Every linter and every test that needs tools beyond Rust; names the tools that are missing.
    Check(check::Options),
    /// Real Kubernetes with the whole delivery stack, as processes of this machine or in kind.
    Cluster(cluster::Options),
    /// What this machine has and lacks for each target, with the command that brings it.
    Doctor(doctor::Options),
    /// The scenarios on a target, compared with their transcripts, or recorded.
    E2e(e2e::Options),
    /// Something that goes wrong on a new simulated cluster, for the troubleshooting guide.
    Fault(fault::Options),
    /// The commands of a guide, run as they stand there.
    Guide(guide::Options),
    /// The demo-app as container images, built without Docker: one archive for each tag.
    Image(image::Options),
    /// The policies, roles and renderings, tried on a real API server.
    Policies(policies::Options),
    /// The platform by Terraform: validated and tested; with `--live` applied to an API server and destroyed.
    Terraform(terraform::Options),
    /// The rules of the house that no compiler checks: module headers, file sizes, words, arrows.
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Verb::parse() {
        Verb::Bench(options) => bench::run(&options),
        Verb::Check(options) => check::run(&options),
        Verb::Cluster(options) => cluster::run(&options),
        Verb::Doctor(options) => doctor::run(&options),
        Verb::E2e(options) => e2e::run(&options),
        Verb::Fault(options) => fault::run(&options),
        Verb::Guide(options) => guide::run(&options),
        Verb::Image(options) => image::run(&options),
        Verb::Policies(options) => policies::run(&options),
        Verb::Terraform(options) => terraform::run(&options),
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
