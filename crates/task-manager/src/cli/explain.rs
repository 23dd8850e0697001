//! `explain`: why a task can or cannot start.

use task_manager::doc::ExplainDoc;
use task_manager::{query, render};

use super::failure::Failure;
use super::{Answer, Context, TextOrJson, json};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The task's id, or a unique beginning or end of it
    id: String,
    /// The form
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    output: TextOrJson,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let project = context.project()?;
    let found = query::explain(&project, context.target(), project.task(&args.id)?);
    let file = project.place().prd.display().to_string();
    Ok(Answer::ok(match args.output {
        TextOrJson::Text => render::explanation(&found, context.target(), &file, context.style),
        TextOrJson::Json => json(&ExplainDoc::new(context.target(), &found))?,
    }))
}
