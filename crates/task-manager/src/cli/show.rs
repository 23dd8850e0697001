//! `show`: all about one task.

use task_manager::doc::{SCHEMA_VERSION, TaskDoc, TaskOneDoc};
use task_manager::standing::Standing;
use task_manager::{query, render};

use super::failure::Failure;
use super::{Answer, Context, TextOrJson, json};

/// Arguments of `show`.
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
    let place = project.task(&args.id)?;
    let target = context.target();
    let task = query::view(&project, target, &Standing::of(&project, target), place);
    let planned = &project.plan().tasks[place];
    Ok(Answer::ok(match args.output {
        TextOrJson::Text => render::task(&task, &planned.details, project.place(), context.style),
        TextOrJson::Json => json(&TaskOneDoc {
            schema_version: SCHEMA_VERSION,
            kind: "task",
            target: target.to_owned(),
            task: TaskDoc::from(&task),
            details: planned.details.clone(),
            checked: planned.checked,
        })?,
    }))
}
