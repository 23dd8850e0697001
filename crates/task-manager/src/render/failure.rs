//! How both programs say what went wrong: an error with its causes once, and a place in a file with its line.

use std::error::Error;
use std::fmt::Display;
use std::ops::Range;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity};
use prd_parser::Severity as Weight;

use super::style::Style;

/// `error: …` with a line's end: the error and its causes, each once.
pub fn chain(error: &dyn Error, style: Style) -> String {
    format!("{} {}\n", style.bad("error:"), causes(error))
}

/// An error and its causes on one line. A cause that the line before it already ends with is left out.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// Something to be said about a place in a file.
#[derive(Debug)]
pub struct Finding<'a> {
    /// What, as a fragment.
    pub message: &'a str,
    /// What would be right.
    pub help: Option<&'a str>,
    /// Its name, where such have names.
    pub code: Option<&'a str>,
    /// How bad it is.
    pub weight: Weight,
    /// Where, in bytes.
    pub at: Range<usize>,
    /// The same in one line, for where there is no terminal.
    pub plain: String,
}

/// Findings in a file: with the lines themselves on a terminal, one line each elsewhere.
pub fn findings(file: &str, source: &str, found: &[Finding<'_>], style: Style) -> String {
    let Some(width) = style.width else {
        return found.iter().map(|finding| format!("{}\n", finding.plain)).collect();
    };
    let theme = if style.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width);
    let source = NamedSource::new(file, source.to_owned());
    let mut text = String::new();
    for finding in found {
        if handler.render_report(&mut text, &Drawn { finding, source: &source }).is_err() {
            text.push_str(&finding.plain);
            text.push('\n');
        }
    }
    text
}

/// A finding as miette draws it.
#[derive(Debug)]
struct Drawn<'a> {
    finding: &'a Finding<'a>,
    source: &'a NamedSource<String>,
}

impl Display for Drawn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.finding.message)
    }
}

impl Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.finding.code.map(|code| Box::new(code) as Box<dyn Display>)
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.finding.weight {
            Weight::Error => Severity::Error,
            Weight::Warning => Severity::Warning,
            Weight::Note => Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.finding.help.map(|help| Box::new(help) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Range { start, end } = self.finding.at;
        Some(Box::new(std::iter::once(LabeledSpan::at(start..end.max(start), "here"))))
    }
}
