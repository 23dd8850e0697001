//! `cargo xtask terraform`: the shipped configurations with the real Terraform, the platform with its real provider.
//!
//! Terraform's registry is not asked. The platform's provider is compiled from its pinned Go module and laid into a mirror, from
//! which `terraform init` takes it and computes the lock by itself. What Terraform writes (lock, state, plans) is in a
//! folder that is thrown away: no lock and no state is in this repository.

mod api;
mod live;
mod platform;
mod stage;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use platform::Platform;
use stage::Stage;

use crate::cluster::ARGO_CD;
use crate::gomodule::{self, Program};
use crate::run::{self, Error};

/// What to try.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Apply, change by hand, plan and destroy on an API server of its own.
    #[arg(long)]
    live: bool,
}

/// The provider that terraform/platform requires.
const KUBECTL: Program = Program {
    name: "terraform-provider-kubectl",
    module: "github.com/gavinbunney/terraform-provider-kubectl",
    version: "1.19.0",
    package: "github.com/gavinbunney/terraform-provider-kubectl",
    ..Program::PLAIN
};

/// The context that is stated wherever one must be.
const CONTEXT: &str = "api-server";

/// What an install of Argo CD is made of, in the module of its pinned version.
const MANIFEST: &str = "manifests/install.yaml";

/// Tries the configuration, and with `live` what it makes.
///
/// # Errors
/// A missing Terraform, or what it says.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let terraform = program()?;
    if options.live { live::run(&terraform) } else { check(&terraform) }
}

/// Terraform itself.
///
/// # Errors
/// Where there is none.
pub(crate) fn program() -> Result<PathBuf, Error> {
    run::which("terraform").ok_or_else(|| {
        Error::Found("terraform is not on PATH: https://developer.hashicorp.com/terraform/install".to_owned())
    })
}

/// Whether Terraform and the provider accept the platform, whether bad variables are refused, and whether what is
/// planned is what is meant. Needs no cluster: in `terraform test` the provider is mocked.
///
/// # Errors
/// What Terraform says.
pub(crate) fn check(terraform: &Path) -> Result<(), Error> {
    let cluster = tests(&mut Stage::of_the_clusters_variables(terraform)?.terraform(&["test", "-no-color"]))?;
    run::say(&format!(
        "terraform/cluster: {cluster} tests of its variables passed; unverified, its provider is not here"
    ));
    let stage = Stage::of_the_platform(terraform)?;
    run::capture(&mut stage.terraform(&["validate", "-no-color"]))?;
    let mut test = stage.terraform(&["test", "-no-color"]);
    let platform = tests(test.arg(format!("-var=argocd_manifest={}", manifest()?.display())))?;
    run::say(&format!("terraform/platform: valid, and {platform} tests of its variables and plans passed"));
    Ok(())
}

/// How many tests passed. None is a failure, with which Terraform would be content.
fn tests(command: &mut Command) -> Result<usize, Error> {
    let told = run::capture(command)?;
    match told.lines().filter(|line| line.contains("  run ") && line.ends_with("pass")).count() {
        0 => Err(Error::Found(format!("terraform ran no test: {told}"))),
        passed => Ok(passed),
    }
}

/// Argo CD's manifest. That it is the file whose sum the configuration pins, Terraform says.
fn manifest() -> Result<PathBuf, Error> {
    gomodule::published(&ARGO_CD, MANIFEST)
}
