//! `update`: states the status of a task by hand.

use task_manager::doc::{SCHEMA_VERSION, TaskDoc, UpdateDoc};
use task_manager::standing::Standing;
use task_manager::update::{Statement, update};
use task_manager::{Status, actor, clock, query};

use super::failure::Failure;
use super::{Answer, Context, TextOrJson, json};

/// Arguments of `update`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The task's id, or a unique beginning or end of it
    id: String,
    /// pending, in_progress, completed or failed
    status: Status,
    /// Why; required to take a completed task back
    #[arg(short, long)]
    message: Option<String>,
    /// The form
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    output: TextOrJson,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let project = context.project()?;
    let place = project.task(&args.id)?;
    let target = context.target();
    let who = actor::current();
    let statement = Statement {
        task: &project.plan().tasks[place].id,
        target,
        status: args.status,
        message: args.message.as_deref(),
        who: &who,
        at: clock::now(),
    };
    let recorded = update(&project, &statement)?;
    let project = context.project()?;
    let task = query::view(&project, target, &Standing::of(&project, target), place);
    Ok(Answer::ok(match args.output {
        TextOrJson::Text if recorded => {
            format!("{} is {} on target {target}, says {who}\n", task.id, task.status)
        }
        TextOrJson::Text => format!("{} is {} on target {target} already\n", task.id, task.status),
        TextOrJson::Json => json(&UpdateDoc {
            schema_version: SCHEMA_VERSION,
            kind: "update",
            target: target.to_owned(),
            recorded,
            task: TaskDoc::from(&task),
        })?,
    }))
}
