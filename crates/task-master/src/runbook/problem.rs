//! What is wrong with a runbook: every problem at once, each with its place.

use std::fmt;
use std::path::PathBuf;

use task_manager::nearest::nearest;

use super::tree::Place;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: Place,
    /// What, as a fragment.
    pub message: String,
    /// What would be right, when that can be said.
    pub help: Option<String>,
}

/// Line, column, what, what instead.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { at, message, help } = self;
        write!(f, "{}:{}: {message}", at.line, at.column)?;
        match help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Why a runbook cannot be used. `Display` is one line a problem: file, line, column, what, what instead.
#[derive(Debug)]
pub struct Invalid {
    /// The file.
    pub file: PathBuf,
    /// Its text, for a renderer that shows the place.
    pub source: String,
    /// The problems, in order of place; at least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{problem}", self.file.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Collects problems while reading goes on.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) list: Vec<Problem>,
}

impl Problems {
    pub(super) fn add(&mut self, at: Place, message: impl Into<String>) {
        self.list.push(Problem { at, message: message.into(), help: None });
    }

    pub(super) fn add_with_help(&mut self, at: Place, message: impl Into<String>, help: impl Into<String>) {
        self.list.push(Problem { at, message: message.into(), help: Some(help.into()) });
    }

    /// A name that is none of `candidates`.
    pub(super) fn unknown(&mut self, at: Place, what: &str, name: &str, candidates: &[&str]) {
        let help = match nearest(name, candidates.iter().copied()) {
            Some(near) => format!("the nearest is `{near}`"),
            None if candidates.len() <= 16 => format!("known are {}", candidates.join(", ")),
            None => format!("there are {}, and none is near", candidates.len()),
        };
        self.add_with_help(at, format!("unknown {what} `{name}`"), help);
    }
}
