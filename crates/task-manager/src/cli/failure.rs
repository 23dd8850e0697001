//! How a command fails: its exit code, and its message with every cause once.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceSpan};
use prd_parser::Severity;
use task_manager::known::SyncError;
use task_manager::project::Unsound;
use task_manager::render::Style;
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
            Failure::Write { .. } | Failure::Document(_) => Code::InputOutput,
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

/// The error and its causes, each once.
fn chain(error: &dyn Error, style: Style) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    format!("{} {text}\n", style.bad("error:"))
}

/// What the parser noticed: with the lines themselves on a terminal, one line each elsewhere.
pub(crate) fn diagnostics(found: &Unsound, style: Style) -> String {
    let file = found.path.display().to_string();
    if style.width.is_none() {
        let lines = found.diagnostics.iter().map(|finding| plain(&file, finding));
        return lines.collect();
    }
    let theme = if style.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(style.width.unwrap_or(80));
    let source = NamedSource::new(file.clone(), found.source.clone());
    let mut text = String::new();
    for finding in &found.diagnostics {
        let shown = Finding { finding, source: &source };
        if handler.render_report(&mut text, &shown).is_err() {
            text.push_str(&plain(&file, finding));
        }
    }
    text
}

fn plain(file: &str, finding: &prd_parser::Diagnostic) -> String {
    let prd_parser::Diagnostic { severity, code, message, help, line, .. } = finding;
    let help = help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{file}:{line}: {severity}[{code}]: {message}{help}\n")
}

/// A finding of the parser as miette draws it.
#[derive(Debug)]
struct Finding<'a> {
    finding: &'a prd_parser::Diagnostic,
    source: &'a NamedSource<String>,
}

impl std::fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.finding.message)
    }
}

impl Error for Finding<'_> {}

impl Diagnostic for Finding<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.finding.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.finding.span;
        let span = SourceSpan::from(span.start..span.end.max(span.start));
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), span))))
    }
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
