//! Shipped files that are no Rust, read by the tools of their own language.
//!
//! A tool that is missing is said with the command that brings it, and the rest goes on.

use std::path::{Path, PathBuf};

use crate::run::{self, Error};
use crate::{check, gomodule, manifests, monitoring, terraform};

/// A tool and what it reads.
struct Linter {
    name: &'static str,
    /// How to get it, as a command to paste.
    get: &'static str,
    find: fn(&str) -> Result<Option<PathBuf>, Error>,
    run: fn(&Path) -> Result<(), Error>,
}

/// Reads workflows of GitHub Actions, the shell lines in them included.
const ACTIONLINT: gomodule::Program = gomodule::Program {
    name: "actionlint",
    module: "github.com/rhysd/actionlint",
    version: "1.7.12",
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    ..gomodule::Program::PLAIN
};

/// Looks for keys, tokens and passwords in every commit and in what is not committed yet.
const GITLEAKS: gomodule::Program = gomodule::Program {
    name: "gitleaks",
    module: "github.com/zricethezav/gitleaks/v8",
    version: "8.30.1",
    package: "github.com/zricethezav/gitleaks/v8",
    ..gomodule::Program::PLAIN
};

/// Looks at what is linked: its licences, where it comes from, and what is not wanted.
const CARGO_DENY: &str = "0.20.2";

const LINTERS: &[Linter] = &[
    Linter { name: "promtool", get: "apt-get install prometheus", find: on_path, run: monitoring::check },
    Linter {
        name: "kubectl",
        get: "apt-get install golang-go (kubectl 1.34 is then compiled from its Go module)",
        find: |_| check::compiled(&gomodule::KUBECTL),
        run: kustomized,
    },
    Linter {
        name: "kubeconform",
        get: "apt-get install golang-go (kubeconform is then compiled from its Go module)",
        find: |_| check::compiled(&manifests::KUBECONFORM),
        run: manifests::conform,
    },
    Linter {
        name: "kube-score",
        get: "apt-get install golang-go (kube-score is then compiled from its Go module)",
        find: |_| check::compiled(&manifests::KUBE_SCORE),
        run: manifests::score,
    },
    Linter {
        name: "gitleaks",
        get: "apt-get install golang-go (gitleaks is then compiled from its Go module)",
        find: |_| check::compiled(&GITLEAKS),
        run: secrets,
    },
    Linter {
        name: "cargo-deny",
        get: "cargo install --locked cargo-deny (which was tried just now)",
        find: |_| Ok(cargo_deny()),
        run: dependencies,
    },
    Linter { name: "shellcheck", get: "apt-get install shellcheck", find: on_path, run: shell },
    Linter {
        name: "actionlint",
        get: "apt-get install golang-go (actionlint is then compiled from its Go module)",
        find: |_| check::compiled(&ACTIONLINT),
        run: workflows,
    },
    Linter {
        name: "terraform",
        get: "see https://developer.hashicorp.com/terraform/install",
        find: on_path,
        run: formatted,
    },
    Linter {
        name: "terraform or go",
        get: "see https://developer.hashicorp.com/terraform/install; apt-get install golang-go (the provider is then \
              compiled from its Go module)",
        find: |_| Ok(run::which("terraform").filter(|_| run::which("go").is_some())),
        run: terraform::check,
    },
];

/// Runs every linter that is there, or only those of these names; answers a line for each that is not there.
///
/// # Errors
/// What the first linter found, and a name that is none.
pub(crate) fn run(only: &[String]) -> Result<Vec<String>, Error> {
    let known: Vec<&str> = LINTERS.iter().map(|linter| linter.name).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::Found(format!("there is no linter {unknown}: {}", known.join(", "))));
    }
    let mut missing = Vec::new();
    for linter in
        LINTERS.iter().filter(|linter| only.is_empty() || only.iter().any(|name| name == linter.name))
    {
        match (linter.find)(linter.name)? {
            Some(path) => (linter.run)(&path)?,
            None => missing.push(format!("{} is missing, so it was not run: {}", linter.name, linter.get)),
        }
    }
    Ok(missing)
}

/// Whether the monitoring becomes ConfigMaps.
fn kustomized(kubectl: &Path) -> Result<(), Error> {
    let text = run::read(run::command(kubectl).args(["kustomize", "deploy/monitoring"]))?;
    let maps = text.lines().filter(|line| *line == "kind: ConfigMap").count();
    if maps == 4 { Ok(()) } else { Err(Error::Found(format!("deploy/monitoring makes {maps} ConfigMaps"))) }
}

/// Every shell script that is shipped, whatever its name ends with.
fn shell(shellcheck: &Path) -> Result<(), Error> {
    let scripts = scripts()?;
    run::run(run::command(shellcheck).arg("--external-sources").args(scripts))
}

fn scripts() -> Result<Vec<String>, Error> {
    let listed =
        run::read(run::command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let is_script = |name: &&str| {
        let path = run::root().join(name);
        let start = std::fs::read(path).unwrap_or_default();
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.starts_with(b"#!") && (line.ends_with(b"sh") || line.ends_with(b"bash"))
    };
    Ok(listed.lines().filter(is_script).map(str::to_owned).collect())
}

/// The example is no workflow of this repository, so it is named.
fn workflows(actionlint: &Path) -> Result<(), Error> {
    run::run(run::command(actionlint).args(["-no-color", "deploy/ci/github-actions.yaml"]))
}

/// Whether a secret stands in the history or in the working tree. What is found is shown without its value.
fn secrets(gitleaks: &Path) -> Result<(), Error> {
    let words = ["git", "--no-banner", "--no-color", "--redact", "--verbose"];
    run::run(run::command(gitleaks).args(words))?;
    run::run(run::command(gitleaks).args(words).arg("--pre-commit"))
}

/// cargo-deny: the one on PATH, or one that is compiled once; not optimised, since it runs for seconds.
fn cargo_deny() -> Option<PathBuf> {
    let compiled = || {
        let compiled = gomodule::installed("cargo-deny", CARGO_DENY, &["--debug"]);
        compiled.map_err(|error| run::say_error(&error)).ok()
    };
    run::which("cargo-deny").or_else(compiled)
}

/// Whether all that is linked may be. Advisories are left out: they need a database from the network.
fn dependencies(cargo_deny: &Path) -> Result<(), Error> {
    let words = ["--offline", "--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    run::run(run::command(cargo_deny).args(words))?;
    run::say("cargo-deny: bans, licences and sources; advisories were not asked for");
    Ok(())
}

/// Whether Terraform would write the shipped configurations as they are.
fn formatted(terraform: &Path) -> Result<(), Error> {
    let words = ["-chdir=terraform", "fmt", "-check", "-diff", "-recursive"];
    run::run(run::command(terraform).args(words))
}

#[expect(clippy::unnecessary_wraps, reason = "finding a tool can fail where it must be compiled first")]
fn on_path(name: &str) -> Result<Option<PathBuf>, Error> {
    Ok(run::which(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_found_by_its_first_line() {
        let found = scripts().unwrap();
        for script in [".ci/run", "deploy/ci/release.sh"] {
            assert!(found.iter().any(|name| name == script), "{found:?}");
        }
        assert!(
            !found.iter().any(|name| Path::new(name).extension().is_some_and(|end| end == "rs")),
            "{found:?}"
        );
    }
}
