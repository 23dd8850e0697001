//! `list`: the tasks that fit.

use clap::ValueEnum;
use prd_parser::Priority;
use task_manager::doc::TaskListDoc;
use task_manager::{Filters, Status, query, render};

use super::failure::Failure;
use super::{Answer, Context, json, yaml};

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tasks with this status: pending, in_progress, completed or failed
    #[arg(long)]
    status: Option<Status>,
    /// Only tasks of this phase: its number, title or slug
    #[arg(long)]
    phase: Option<String>,
    /// Only tasks with this priority: Critical, High, Medium or Low
    #[arg(long)]
    priority: Option<Priority>,
    /// Only tasks with this text in id, title or details
    #[arg(long)]
    text: Option<String>,
    /// The form
    #[arg(short, long, value_enum, default_value_t = Form::Table)]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// One line a task
    Table,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let project = context.project()?;
    let filters = Filters {
        status: args.status,
        phase: args.phase.clone(),
        priority: args.priority,
        text: args.text.clone(),
    };
    let tasks = query::tasks(&project, context.target(), &filters)?;
    if tasks.is_empty() {
        return Err(Failure::NoTask);
    }
    let document = || TaskListDoc::new("task-list", context.target(), &tasks);
    Ok(Answer::ok(match args.output {
        Form::Table => render::task_table(&tasks, context.style),
        Form::Json => json(&document())?,
        Form::Yaml => yaml(&document())?,
    }))
}
