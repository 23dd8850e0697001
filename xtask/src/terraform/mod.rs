//! `cargo xtask terraform`: terraform/platform with the real Terraform and the real provider.
//!
//! Terraform's registry is not asked. The provider is compiled from its pinned Go module and laid into a mirror, from
//! which `terraform init` takes it and computes the lock by itself. What Terraform writes (lock, state, plans) is in a
//! folder that is thrown away: no lock and no state is in this repository.

mod stage;

use std::path::{Path, PathBuf};

use stage::Stage;

use crate::cluster::ARGO_CD;
use crate::gomodule::{self, Program};
use crate::run::{self, Error};

/// The provider that terraform/platform requires.
const KUBECTL: Program = Program {
    name: "terraform-provider-kubectl",
    module: "github.com/gavinbunney/terraform-provider-kubectl",
    version: "1.19.0",
    package: "github.com/gavinbunney/terraform-provider-kubectl",
    ..Program::PLAIN
};

/// What an install of Argo CD is made of, in the module of its pinned version.
const MANIFEST: &str = "manifests/install.yaml";

/// Tries the configuration with the Terraform on `PATH`.
///
/// # Errors
/// A missing Terraform, or what it says.
pub(crate) fn run() -> Result<(), Error> {
    let terraform = run::which("terraform").ok_or_else(|| {
        Error::Found("terraform is not on PATH: https://developer.hashicorp.com/terraform/install".to_owned())
    })?;
    check(&terraform)
}

/// Whether Terraform and the provider accept the configuration, refuse bad variables, and plan what is meant. Needs
/// no cluster: in `terraform test` the provider is mocked.
///
/// # Errors
/// What Terraform says.
pub(crate) fn check(terraform: &Path) -> Result<(), Error> {
    let stage = Stage::new(terraform)?;
    run::capture(&mut stage.terraform(&["validate", "-no-color"]))?;
    let mut test = stage.terraform(&["test", "-no-color"]);
    let told = run::capture(test.arg(format!("-var=argocd_manifest={}", manifest()?.display())))?;
    let passed = told.lines().filter(|line| line.contains("  run ") && line.ends_with("pass")).count();
    // Terraform is content where it finds no test.
    if passed == 0 {
        return Err(Error::Found(format!("terraform/platform has no tests: {told}")));
    }
    run::say(&format!("terraform/platform is valid, and {passed} tests of its variables and plans passed"));
    Ok(())
}

/// Argo CD's manifest. That it is the file whose sum the configuration pins, Terraform says.
fn manifest() -> Result<PathBuf, Error> {
    gomodule::published(&ARGO_CD, MANIFEST)
}
