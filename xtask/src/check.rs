//! `cargo xtask check`: all that needs more than `cargo test`: linters, documentation, real tools.
//!
//! The tests that need a tool name it by a variable (`KUBECTL`, `HELM`, `TERRAFORM`, `STRACE`) and say that
//! they were skipped where it is not set. Here it is set. A tool that is missing is named with the command
//! that brings it; under `REQUIRE_LIVE=1` that is a failure, elsewhere it is said and the rest goes on.

use std::path::PathBuf;

use crate::run::{self, Error};
use crate::{cluster, gomodule, linters};

/// What to check.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the checks of Rust code: format, rules of the house, clippy, documentation.
    #[arg(long)]
    rust_only: bool,
    /// What compiles Kubernetes, and takes the machine's host cluster down and up, as well; `REQUIRE_LIVE=1` asks for
    /// it too.
    #[arg(long)]
    live: bool,
    /// Only the linters of these names, such as kubeconform.
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with_all = ["rust_only", "live"])]
    linter: Vec<String>,
}

/// A tool and the tests that run it for real.
struct Tool {
    variable: &'static str,
    name: &'static str,
    /// How to get it, as a command to paste.
    get: &'static str,
    find: fn(&str) -> Result<Option<PathBuf>, Error>,
    /// Package and filter of the tests.
    tests: &'static [(&'static str, &'static str)],
}

const TOOLS: &[Tool] = &[
    Tool {
        variable: "KUBECTL",
        name: "kubectl",
        get: "apt-get install golang-go (kubectl 1.34 is then compiled from its Go module)",
        find: |_| compiled(&gomodule::KUBECTL),
        tests: &[("rollouts-sim", "kubectl::"), ("task-master", "kubectl::"), ("scenario", "environments::")],
    },
    Tool {
        variable: "HELM",
        name: "helm",
        get: "apt-get install golang-go (helm 4 is then compiled from its Go module)",
        find: |_| compiled(&gomodule::HELM),
        tests: &[("scenario", "chart::")],
    },
    Tool {
        variable: "ARGOCD",
        name: "argocd",
        get: "apt-get install golang-go (argocd is then compiled from its Go module)",
        find: |_| compiled(&cluster::ARGO_CD),
        tests: &[("scenario", "argocd_roles::")],
    },
    Tool {
        variable: "TERRAFORM",
        name: "terraform",
        get: "see https://developer.hashicorp.com/terraform/install",
        find: on_path,
        tests: &[("task-master", "terraform::")],
    },
    Tool {
        variable: "MAKE",
        name: "make",
        get: "apt-get install make",
        find: on_path,
        tests: &[("task-master", "automation::each_target")],
    },
    Tool {
        variable: "STRACE",
        name: "strace",
        get: "apt-get install strace",
        find: on_path,
        tests: &[("task-master", "crash::")],
    },
];

/// The guides whose commands are run. Each brings the host cluster up itself where it needs it.
const GUIDES: &[&str] = &[
    "docs/setup-guide.md",
    "docs/blue-green-guide.md",
    "docs/canary-guide.md",
    "docs/troubleshooting-guide.md",
];

/// Runs the checks in the order in which they fail most often.
///
/// # Errors
/// The first check that fails; under `REQUIRE_LIVE=1` the tools that are missing.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    if !options.linter.is_empty() {
        let missing = linters::run(&options.linter)?;
        return if missing.is_empty() { Ok(()) } else { Err(Error::Found(missing.join("\n"))) };
    }
    rust()?;
    if options.rust_only {
        return Ok(());
    }
    let mut missing = Vec::new();
    for tool in TOOLS {
        match (tool.find)(tool.name)? {
            Some(path) => {
                for (package, filter) in tool.tests {
                    test(package, filter, tool.variable, &path)?;
                }
            }
            None => missing.push(format!("{} is missing, so it was not tried: {}", tool.name, tool.get)),
        }
    }
    let required = std::env::var("REQUIRE_LIVE").is_ok_and(|value| value == "1");
    for file in GUIDES {
        guide(file, &[])?;
    }
    missing.extend(linters::run(&[])?);
    if options.live || required {
        // Where one of the two is missing the linters have said so.
        if run::which("terraform").is_some() && run::which("go").is_some() {
            run::run(itself()?.args(["terraform", "--live"]))?;
        }
        missing.extend(host_cluster()?);
    } else {
        run::say("neither Terraform's apply nor the host cluster was tried: cargo xtask check --live");
    }
    for line in &missing {
        run::say(line);
    }
    if missing.is_empty() || !required { Ok(()) } else { Err(Error::Found(missing.join("\n"))) }
}

/// Everything that brings the host cluster up itself; says what is missing where it cannot run.
fn host_cluster() -> Result<Option<String>, Error> {
    if run::run(itself()?.args(["doctor", "--for", "host"])).is_err() {
        return Ok(Some(
            "the host cluster cannot run here, so it was not tried: cargo xtask doctor --for host".into(),
        ));
    }
    run::run(itself()?.args(["cluster", "prove"]))?;
    test("task-master", "phase1::", "HOST_CLUSTER", std::path::Path::new("1"))?;
    run::run(itself()?.args(["cluster", "up", "--provider", "host"]))?;
    run::run(itself()?.arg("policies"))?;
    for file in GUIDES {
        guide(file, &["--live"])?;
    }
    Ok(None)
}

/// The commands of a guide.
fn guide(file: &str, words: &[&str]) -> Result<(), Error> {
    run::run(itself()?.args(["guide", file]).args(words))
}

fn itself() -> Result<std::process::Command, Error> {
    let own =
        std::env::current_exe().map_err(|source| Error::Start { program: "itself".to_owned(), source })?;
    Ok(run::command(own))
}

fn rust() -> Result<(), Error> {
    let cargo = env!("CARGO");
    run::run(run::command(cargo).args(["fmt", "--all", "--check"]))?;
    crate::tidy::run()?;
    let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    run::run(run::command(cargo).args(clippy))?;
    run::run(
        run::command(cargo)
            .args(["doc", "--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

/// Runs the tests that need one tool, and refuses a filter that has come to match none.
fn test(package: &str, filter: &str, variable: &str, path: &std::path::Path) -> Result<(), Error> {
    let cargo = env!("CARGO");
    let test = ["test", "--locked", "--package", package, "--test", "it", "--", filter];
    let listed = run::read(run::command(cargo).args(test).arg("--list"))?;
    if !listed.lines().any(|line| line.ends_with(": test")) {
        return Err(Error::Found(format!("{package} has no tests {filter}")));
    }
    let mut command = run::command(cargo);
    command.args(test).arg("--nocapture").env(variable, path).env("REQUIRE_LIVE", "1");
    run::run(&mut command)
}

/// A program of a Go module, where there is Go.
pub(crate) fn compiled(program: &gomodule::Program) -> Result<Option<PathBuf>, Error> {
    if run::which("go").is_none() {
        return Ok(None);
    }
    gomodule::ensure(program).map(Some)
}

#[expect(clippy::unnecessary_wraps, reason = "finding a tool can fail where it must be compiled first")]
fn on_path(name: &str) -> Result<Option<PathBuf>, Error> {
    Ok(run::which(name))
}
