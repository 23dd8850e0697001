//! What a test needs and may not have: then it says that it was skipped, and under `REQUIRE_LIVE=1` it fails.
//!
//! It says so past the test harness, which keeps what a passing test prints to itself.

use std::io::Write as _;
use std::path::PathBuf;

/// The program that an environment variable names. Without one the test is to return at once; that it was skipped
/// has been said.
///
/// # Panics
/// Under `REQUIRE_LIVE=1` when the variable names no file.
pub fn program(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    if found.is_none() {
        skipped(&format!("{variable} names no file"));
    }
    found
}

/// The same for a program that is as good from `PATH`, where the variable names none.
///
/// # Panics
/// Under `REQUIRE_LIVE=1` when there is none.
pub fn program_or_on_path(variable: &str, name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        named.or_else(|| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|f| f.is_file()));
    if found.is_none() {
        skipped(&format!("{variable} names no file, and {name} is not on PATH"));
    }
    found
}

/// Whether an environment variable is `1`, which a test that touches the machine itself waits for.
///
/// # Panics
/// Under `REQUIRE_LIVE=1` when it is not.
pub fn asked_for(variable: &str) -> bool {
    let asked = is_set(variable);
    if !asked {
        skipped(&format!("{variable} is not 1"));
    }
    asked
}

/// Says that a test was skipped, and why.
///
/// # Panics
/// Under `REQUIRE_LIVE=1`.
#[track_caller]
pub fn skipped(why: &str) {
    let line = line(std::thread::current().name().unwrap_or("a test"), why, is_set("REQUIRE_LIVE"));
    match line {
        Ok(line) => {
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
        Err(refusal) => assert!(refusal.is_empty(), "{refusal}"),
    }
}

/// What is said, or why that may not be.
fn line(test: &str, why: &str, required: bool) -> Result<String, String> {
    if required { Err(format!("REQUIRE_LIVE=1, and {why}")) } else { Ok(format!("SKIPPED {test}: {why}\n")) }
}

fn is_set(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_names_the_test_and_is_refused_where_everything_is_required() {
        let why = "STRACE names no file";
        assert_eq!(line("crash::kill", why, false), Ok("SKIPPED crash::kill: STRACE names no file\n".into()));
        assert_eq!(line("crash::kill", why, true), Err("REQUIRE_LIVE=1, and STRACE names no file".into()));
    }
}
