//! How a command fails: its exit code, and its message with every cause once.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use task_manager::known::SyncError;
use task_manager::project::Unsound;
use task_manager::render::{Finding, Style, chain, findings};
use task_manager::select::NoMatch;
use task_manager::tick::NoBox;
use task_manager::update::UpdateError;
use task_manager::{Code, ProjectError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was typed is no command.
    #[error(transparent)]
    Usage(Box<clap::Error>),
    /// The project cannot be opened.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// What was named is not there.
    #[error(transparent)]
    NoMatch(#[from] NoMatch),
    /// No task fits the filters.
    #[error("no task matches")]
    NoTask,
    /// The statement was not recorded.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// The plan was not recorded.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A box cannot be ticked.
    #[error("nothing was ticked")]
    Tick(#[from] NoBox),
    /// A file cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A document cannot be made.
    #[error("the document cannot be written")]
    Document(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure {
    pub(crate) fn code(&self) -> Code {
        match self {
            Failure::Usage(_) => Code::Usage,
            Failure::Project(error) => error.code(),
            Failure::NoMatch(_) | Failure::NoTask => Code::NoMatch,
            Failure::Update(error) => error.code(),
            Failure::Sync(error) => error.code(),
            Failure::Tick(_) => Code::Invalid,
            Failure::Write { source, .. } => Code::of_io(source),
            Failure::Document(_) => Code::InputOutput,
        }
    }

    /// The message for stderr, with a line's end.
    pub(crate) fn message(&self, style: Style) -> String {
        match self {
            Failure::Usage(error) if style.colour => error.render().ansi().to_string(),
            Failure::Usage(error) => error.render().to_string(),
            Failure::Project(ProjectError::Invalid(unsound)) => {
                format!("{}{}", diagnostics(unsound, style), chain(self, style))
            }
            _ => chain(self, style),
        }
    }
}

/// What the parser noticed.
pub(crate) fn diagnostics(found: &Unsound, style: Style) -> String {
    let file = found.path.display().to_string();
    let noticed = |noticed: &prd_parser::Diagnostic| {
        let prd_parser::Diagnostic { severity, code, message, help, line, .. } = noticed;
        let help = help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{file}:{line}: {severity}[{code}]: {message}{help}")
    };
    let found_there = found.diagnostics.iter().map(|diagnostic| Finding {
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        code: Some(diagnostic.code),
        weight: diagnostic.severity,
        at: diagnostic.span.start..diagnostic.span.end,
        plain: noticed(diagnostic),
    });
    findings(&file, &found.source, &found_there.collect::<Vec<_>>(), style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_drawn_with_its_line_on_a_terminal() {
        let source = "# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] One (depends on Moon)\n".to_owned();
        let diagnostics = prd_parser::parse(&source).diagnostics;
        let unsound = Unsound { path: PathBuf::from("PRD.md"), source, diagnostics };
        let drawn = super::diagnostics(&unsound, Style { colour: false, width: Some(80) });
        insta::assert_snapshot!(drawn, @r#"
unknown-dependency

  × dependency "Moon" is no task and no phase of this document
   ╭─[PRD.md:6:1]
 5 │ ### Phase 1: A
 6 │ - [ ] One (depends on Moon)
   · ─────────────┬─────────────
   ·              ╰── here
   ╰────
  help: name a task by its id or its exact title, or a phase as Phase N
"#);
    }
}
