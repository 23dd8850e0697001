//! `graph`: what has to be done before what.

use clap::ValueEnum;
use task_manager::render;

use super::failure::Failure;
use super::{Answer, Context, json};

/// Arguments of `graph`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The form
    #[arg(short, long, value_enum, default_value_t = Form::Dot)]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For Graphviz
    Dot,
    /// For Mermaid
    Mermaid,
    /// One JSON document
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let graph = render::graph_document(&context.project()?, context.target());
    Ok(Answer::ok(match args.output {
        Form::Dot => render::dot(&graph),
        Form::Mermaid => render::mermaid(&graph),
        Form::Json => json(&graph)?,
    }))
}
