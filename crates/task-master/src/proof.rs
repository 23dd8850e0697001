//! What a program of the runbook has shown of the repository's own files: a report in the state folder.
//!
//! Some tasks make files and no cluster: a guide, a parser, a pipeline. What shows that they work is a program that
//! runs them (`of` names the files). Its success is kept with a digest of those files, so that it is known without
//! running it again, and known no longer once one of them has changed. A report is never edited into being: the next
//! run of the program replaces it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::runbook::Root;

/// The last success of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// 1.
    pub schema_version: u32,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Files and folders that it was about, relative to the repository.
    pub of: Vec<PathBuf>,
    /// SHA-256 over their paths and bytes.
    pub digest: String,
    /// Tests that passed, where it ran tests in cargo's manner.
    pub passed: Option<u64>,
    /// What it said last.
    pub said: String,
}

/// The digest of files and of all files below folders. Names that begin with a dot are left out, and so is what
/// programs build: `target`.
///
/// # Errors
/// A file that cannot be read.
pub fn digest(root: &Root, of: &[PathBuf]) -> Result<String, Fault> {
    let mut files = Vec::new();
    for path in of {
        let full = root.inside(path).map_err(|error| Fault::permanent(error.to_string()))?;
        collect(&full, path, &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut hash = Sha256::new();
    for (name, full) in files {
        let bytes = fs::read(&full).map_err(|error| unreadable(&name, &error))?;
        hash.update(format!("{}\0{}\0", name.display(), bytes.len()));
        hash.update(bytes);
    }
    Ok(format!("{:x}", hash.finalize()))
}

fn collect(full: &Path, name: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> Result<(), Fault> {
    if !full.is_dir() {
        files.push((name.to_owned(), full.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(full).map_err(|error| unreadable(name, &error))? {
        let entry = entry.map_err(|error| unreadable(name, &error))?;
        let part = entry.file_name();
        if part.to_string_lossy().starts_with('.') || part == "target" {
            continue;
        }
        collect(&entry.path(), &name.join(&part), files)?;
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::permanent(format!("cannot read {}: {error}", path.display()))
}

/// Where the report of a program is kept.
fn place(state: &Path, argv: &[String]) -> PathBuf {
    let name = format!("{:x}", Sha256::digest(argv.join("\0")));
    state.join("proofs").join(format!("{}.json", name.get(..16).unwrap_or(&name)))
}

/// What the report says of the files as they are; the reason where it says nothing of them.
///
/// # Errors
/// Files that cannot be read. A report that is not there, or not one, is no error.
pub fn look(
    state: &Path,
    root: &Root,
    argv: &[String],
    of: &[PathBuf],
) -> Result<Result<String, String>, Fault> {
    let text = fs::read(place(state, argv)).unwrap_or_default();
    let Ok(report) = serde_json::from_slice::<Report>(&text) else {
        return Ok(Err(format!("{} has not been run on it", argv.join(" "))));
    };
    if report.argv != argv || report.digest != digest(root, of)? {
        return Ok(Err(format!("it has changed since {} ended well", argv.join(" "))));
    }
    Ok(Ok(words(&report)))
}

/// Keeps the success of a program that was run on files of this digest.
///
/// # Errors
/// A program that ran tests of which none passed; a folder that cannot be written.
pub fn record(
    state: &Path,
    argv: &[String],
    of: &[PathBuf],
    digest: String,
    output: &str,
) -> Result<String, Fault> {
    let passed = passed(output);
    if passed == Some(0) {
        return Err(Fault::permanent(format!("{}: no test was run", argv.join(" "))));
    }
    let last = output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let (argv, of, said) = (argv.to_vec(), of.to_vec(), last.to_owned());
    let report = Report { schema_version: 1, argv, of, digest, passed, said };
    let path = place(state, &report.argv);
    let unwritten = |error: std::io::Error| {
        Fault::permanent(format!("cannot keep the report {}: {error}", path.display()))
    };
    let text = serde_json::to_vec_pretty(&report).map_err(|error| unwritten(error.into()))?;
    fs::create_dir_all(state.join("proofs")).map_err(unwritten)?;
    // Moved to its place, so that a report that is cut off is none.
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, &path)).map_err(unwritten)?;
    Ok(words(&report))
}

/// The tests that passed, over all of a program's summaries in cargo's manner; none where it has none.
fn passed(output: &str) -> Option<u64> {
    let of = |line: &str| {
        let (_, rest) = line.split_once("test result: ok. ")?;
        rest.split_once(" passed")?.0.parse::<u64>().ok()
    };
    output.lines().filter_map(of).reduce(|one, other| one + other)
}

fn words(report: &Report) -> String {
    let program = report.argv.join(" ");
    match report.passed {
        Some(count) => format!("{program}: {count} tests passed"),
        None => format!("{program} ended well: {}", report.said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_report_holds_for_the_files_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let repository = folder.path().join("repository");
        fs::create_dir_all(repository.join("docs/target")).unwrap();
        for file in ["docs/a.md", "docs/.hidden", "docs/target/built", "other"] {
            fs::write(repository.join(file), "1").unwrap();
        }
        let root = Root::new(&repository).unwrap();
        let (of, guide) = ([PathBuf::from("docs")], argv(&["cargo", "xtask", "guide"]));
        let look = |argv: &[String]| look(&state, &root, argv, &of).unwrap();
        assert_eq!(look(&guide), Err("cargo xtask guide has not been run on it".to_owned()));
        let output = "test result: ok. 3 passed; 0 failed\ntest result: ok. 4 passed; 0 failed\n";
        record(&state, &guide, &of, digest(&root, &of).unwrap(), output).unwrap();
        assert_eq!(look(&guide), Ok("cargo xtask guide: 7 tests passed".to_owned()));
        assert!(look(&argv(&["cargo", "test"])).is_err(), "another program has shown nothing");

        for (file, matters) in
            [("other", false), ("docs/.hidden", false), ("docs/target/built", false), ("docs/a.md", true)]
        {
            fs::write(repository.join(file), "2").unwrap();
            assert_eq!(look(&guide).is_err(), matters, "{file}");
            fs::write(repository.join(file), "1").unwrap();
        }
        fs::rename(repository.join("docs/a.md"), repository.join("docs/b.md")).unwrap();
        assert!(look(&guide).is_err(), "a name is part of it");
    }

    #[test]
    fn a_program_that_ran_no_test_has_shown_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let of = [PathBuf::from("docs")];
        let none = record(
            folder.path(),
            &argv(&["cargo"]),
            &of,
            String::new(),
            "test result: ok. 0 passed; 0 failed",
        );
        assert_eq!(none.unwrap_err().message, "cargo: no test was run");
        let said = record(folder.path(), &argv(&["x"]), &of, String::new(), "one\nlast\n\n").unwrap();
        assert_eq!(said, "x ended well: last");
    }
}
