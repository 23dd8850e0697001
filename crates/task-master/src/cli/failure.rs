//! How a command fails: its exit code, and its message with every cause once.

use std::fmt::Write as _;
use std::io;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use task_manager::LedgerError;
use task_manager::exit::Code;
use task_manager::project::ProjectError;
use task_manager::render::Style;
use task_manager::select::NoMatch;
use task_master::engine::EngineError;
use task_master::operator::OperatorError;
use task_master::runbook::{Invalid, Problem};

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
    /// There is no such thing.
    #[error("{0}")]
    Nothing(String),
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
            Self::Operator(_) => Code::TaskFailed,
            Self::NoMatch(_) | Self::Nothing(_) => Code::NoMatch,
            Self::OwnPath(_) | Self::Signals(_) | Self::Output(_) => Code::InputOutput,
        }
    }

    /// The message for standard error, with a line's end.
    pub(crate) fn message(&self, style: Style) -> String {
        if let Self::Engine(EngineError::Runbook(invalid)) = self {
            return runbook(invalid, style);
        }
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let words = error.to_string();
            if !text.ends_with(&words) {
                text = format!("{text}: {words}");
            }
            cause = error.source();
        }
        format!("{} {text}\n", style.bad("error:"))
    }
}

/// The problems of a runbook: with the lines themselves on a terminal, one line each elsewhere.
fn runbook(invalid: &Invalid, style: Style) -> String {
    let mut text = String::new();
    if style.colour {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode());
        let source = NamedSource::new(invalid.file.display().to_string(), invalid.source.clone());
        for problem in &invalid.problems {
            let _ = handler.render_report(&mut text, &Shown { problem, source: &source });
        }
    }
    if text.is_empty() {
        let _ = writeln!(text, "{invalid}");
    }
    let count = invalid.problems.len();
    let problems = if count == 1 { "one problem".to_owned() } else { format!("{count} problems") };
    let _ = writeln!(text, "{} runbook {} has {problems}", style.bad("error:"), invalid.file.display());
    text
}

/// A problem as miette draws it.
#[derive(Debug)]
struct Shown<'a> {
    problem: &'a Problem,
    source: &'a NamedSource<String>,
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.problem.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let at = self.problem.at;
        let label = LabeledSpan::at(at.offset..at.offset + at.len.max(1), "here");
        Some(Box::new(std::iter::once(label)))
    }
}
