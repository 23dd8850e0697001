//! `report`: how it stands.

use clap::ValueEnum;
use task_manager::doc::ReportDoc;
use task_manager::report::report;
use task_manager::{commit, render};

use super::failure::Failure;
use super::{Answer, Context, json};

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The form
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a person
    Text,
    /// For a page
    Markdown,
    /// One JSON document
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let project = context.project()?;
    let commit = commit::head(project.place().root());
    let report = report(&project, context.target(), commit);
    Ok(Answer::ok(match args.output {
        Form::Text => render::report_text(&report, context.style),
        Form::Markdown => render::report_markdown(&report),
        Form::Json => json(&ReportDoc::from(&report))?,
    }))
}
