//! Rules of the house that no compiler checks, each with its reason. They run in `cargo test` as well.

mod map;

use std::path::{Path, PathBuf};

use crate::run::{self, Error};

/// Non-test code longer than this wants to be two files.
const LONGEST_FILE: usize = 500;

/// Runs every rule and reports all that it finds.
///
/// # Errors
/// [`Error::Found`] with one line a finding.
pub(crate) fn run() -> Result<(), Error> {
    let root = run::root();
    let mut findings = Vec::new();
    for file in rust_files(&root)? {
        let text = run::read_file(&file)?;
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        findings.extend(in_file(&name, &text));
    }
    findings.extend(arrows()?);
    findings.extend(map::findings()?);
    if findings.is_empty() { Ok(()) } else { Err(Error::Found(findings.join("\n"))) }
}

/// What is wrong in one Rust file; a pure function of its name and its text.
fn in_file(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let test = name.contains("/tests/");
    if !text.starts_with("//!") {
        findings.push(format!("{name}: no `//!` header that says why the file exists"));
    }
    let product = text.split("#[cfg(test)]").next().unwrap_or(text);
    let lines = product.lines().count();
    if !test && lines > LONGEST_FILE {
        findings.push(format!("{name}: {lines} lines before its tests, at most {LONGEST_FILE}"));
    }
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if line.ends_with(' ') || line.ends_with('\t') {
            findings.push(format!("{name}:{number}: trailing space"));
        }
        if line.contains(concat!("#[ig", "nore")) {
            findings.push(format!(
                "{name}:{number}: an ignored test; make it run, or gate it loudly at run time"
            ));
        }
    }
    findings
}

/// Crates that must not know another, direct or indirect: (crate, forbidden, why).
const ABSENT: &[(&str, &str, &str)] = &[
    ("prd-parser", "kube", "the parser is pure and knows no cluster"),
    ("prd-parser", "tokio", "the parser is pure and does no I/O"),
    ("prd-parser", "rusqlite", "the parser keeps no state"),
    ("task-manager", "kube", "what is to be done is known without a cluster"),
    ("task-manager", "tokio", "the manager is synchronous"),
    ("rollouts-client", "rollouts-sim", "above the client nothing can tell the simulator from a cluster"),
    ("rollouts-client", "task-manager", "the client is usable on its own"),
    ("scenario", "rollouts-sim", "a scenario must not know which arm it runs in"),
    ("rollouts-sim", "task-manager", "the simulated world is apart from the task log"),
    ("rollouts-sim", "axum", "the simulator reads the workload's settings and runs no workload"),
    ("demo-app", "traffic-probe", "who is judged does not hold the measure"),
    ("demo-app", "kube", "the workload is a plain web server"),
];

/// Asks cargo for the real dependency tree of each crate, normal dependencies only.
fn arrows() -> Result<Vec<String>, Error> {
    let mut findings = Vec::new();
    let mut seen: Option<(&str, String)> = None;
    for (package, forbidden, why) in ABSENT {
        if seen.as_ref().is_none_or(|(name, _)| name != package) {
            let tree = run::read(run::command(env!("CARGO")).args([
                "tree",
                "--locked",
                "--package",
                package,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ]))?;
            seen = Some((package, tree));
        }
        let tree = seen.as_ref().map_or("", |(_, tree)| tree.as_str());
        if tree.lines().any(|line| line.split(' ').next() == Some(forbidden)) {
            findings.push(format!("{package} depends on {forbidden}: {why}"));
        }
    }
    Ok(findings)
}

/// Every Rust file of the workspace, in a stable order, without build output.
fn rust_files(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let listed = run::read(run::command("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.rs",
    ]))?;
    let mut files: Vec<PathBuf> =
        listed.lines().map(|line| root.join(line)).filter(|file| file.exists()).collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        if let Err(error) = run() {
            panic!("{error}");
        }
    }

    #[test]
    fn each_rule_finds_its_breach() {
        let long = format!("//! Why.\n{}", "\n".repeat(LONGEST_FILE));
        for (text, expected) in [
            ("fn main() {}\n", "no `//!` header"),
            ("//! Why. \n", "trailing space"),
            (concat!("//! Why.\n#[ig", "nore]\n"), "an ignored test"),
            (long.as_str(), "lines before its tests"),
        ] {
            let found = in_file("crates/x/src/y.rs", text);
            assert!(found.iter().any(|line| line.contains(expected)), "{expected}: {found:?}");
        }
        assert_eq!(in_file("crates/x/src/y.rs", "//! Why.\n"), Vec::<String>::new());
    }
}
