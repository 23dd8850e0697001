//! How a command fails: its exit code, and its message with every cause once.

use std::io;

use prd_parser::Severity;
use task_manager::LedgerError;
use task_manager::exit::Code;
use task_manager::project::ProjectError;
use task_manager::render::{Finding, Style, chain, findings};
use task_manager::select::NoMatch;
use task_master::engine::EngineError;
use task_master::lint::SourceError;
use task_master::operator::OperatorError;
use task_master::release::ReleaseError;
use task_master::runbook::Invalid;
use task_master::simulate::SimulateError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The run could not begin or go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The PRD or the state cannot be used.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The state cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What was named is not there.
    #[error(transparent)]
    NoMatch(#[from] NoMatch),
    /// A verb on a Rollout was not carried out.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// What is to be looked at cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A version did not get into Git, or from there to the cluster.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// Nothing could be simulated.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// The form of the output is one that this command has not.
    #[error(
        "the forms sarif and github are for what `rollout lint` finds; wide, yaml and name for the verbs of `rollout`"
    )]
    Form,
    /// There is no such thing.
    #[error("{0}")]
    Nothing(String),
    /// A run that was carried out and did not complete; how, was said as it happened.
    #[error("{said}")]
    Run {
        /// The first task that is to blame, and why.
        said: String,
        /// The code of the whole run.
        code: Code,
    },
    /// The path of this executable is not known, so no child can be started through it.
    #[error("the path of this executable is not known")]
    OwnPath(#[source] io::Error),
    /// Signals cannot be caught.
    #[error("signals cannot be caught")]
    Signals(#[source] io::Error),
    /// Standard output cannot be written.
    #[error("stdout cannot be written")]
    Output(#[source] io::Error),
}

impl Failure {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Engine(error) => error.code(),
            Self::Project(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::Operator(error) => error.code(),
            Self::Release(error) => error.code(),
            Self::Simulate(error) => error.code(),
            Self::Run { code, .. } => *code,
            Self::NoMatch(_) | Self::Nothing(_) => Code::NoMatch,
            Self::Form => Code::Usage,
            Self::OwnPath(_) | Self::Signals(_) | Self::Source(_) => Code::InputOutput,
            Self::Output(error) => Code::of_io(error),
        }
    }

    /// The message for standard error, with a line's end.
    pub(crate) fn message(&self, style: Style) -> String {
        if let Self::Engine(EngineError::Runbook(invalid)) = self {
            return runbook(invalid, style);
        }
        chain(self, style)
    }
}

/// The problems of a runbook, and how many they are.
fn runbook(invalid: &Invalid, style: Style) -> String {
    let file = invalid.file.display().to_string();
    let problems = invalid.problems.iter().map(|problem| Finding {
        message: &problem.message,
        help: problem.help.as_deref(),
        code: None,
        weight: Severity::Error,
        at: problem.at.offset..problem.at.offset + problem.at.len.max(1),
        plain: format!("{file}:{problem}"),
    });
    let text = findings(&file, &invalid.source, &problems.collect::<Vec<_>>(), style);
    let count = invalid.problems.len();
    let problems = if count == 1 { "one problem".to_owned() } else { format!("{count} problems") };
    format!("{text}{} runbook {file} has {problems}\n", style.bad("error:"))
}
