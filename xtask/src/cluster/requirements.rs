//! What this machine must have before anything is started; what is missing is named with its command.

use std::path::Path;

use super::programs::{DEBIAN, Debian};
use crate::run::{self, Error};

/// Checks for root, for Debian's packages, and for Go where something is still to be compiled.
///
/// # Errors
/// One error that names all that is missing and the command that brings it.
pub(crate) fn check(must_compile: bool) -> Result<(), Error> {
    let mut missing = missing();
    let go = Debian { program: "go", package: "golang" };
    if must_compile && !is_there(&go) {
        missing.push(go);
    }
    let found = complaint(nix::unistd::geteuid().is_root(), &missing);
    if found.is_empty() { Ok(()) } else { Err(Error::Found(found)) }
}

/// What of Debian's share is not there.
pub(crate) fn missing() -> Vec<Debian> {
    DEBIAN.iter().filter(|debian| !is_there(debian)).copied().collect()
}

fn is_there(debian: &Debian) -> bool {
    if debian.program.starts_with('/') {
        Path::new(debian.program).exists()
    } else {
        run::which(debian.program).is_some()
    }
}

/// Checks for root alone.
///
/// # Errors
/// How to become root.
pub(crate) fn root() -> Result<(), Error> {
    let found = complaint(nix::unistd::geteuid().is_root(), &[]);
    if found.is_empty() { Ok(()) } else { Err(Error::Found(found)) }
}

fn complaint(root: bool, missing: &[Debian]) -> String {
    let mut lines = Vec::new();
    if !root {
        lines.push(
            "the host cluster makes network links and containers: run it as root, for example\n  \
                    sudo -E cargo xtask cluster …"
                .to_owned(),
        );
    }
    if !missing.is_empty() {
        let programs: Vec<&str> = missing.iter().map(|debian| debian.program).collect();
        let mut packages: Vec<&str> = missing.iter().map(|debian| debian.package).collect();
        packages.sort_unstable();
        packages.dedup();
        lines.push(format!(
            "missing: {}; on Debian\n  apt-get install --yes {}",
            programs.join(", "),
            packages.join(" ")
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named_once_with_its_command() {
        assert_eq!(complaint(true, &[]), "");
        let text = complaint(false, &DEBIAN[..3]);
        assert!(text.contains("run it as root"), "{text}");
        assert!(text.contains("missing: containerd, ctr, runc"), "{text}");
        assert!(text.ends_with("apt-get install --yes containerd runc"), "{text}");
    }

    #[test]
    fn the_guide_names_the_packages_and_the_addresses() {
        use super::super::places::{ADDRESS, API, ARGO_CD, FORGE, GIT, INGRESS, PROMETHEUS, REGISTRY};
        let guide = run::read_file(&run::root().join("docs/setup-guide.md")).unwrap();
        let line = guide.replace("\\\n", " ");
        let line = line.lines().find_map(|line| line.strip_prefix("apt-get install --yes ")).unwrap();
        let named: std::collections::BTreeSet<&str> = line.split_whitespace().collect();
        let needed = DEBIAN.iter().map(|debian| debian.package).chain(["golang"]).collect();
        assert_eq!(named, needed);
        for address in [ADDRESS, API, ARGO_CD, FORGE, GIT, INGRESS, PROMETHEUS, REGISTRY] {
            assert!(guide.contains(address), "{address}");
        }
    }
}
